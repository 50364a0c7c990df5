"""Rendered excerpts with known instruments, as the audio trunk hears them; kept between runs.

    renders = RenderCache(root).renders(plan, progress=report)
    renders.features    # (N, 1565) float32: tag logits, signal, pools; means over the excerpt
    renders.labels      # (N, H) float32: 1 sounds, 0 does not, NaN unsure; programs.HEADS
    renders.fonts, renders.names        # N names of fonts and of excerpts

What is drawn for an excerpt depends on its name alone (how its sound is roughened, on the font
too), so the same notes can be heard with several fonts and a run that was killed goes on. Fonts
are SF2; `sf3convert -x` unpacks SF3.
"""

import hashlib
import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from encoders.training.arrays import write_arrays
from encoders.training.orchestrate import DRUM_CHANNEL, EXCERPT_S, Excerpt
from encoders.training.oscillators import play_oscillators
from encoders.training.programs import DRUMS, sounding
from encoders.training.sounds import track_features
from encoders.trunks.checkpoint import WEIGHTS, file_sha256, verify_folder
from encoders.trunks.features import sound_features
from encoders.trunks.musicnn import MusicnnTrunk, load_musicnn
from media.audio import TRUNK_RATE, Sound
from media.errors import NoContent, UnreadableMedia

logger = logging.getLogger(__name__)

TICKS_PER_S = 960  # 480 ticks a quarter note at 120 a minute
ENGINE_RATE = 48_000
SILENT = 1e-4
OSCILLATED = (38, 39, *range(80, 96))  # programs that plain oscillators play as well as a font
OSCILLATED_DRUMS = 0.5
# Raised by hand when other notes are drawn, they are rendered in another way, or the trunk's code
# hears them otherwise; a test notices.
VERSION = 1
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, kw_only=True, eq=False)
class Planned:
    """Holds one excerpt to be heard with one font."""

    name: str  # of the notes, whatever the font; seeds what is drawn
    font: Path
    compose: Callable[[np.random.Generator], Excerpt]
    rough: bool = True  # played through bad speakers, rooms and cables
    duration_s: float = EXCERPT_S
    oscillators: bool = False  # synthesizers and, at times, drums are not played by the font


@dataclass(frozen=True, kw_only=True, eq=False)
class Renders:
    """Holds what was heard of N excerpts."""

    features: np.ndarray  # (N, 1565)
    labels: np.ndarray  # (N, H)
    fonts: tuple[str, ...]
    names: tuple[str, ...]  # alike where the same notes were heard with several fonts


