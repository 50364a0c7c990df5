"""What tempo and key are learned from: scores cut and sped up, bands made by chance, tiny fits."""

import io
from pathlib import Path

import mido
import numpy as np
import pytest

from encoders.training.grooves import make_groove
from encoders.training.keys import fit_profiles, temperley
from encoders.training.manifests import Track, read_tracks
from encoders.training.octaves import Example, save_chooser, train_chooser, training_speeds
from encoders.training.speeds import beats_per_minute, excerpt, hear_at
from encoders.trunks.checkpoint import read_card
from encoders.trunks.tempo import chooser_of, load_octave_chooser
from encoders.trunks.tonality import KeyFinder
from media.errors import UnreadableMedia
from media.limits import Limits
from media.midi import read_score


def midi_of(
    *, qpm: float = 120.0, num_quarters: int = 240, later_qpm: float | None = None
) -> bytes:
    """A quarter on every beat; organ, half as loud as can be; the tempo may change halfway."""
    file = mido.MidiFile(ticks_per_beat=96)
    track = mido.MidiTrack()
    file.tracks.append(track)
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(qpm)))
    track.append(mido.Message("program_change", program=19))
    track.append(mido.Message("control_change", control=7, value=64))
    for beat in range(num_quarters):
        if later_qpm and beat == num_quarters // 2:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(later_qpm)))
        track.append(mido.Message("note_on", note=48 + beat % 24, velocity=80))
        track.append(mido.Message("note_off", note=48 + beat % 24, time=96))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def score_of(path: Path, data: bytes, metre: str | None = None) -> Track:
    path.write_bytes(data)
    labels = {"metre": metre, "collection": "Nottingham"}
    return Track(
        id="a", file=path, title="", artist=None, split="train", licence="MIT", may_train=True,
        labels=labels,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("metre", "bpm"),
    [(None, 120), ("4/4", 120), ("3/4", 120), ("6/8", 80), ("9/8", 80), ("2/2", 60), ("3/8", 120)],
)
def test_the_beat_is_the_metres(tmp_path: Path, metre: str | None, bpm: float) -> None:
    track = score_of(tmp_path / "a.mid", midi_of(), metre)
    assert beats_per_minute(track) == pytest.approx(bpm)


def test_a_score_that_changes_its_tempo_has_none(tmp_path: Path) -> None:
    track = score_of(tmp_path / "a.mid", midi_of(later_qpm=140.0))
    assert beats_per_minute(track) is None


@pytest.mark.parametrize("speed", [1.0, 0.75, 1.5])
def test_an_excerpt_keeps_the_instrument_and_plays_at_its_speed(speed: float) -> None:
    score = read_score(excerpt(midi_of(), speed), Limits(), "a")
    assert score.tempos[0][1] == pytest.approx(120.0 * speed, rel=1e-4)
    assert set(score.programs.tolist()) == {19}
    assert 30.0 < score.duration_s < 36.0
    first = int(np.ceil(0.1 * 240))  # the notes of the first tenth are left out
    assert score.pitches[0] == 48 + first % 24
    np.testing.assert_allclose(np.diff(score.onsets_s), 0.5 / speed, rtol=1e-3)


def test_a_short_score_is_heard_from_its_beginning(tmp_path: Path) -> None:
    data = midi_of(num_quarters=20)
    assert read_score(excerpt(data, 1.0), Limits(), "a").pitches[0] == 48
    sound = hear_at(score_of(tmp_path / "a.mid", data))
    assert sound.sample_rate == 16_000
    assert 10.0 < sound.duration_s < 12.0


def test_what_is_no_midi_is_refused() -> None:
    with pytest.raises(UnreadableMedia, match="cannot be cut"):
        excerpt(b"RIFF no midi", 1.0)


def test_a_band_is_the_same_for_the_same_seed_and_keeps_its_tempo() -> None:
    tempos = set()
    for seed in range(12):
        data, bpm = make_groove(seed)
        assert make_groove(seed)[0] == data
        score = read_score(data, Limits(), "groove")
        assert score.tempos[0][1] == pytest.approx(bpm, rel=1e-4)
        assert -1 in score.programs
        kicks = score.onsets_q[(score.programs == -1) & (score.pitches == 36)]
        assert len(kicks) >= score.onsets_q.max() / 4 - 1
        tempos.add(round(bpm))
    assert len(tempos) == 12
    assert all(77 < bpm < 169 for bpm in tempos)


def examples_of(num_scores: int, seed: int) -> list[Example]:
    """The right one of four candidates has the largest third feature."""
    rng = np.random.default_rng(seed)
    examples = []
    for _ in range(num_scores):
        features = rng.normal(size=(4, 6))
        credit = np.zeros(4)
        credit[features[:, 2].argmax()] = 1.0
        examples.append(Example(features=features, credit=credit))
    return examples


def test_a_chooser_learns_what_tells_candidates_apart(tmp_path: Path) -> None:
    arrays = train_chooser(examples_of(150, 0), seeds=(0, 1), num_epochs=120)
    chooser = chooser_of(arrays)
    unseen = examples_of(100, 1)
    right = [e.credit[chooser.scores(e.features).argmax()] == 1 for e in unseen]
    assert np.mean(right) > 0.9
    save_chooser(tmp_path, arrays, {"trained_on": {"licences": ["MIT"]}})
    loaded = load_octave_chooser(tmp_path)
    np.testing.assert_allclose(
        loaded.scores(unseen[0].features), chooser.scores(unseen[0].features)
    )
    assert read_card(tmp_path)["seeds"] == [0, 1, 2, 3, 4]


def test_training_twice_gives_the_same_chooser() -> None:
    once, again = (train_chooser(examples_of(30, 0), seeds=(3,), num_epochs=10) for _ in range(2))
    assert all(np.array_equal(once[name], again[name]) for name in once)


def test_fitted_profiles_stay_near_temperleys_and_name_the_keys_they_saw() -> None:
    rng = np.random.default_rng(0)
    keys = np.arange(96) % 24
    rows = np.stack([np.roll(temperley()[key // 12], key % 12) for key in keys])
    rows = rows + rng.normal(size=rows.shape) * 0.1
    finder = KeyFinder(**fit_profiles(rows, keys))
    assert (
        np.mean([finder.scores(row).argmax() == key for row, key in zip(rows, keys, strict=True)])
        > 0.95
    )
    for fitted, start in zip(finder.profiles, temperley(), strict=True):
        assert np.corrcoef(fitted, start)[0, 1] > 0.9


def test_only_scores_of_the_training_split_are_learned_from(data_dir: Path) -> None:
    planned = training_speeds(data_dir)
    assert len(planned) > 300
    assert all(track.may_train and track.split == "train" for track, _ in planned)
    assert all(0.5 < speed < 2.0 for _, speed in planned)
    test_ids = {t.id for t in read_tracks(data_dir, "symbolic") if t.split != "train"}
    assert not test_ids & {track.id for track, _ in planned}
