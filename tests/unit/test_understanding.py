"""What sentences are understood to ask for, sentence by sentence."""

import pytest

from encoders.understanding import (
    Understanding,
    general_midi_program,
    genre_family,
    instrument_family,
    same_key,
    understand_text,
)

Asked = tuple[str, str | float, int]


def asked(text: str) -> set[Asked]:
    return {(a.name, a.value, a.sign) for a in understand_text(text).asked}


CASES: dict[str, set[Asked]] = {
    # moods, activities, genres, instruments
    "something joyous": {("mood", "happy", 1)},
    "melancholic cello": {("mood", "sad", 1), ("instrument", "cello", 1)},
    "music for a marathon": {("activity", "workout", 1)},
    "melodic death metal": {("genre", "melodic death metal", 1)},
    "a bossa nova": {("genre", "bossa nova", 1)},
    "R&B": {("genre", "r&b", 1)},
    "hip-hop": {("genre", "hip hop", 1)},
    "acoustic grand piano": {("instrument", "piano", 1)},
    "Hammond organ and muted trumpet": {("instrument", "organ", 1), ("instrument", "trumpet", 1)},
    "church bells": {("instrument", "bells", 1)},
    # tempo, key, metre, length, bars, era
    "120 bpm": {("tempo_bpm", 120.0, 1)},
    "around 92.5 BPM": {("tempo_bpm", 92.5, 1)},
    "tempo 140": {("tempo_bpm", 140.0, 1)},
    "90-110 bpm": {("tempo_bpm_min", 90.0, 1), ("tempo_bpm_max", 110.0, 1)},
    "under 100 bpm": {("tempo_bpm_max", 100.0, 1)},
    "at least 128 bpm": {("tempo_bpm_min", 128.0, 1)},
    "very slow": {("tempo", "very slow", 1)},
    "allegro": {("tempo", "fast", 1)},
    "in A minor": {("key", "A minor", 1)},
    "in a minor": {("key", "A minor", 1)},
    "in a minor key": {("mode", "minor", 1)},
    "Bb major": {("key", "Bb major", 1)},
    "F sharp minor": {("key", "F# minor", 1)},
    "C# major": {("key", "C# major", 1)},
    "in D": {("key", "D major", 1)},
    "in Em": {("key", "E minor", 1)},
    "3/4": {("metre", "3/4", 1)},
    "a waltz": {("genre", "waltz", 1), ("metre", "3/4", 1)},
    "6/8 jig": {("genre", "jig", 1), ("metre", "6/8", 1)},
    "30 seconds": {("length_s", 30.0, 1)},
    "two minutes": {("length_s", 120.0, 1)},
    "a minute and a half": {("length_s", 90.0, 1)},
    "half a minute": {("length_s", 30.0, 1)},
    "2 minutes and 30 seconds": {("length_s", 150.0, 1)},
    "1:30": {("length_s", 90.0, 1)},
    "no longer than 3 minutes": {("length_s_max", 180.0, 1)},
    "16 bars": {("bars", 16.0, 1)},
    "eight measures": {("bars", 8.0, 1)},
    "80s": {("era", "80s", 1)},
    "from the 1990s": {("era", "90s", 1)},
    "recorded in 1974": {("era", "70s", 1)},
    "sixties": {("era", "60s", 1)},
    # vocals, loudness, texture
    "instrumental": {("vocals", "vocals", -1)},
    "female singer": {("vocals", "female vocals", 1)},
    "loud": {("loudness", "loud", 1)},
    "sparse": {("texture", "sparse", 1)},
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_a_thing_is_read_as_what_it_is(text: str) -> None:
    assert asked(text) == CASES[text]


DENIALS: dict[str, set[Asked]] = {
    "no drums": {("instrument", "drums", -1)},
    "without vocals": {("vocals", "vocals", -1)},
    "not sad": {("mood", "sad", -1)},
    "no drums, guitars or vocals": {
        ("instrument", "drums", -1), ("instrument", "guitar", -1), ("vocals", "vocals", -1),
    },
    "without drums and trumpets": {("instrument", "drums", -1), ("instrument", "trumpet", -1)},
    "no vocals and soft piano": {
        ("vocals", "vocals", -1), ("loudness", "quiet", 1), ("instrument", "piano", 1),
    },
    "no drums, piano": {("instrument", "drums", -1), ("instrument", "piano", 1)},
    "sad but not slow": {("mood", "sad", 1), ("tempo", "slow", -1)},
    "not slow but sad": {("tempo", "slow", -1), ("mood", "sad", 1)},
    "not angry piano": {("mood", "angry", -1), ("instrument", "piano", 1)},
    "not rock": {("genre", "rock", -1)},
    "neither sad nor angry": {("mood", "sad", -1), ("mood", "angry", -1)},
    "anything but jazz": {("genre", "jazz", -1)},
    "nothing but drums": {("instrument", "drums", 1)},
    "not only calm": {("mood", "calm", 1)},
    "not without cello": {("instrument", "cello", 1)},
    "too loud": {("loudness", "loud", -1)},
    "not too fast": {("tempo", "fast", -1)},
    "less energetic, more tender": {("mood", "energetic", -1), ("mood", "tender", 1)},
    "don't want any drums": {("instrument", "drums", -1)},
    "drumless": {("instrument", "drums", -1)},
    "stress-free": {("mood", "relaxed", 1)},
    "piano instead of guitar": {("instrument", "piano", 1), ("instrument", "guitar", -1)},
    "not instrumental": {("vocals", "vocals", 1)},
    "can't stop dancing": {("mood", "danceable", 1)},
    "no rap, just violin": {("genre", "rap", -1), ("instrument", "violin", 1)},
    "strings with no drums with harp": {
        ("instrument", "strings", 1), ("instrument", "drums", -1), ("instrument", "harp", 1),
    },
    "free jazz": {("genre", "free jazz", 1)},
}  # fmt: skip


@pytest.mark.parametrize("text", DENIALS)
def test_a_denial_reaches_what_it_means_and_no_further(text: str) -> None:
    assert asked(text) == DENIALS[text]


@pytest.mark.parametrize(
    ("text", "value"),
    [("melancolic", "sad"), ("relaxng", "relaxed"), ("cheerfull", "cheerful"), ("violn", "violin"),
     ("pinao", "piano"), ("guitarr", "guitar")],
)  # fmt: skip
def test_one_wrong_letter_is_forgiven_with_less_confidence(text: str, value: str) -> None:
    (only,) = understand_text(text).asked
    assert only.value == value
    assert only.confidence == pytest.approx(0.7)


@pytest.mark.parametrize("text", ["later", "string theory", "chile", "clam", "moor"])
def test_an_ordinary_word_is_no_misspelling(text: str) -> None:
    assert asked(text) == set()


def test_content_words_outside_every_list_are_named() -> None:
    understanding = understand_text("piano like Xenakis over zorbs, please")
    assert understanding.not_understood == ("Xenakis", "zorbs")


@pytest.mark.parametrize(
    "text",
    ["musique triste pour piano", "ruhige Klaviermusik zum Einschlafen",
     "música alegre para bailar", "悲しいピアノの曲", "грустная музыка", "een rustig liedje"],
)  # fmt: skip
def test_another_language_is_said_to_be_one_and_not_guessed_at(text: str) -> None:
    understanding = understand_text(text)
    assert not understanding.language_supported
    assert understanding.asked == ()
    assert understanding.not_understood


@pytest.mark.parametrize("text", ["calm piano", "a café in the rain", "bossa nova", "zorbs", ""])
def test_english_and_short_texts_pass_as_english(text: str) -> None:
    assert understand_text(text).language_supported


def test_the_affirmed_and_the_denied_part_are_told_apart() -> None:
    understanding = understand_text("slow sad piano, no drums")
    assert (understanding.affirmed, understanding.denied) == ("slow sad piano", "drums")
    assert understand_text("music please").affirmed == ""


def test_the_words_are_kept_as_written() -> None:
    (tempo, mood) = understand_text("120 BPM, Joyful!").asked
    assert (tempo.words, mood.words) == ("120 BPM", "Joyful")


def test_the_same_thing_twice_counts_once() -> None:
    assert len(understand_text("happy, joyful, glad").asked) == 1


def test_an_understanding_becomes_plain_values() -> None:
    values = understand_text("no drums").to_dict()
    assert values["asked"][0]["sign"] == -1
    assert values["language_supported"] is True


def test_values_are_found_by_name_and_sign() -> None:
    understanding: Understanding = understand_text("piano and harp, no drums")
    assert understanding.values("instrument") == ("piano", "harp")
    assert understanding.values("instrument", -1) == ("drums",)


def test_instruments_and_genres_have_families_and_programs() -> None:
    assert general_midi_program("cello") == 42
    assert general_midi_program("drums") == -1
    assert general_midi_program("turntable") is None
    assert instrument_family("cello") == "strings"
    assert genre_family("melodic death metal") == "rock"
    assert genre_family("no such genre") is None


def test_keys_that_sound_alike_are_the_same() -> None:
    assert same_key("Bb major", "A# major")
    assert not same_key("Bb major", "Bb minor")


@pytest.mark.parametrize(
    "text",
    ["", " ", "!!!", "\x00", "no", "not", "without", "a" * 10_000, "no " * 500, "🎹🎹", "-", "3/"],
)
def test_no_text_is_too_strange_to_read(text: str) -> None:
    assert isinstance(understand_text(text), Understanding)