class RenderCache:
    """Holds the folder and, once something is missing from it, the trunk."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "renders" / f"{verify_folder(WEIGHTS / 'musicnn')[:16]}-{VERSION}"
        self._trunk: MusicnnTrunk | None = None
        self._fonts: dict[Path, str] = {}

    def renders(self, plan: Sequence[Planned], progress: Progress | None = None) -> Renders:
        """What is heard of each excerpt; those that render to silence are left out.

        Raises:
            UnreadableMedia: a font cannot be played.
        """
        kept: list[tuple[Planned, np.ndarray, np.ndarray]] = []
        for done, planned in enumerate(plan):
            if progress is not None:
                progress(done, len(plan), planned.name)
            heard = self._heard(planned)
            if heard is not None:
                kept.append((planned, *heard))
        return Renders(
            features=np.stack([features for _, features, _ in kept]),
            labels=np.stack([sounding(notes, p.duration_s) for p, _, notes in kept]),
            fonts=tuple(p.font.stem for p, _, _ in kept),
            names=tuple(p.name for p, _, _ in kept),
        )

    def _heard(self, planned: Planned) -> tuple[np.ndarray, np.ndarray] | None:
        path = self.folder / self._font_hash(planned.font) / f"{planned.name}.npz"
        if not path.exists():
            self._compute(planned, path)
        with np.load(path, allow_pickle=False) as stored:
            return (stored["features"], stored["notes"]) if "features" in stored else None

    def _compute(self, planned: Planned, path: Path) -> None:
        self._trunk = self._trunk or load_musicnn()
        excerpt = planned.compose(_draws(planned.name))
        kept: dict[str, np.ndarray] = {"notes": excerpt.notes[:, :5].astype(np.float32)}
        try:
            samples = self._play(planned, excerpt)
            if planned.rough:
                samples = roughen(samples, _draws(planned.name + self._font_hash(planned.font)))
            kept["features"] = _mean_features(samples, self._trunk)
        except NoContent:
            logger.info("excerpt %s renders to silence", planned.name)  # its entry stays empty
        write_arrays(path, kept)

    def _play(self, planned: Planned, excerpt: Excerpt) -> np.ndarray:
        if not planned.oscillators:
            return render_excerpt(excerpt, planned.font)
        rng = _draws(planned.name + " oscillators")
        return render_mixed(excerpt, planned.font, rng)

    def _font_hash(self, font: Path) -> str:
        if font not in self._fonts:
            self._fonts[font] = file_sha256(font)[:12]
        return self._fonts[font]


def render_excerpt(excerpt: Excerpt, font: Path) -> np.ndarray:
    """(N,) float32 samples at 16 kHz, peak at 0.9.

    Raises:
        NoContent: silence.
        UnreadableMedia: the font cannot be played.
    """
    return _finish(_play(midi_bytes(excerpt), font), excerpt, font.name)


def render_mixed(excerpt: Excerpt, font: Path, rng: np.random.Generator) -> np.ndarray:
    """As `render_excerpt`, synthesizers and sometimes drums played by plain oscillators.

    Raises:
        NoContent: silence.
        UnreadableMedia: the font cannot be played.
    """
    programs = [*OSCILLATED, *([DRUMS] if rng.random() < OSCILLATED_DRUMS else [])]
    is_plain = np.isin(excerpt.notes[:, 4], programs)
    parts = []
    if is_plain.any():
        plain = replace(excerpt, notes=excerpt.notes[is_plain])
        parts.append(play_oscillators(plain, rng))
    if not is_plain.all():
        sampled = replace(excerpt, notes=excerpt.notes[~is_plain])
        parts.append(_play(midi_bytes(sampled), font))
    levels = [max(float(np.sqrt(np.square(p).mean())), SILENT) for p in parts]
    gains = [10 ** (rng.uniform(-8, 4) / 20) / level for level in levels]
    length = min(len(p) for p in parts)
    mixed = np.sum([g * p[:length] for g, p in zip(gains, parts, strict=True)], axis=0)
    return _finish(mixed, excerpt, font.name)


def _finish(samples: np.ndarray, excerpt: Excerpt, name: str) -> np.ndarray:
    import soxr

    mono = soxr.resample(samples, ENGINE_RATE, TRUNK_RATE).astype(np.float32)
    mono = mono[: round(excerpt.duration_s * TRUNK_RATE)]
    peak = float(np.abs(mono).max(initial=0.0))
    if peak < SILENT:
        raise NoContent(f"{name}: the excerpt renders to silence")
    return np.asarray(mono * (0.9 / peak), dtype=np.float32)


def midi_bytes(excerpt: Excerpt) -> bytes:
    """A MIDI file of one track (Standard MIDI Files 1.0, format 0)."""
    events = _setup(excerpt)
    for onset, duration, pitch, velocity, program, channel in excerpt.notes:
        key, line = int(np.clip(pitch, 0, 127)), int(channel)
        start = round(onset * TICKS_PER_S)
        end = max(start + 1, round((onset + duration) * TICKS_PER_S))
        # At one tick: ends, then programs (channels that several tracks share), then beginnings.
        if program != DRUMS:
            events.append((start, 1, bytes([0xC0 | line, int(program)])))
        events.append((start, 2, bytes([0x90 | line, key, int(np.clip(velocity, 1, 127))])))
        events.append((end, 0, bytes([0x80 | line, key, 64])))
    events.append((round((excerpt.duration_s + 0.5) * TICKS_PER_S), 3, b"\xb0\x77\x00"))
    body, last = bytearray(), 0
    for tick, _, event in sorted(events, key=lambda e: e[:2]):
        body += _variable_length(tick - last) + event
        last = tick
    body += b"\x00\xff\x2f\x00"
    header = b"MThd\x00\x00\x00\x06\x00\x00\x00\x01" + (TICKS_PER_S // 2).to_bytes(2)
    return header + b"MTrk" + len(body).to_bytes(4) + bytes(body)


def roughen(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What rooms, equalisers and compressors do to a sound, each by chance; (N,) float32."""
    heard = samples.astype(np.float64)
    if rng.random() < 0.5:
        heard = _room(heard, rng)
    heard = _equalise(heard, rng)
    heard /= max(float(np.abs(heard).max()), SILENT)
    if rng.random() < 0.4:
        drive = rng.uniform(1.0, 4.0)
        heard = np.tanh(drive * heard) / np.tanh(drive)
    if rng.random() < 0.3:
        noise = rng.normal(0.0, 1.0, len(heard)) * np.sqrt(np.square(heard).mean())
        heard += noise * 10 ** (-rng.uniform(25, 50) / 20)
    level = 10 ** (-rng.uniform(0.0, 14.0) / 20)
    return np.asarray(0.9 * level * heard / np.abs(heard).max(), dtype=np.float32)


