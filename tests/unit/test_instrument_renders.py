"""Renders with known instruments: the MIDI that is written, its sound, and what is kept."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from encoders.training import renders
from encoders.training.orchestrate import Excerpt
from encoders.training.oscillators import RATE, WAVES, play_oscillators
from encoders.training.programs import DRUMS, HEADS
from encoders.training.renders import (
    Planned,
    RenderCache,
    midi_bytes,
    render_excerpt,
    render_mixed,
    roughen,
)
from media.audio import TRUNK_RATE
from media.errors import NoContent, UnreadableMedia
from media.fonts import default_font
from media.limits import Limits
from media.midi import read_score


def excerpt(*rows: tuple[float, float, int, int, int], duration_s: float = 3.0) -> Excerpt:
    """Notes of (onset_s, duration_s, pitch, program, channel)."""
    notes = [[o, d, pitch, 100, program, channel] for o, d, pitch, program, channel in rows]
    return Excerpt(notes=np.array(notes, dtype=float), duration_s=duration_s)


def fundamental_hz(samples: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    frequencies = np.fft.rfftfreq(len(samples), 1 / rate)
    strong = spectrum > 0.2 * spectrum[frequencies > 100].max()
    return float(frequencies[strong & (frequencies > 100)].min())


def test_a_written_file_holds_the_notes_and_their_programs() -> None:
    made = excerpt((0.0, 1.0, 60, 40, 0), (1.5, 0.5, 64, 73, 1), (0.25, 0.1, 36, DRUMS, 9))
    score = read_score(midi_bytes(made), Limits())
    found = zip(score.onsets_s, score.pitches, score.programs, strict=True)
    assert [(round(float(o), 2), int(p), int(g)) for o, p, g in found] == [
        (0.0, 60, 40), (0.25, 36, DRUMS), (1.5, 64, 73),
    ]  # fmt: skip


def test_a_channel_that_two_programs_share_plays_each_with_its_own() -> None:
    made = excerpt((0.0, 1.0, 60, 40, 15), (0.5, 1.0, 64, 73, 15))
    assert list(read_score(midi_bytes(made), Limits()).programs) == [40, 73]


@pytest.mark.parametrize("program", [0, 40, 73, 80])
def test_a_render_sounds_at_its_pitch_and_lasts_as_long_as_the_excerpt(program: int) -> None:
    samples = render_excerpt(excerpt((0.0, 3.0, 69, program, 0)), default_font())
    assert len(samples) == 3 * TRUNK_RATE
    assert np.abs(samples).max() == pytest.approx(0.9, abs=1e-3)
    heard = fundamental_hz(samples[TRUNK_RATE : 2 * TRUNK_RATE], TRUNK_RATE)
    assert heard == pytest.approx(440.0, rel=0.02)


def test_an_excerpt_whose_notes_come_too_late_is_refused_as_silent() -> None:
    with pytest.raises(NoContent, match="silence"):
        render_excerpt(excerpt((3.2, 1.0, 60, 0, 0)), default_font())


@pytest.mark.parametrize("seed", range(len(WAVES)))
def test_oscillators_play_in_tune(seed: int) -> None:
    played = play_oscillators(
        excerpt((0.0, 2.0, 81, 80, 0), duration_s=2.0), np.random.default_rng(seed)
    )
    heard = fundamental_hz(played[2_000 : 2_000 + RATE // 8].astype(float), RATE)
    assert heard == pytest.approx(880.0, rel=0.03)


def test_oscillators_take_the_synthesizers_and_leave_the_violin_to_the_font() -> None:
    violin = excerpt((0.0, 3.0, 69, 40, 0))
    both = excerpt((0.0, 3.0, 69, 40, 0), (0.0, 3.0, 81, 80, 1))
    alone = render_mixed(violin, default_font(), np.random.default_rng(0))
    np.testing.assert_allclose(alone, render_excerpt(violin, default_font()), atol=1e-5)
    mixed = render_mixed(both, default_font(), np.random.default_rng(0))
    assert np.abs(mixed - render_excerpt(both, default_font())).max() > 0.05


def test_roughening_changes_the_sound_but_not_its_length_and_repeats_for_a_seed() -> None:
    samples = render_excerpt(excerpt((0.0, 3.0, 69, 0, 0)), default_font())
    one, again, other = (roughen(samples, np.random.default_rng(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, again)
    assert one.shape == samples.shape
    assert np.abs(one).max() <= 0.9 + 1e-6
    assert np.abs(one - samples).max() > 0.01
    assert np.abs(one - other).max() > 0.01


def planned(name: str = "a", *, late: bool = False) -> Planned:
    made = excerpt((3.2 if late else 0.0, 3.0, 69, 40, 0), (0.0, 3.0, 60, 81, 1)) if not late \
        else excerpt((3.2, 1.0, 60, 0, 0))  # fmt: skip
    return Planned(name=name, font=default_font(), compose=lambda _: made, duration_s=3.0)


def test_what_was_heard_is_kept_and_silence_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = [planned("a"), planned("b", late=True)]
    first = RenderCache(tmp_path).renders(plan)
    monkeypatch.setattr(renders, "load_musicnn", lambda: pytest.fail("heard a second time"))
    again = RenderCache(tmp_path).renders(plan)
    assert first.names == again.names == ("a",)
    assert first.fonts == (default_font().stem,)
    np.testing.assert_array_equal(first.features, again.features)
    labels = dict(zip(HEADS, first.labels[0], strict=True))
    assert (labels["strings"], labels["synth"], labels["drums"]) == (1, 1, 0)


def test_a_font_that_cannot_be_played_is_an_error_and_nothing_is_kept(tmp_path: Path) -> None:
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(b"no font")
    with pytest.raises(UnreadableMedia, match=r"broken\.sf2"):
        RenderCache(tmp_path / "kept").renders([replace(planned("a"), font=broken)])
    assert not list((tmp_path / "kept").rglob("*.npz"))


def test_the_trunk_hears_a_fixed_excerpt_as_when_renders_were_last_kept(tmp_path: Path) -> None:
    """Where this fails on purpose, raise `renders.VERSION`: kept renders are stale."""
    heard = RenderCache(tmp_path).renders([planned("a")]).features[0]
    assert (len(heard), renders.VERSION) == (1565, 1)
    found = [heard[:50].mean(), heard[50:59].mean(), heard[59:].mean(), heard[59:].std()]
    assert found == pytest.approx(GOLDEN, rel=1e-3)


GOLDEN = [-4.75392, -0.23645, 0.85109, 3.24373]