def _room(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Adds an exponentially dying tail of noise (Moorer, About this reverberation business)."""
    seconds = rng.uniform(0.15, 1.2)
    times = np.arange(int(seconds * TRUNK_RATE)) / TRUNK_RATE
    tail = rng.normal(0.0, 1.0, len(times)) * 10 ** (-3.0 * times / seconds)
    tail /= np.linalg.norm(tail)
    size = 1 << (len(samples) + len(tail) - 1).bit_length()
    wet = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    return np.asarray(samples + rng.uniform(0.05, 0.5) * wet[: len(samples)])


def _equalise(samples: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth gain over frequency and, at times, a low-pass and a high-pass."""
    frequencies = np.fft.rfftfreq(len(samples), 1 / TRUNK_RATE)
    octaves = np.log2(np.maximum(frequencies, 20.0))
    points = np.linspace(np.log2(40.0), np.log2(8_000.0), 7)
    gain_db = np.interp(octaves, points, rng.normal(0.0, 4.0, len(points)))
    if rng.random() < 0.3:
        gain_db -= 24.0 * np.maximum(octaves - np.log2(rng.uniform(2_500, 7_000)), 0.0)
    if rng.random() < 0.2:
        gain_db -= 18.0 * np.maximum(np.log2(rng.uniform(60, 200)) - octaves, 0.0)
    spectrum = np.fft.rfft(samples) * 10 ** (gain_db / 20)
    return np.asarray(np.fft.irfft(spectrum, len(samples)))


def _draws(name: str) -> np.random.Generator:
    return np.random.default_rng(list(hashlib.sha256(name.encode()).digest()[:8]))


def _mean_features(samples: np.ndarray, trunk: MusicnnTrunk) -> np.ndarray:
    heard = sound_features(Sound(samples=samples, sample_rate=TRUNK_RATE), trunk)
    return track_features(heard)


def _setup(excerpt: Excerpt) -> list[tuple[int, int, bytes]]:
    controls = ((7, excerpt.volumes), (10, excerpt.pans), (91, excerpt.reverbs))
    events = [
        (0, 0, bytes([0xB0 | channel, control, values[channel]]))
        for channel in range(16)
        for control, values in controls
    ]
    return [*events, (0, 0, bytes([0xC0 | DRUM_CHANNEL, excerpt.kit]))]


def _variable_length(number: int) -> bytes:
    encoded = bytes([number & 0x7F])
    while number := number >> 7:
        encoded = bytes([number & 0x7F | 0x80]) + encoded
    return encoded


def _play(data: bytes, font: Path) -> np.ndarray:
    import midirenderer
    import soundfile

    from media.render import _read_font

    try:
        wav = midirenderer.render_wave_from(_read_font(font), data)
    except (RuntimeError, ValueError) as error:
        raise UnreadableMedia(f"cannot be rendered with {font.name}: {error}") from error
    samples, _ = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    return np.asarray(samples.mean(axis=1))
