"""Figures of the frozen trunks: parity, speed, start-up, tempo, key, acoustic or electronic.

Run `OPENBLAS_NUM_THREADS=1 python -m benchmarks.trunks [--data DIR] [--halves N]`, on an idle
machine for the start-up times. Prints one JSON object. Without the data folder only parity, speed
and start-up are measured.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encoders.attributes import describe_sound
from encoders.trunks.efficientnet import PictureTrunk, load_efficientnet
from encoders.trunks.features import SoundFeatures, load_finders, sound_features
from encoders.trunks.harmony import PITCH_CLASSES
from encoders.trunks.minilm import TextTrunk, load_minilm
from encoders.trunks.musicnn import MusicnnTrunk, load_musicnn
from encoders.trunks.spectrum import SAMPLE_RATE
from media.audio import Sound, read_sound
from media.limits import Limits
from tests.fixtures.pictures import synthetic_frames

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
TEMPO_TOLERANCE = 0.04
OCTAVES = (1.0, 2.0, 0.5, 3.0, 1.0 / 3.0)
FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#", "Cb": "B", "Fb": "E"}
START_UP = {
    "torch": "import torch",
    "open_clip (with torch)": "import open_clip",
    "load_embedder": "from encoders.embed import load_embedder; load_embedder()",
    "first text": "from encoders.embed import load_embedder; load_embedder().embed_text('rain')",
    "warm": "from encoders.embed import load_embedder; load_embedder().warm()",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of development data")
    parser.add_argument("--halves", type=int, default=100, help="tracks to find the other half of")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ears, reader, eyes = load_musicnn(), load_minilm(), load_efficientnet()
    figures: dict[str, Any] = {  # Any: numbers and nested tables of numbers
        "parity": measure_parity(ears, reader, eyes),
        "speed_one_thread": measure_speed(ears, reader, eyes),
        "start_up_s": {name: start_up(code) for name, code in START_UP.items()},
    }
    if arguments.data:
        figures["stock"] = measure_stock(arguments.data, ears)
        figures["halves"] = measure_halves(arguments.data, ears, arguments.halves)
    print(json.dumps(figures, indent=2))


def measure_parity(ears: MusicnnTrunk, reader: TextTrunk, eyes: PictureTrunk) -> dict[str, float]:
    """Largest differences from the original networks in full precision."""
    heard = np.load(FIXTURES / "musicnn_parity.npz")
    read = np.load(FIXTURES / "minilm_parity.npz")
    seen = np.load(FIXTURES / "efficientnet_parity.npz")
    tags = 1.0 / (1.0 + np.exp(-ears.run(heard["patches"]).tag_logits))
    vectors = reader.sentence_vectors([str(s) for s in read["sentences"]])
    classes = eyes.see(synthetic_frames()).probabilities
    return {
        "musicnn_tag_probability": float(np.abs(tags - heard["tag_probabilities"]).max()),
        "minilm_vector": float(np.abs(vectors - read["vectors"]).max()),
        "minilm_smallest_cosine": float((vectors * read["vectors"]).sum(axis=1).min()),
        "efficientnet_probability": float(np.abs(classes - seen["probabilities"]).max()),
    }


def measure_speed(ears: MusicnnTrunk, reader: TextTrunk, eyes: PictureTrunk) -> dict[str, float]:
    """Best of three; times real time for sound, a second for frames, milliseconds for a text."""
    samples = np.random.default_rng(0).standard_normal(30 * SAMPLE_RATE).astype(np.float32) * 0.1
    sound = Sound(samples=samples.astype(np.float32), sample_rate=SAMPLE_RATE)
    patches = np.load(FIXTURES / "musicnn_parity.npz")["patches"].repeat(5, axis=0)
    frames = synthetic_frames(16)
    texts = iter(f"slow sad piano number {i}" for i in range(10))
    sound_features(sound, ears)  # filters are made on first use
    return {
        "musicnn_x_real_time": 10 * 2.992 / best_of_three(lambda: ears.run(patches)),
        "all_sound_features_x_real_time": 30 / best_of_three(lambda: sound_features(sound, ears)),
        "frames_per_s": 16 / best_of_three(lambda: eyes.see(frames)),
        "text_ms": 1000 * best_of_three(lambda: reader.sentence_vectors([next(texts)])),
    }


def best_of_three(action: Callable[[], object]) -> float:
    """Seconds of processor time of the quickest of three runs: other programs count little."""
    times = []
    for _ in range(3):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def start_up(code: str) -> float:
    """Seconds that a fresh interpreter takes for a line of code."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, cwd=FIXTURES.parent.parent)
    return round(time.perf_counter() - start, 2)


def measure_stock(data: Path, ears: MusicnnTrunk) -> dict[str, Any]:
    """Tempo, key and style of the machine-made tracks, whose labels are what was asked for."""
    rows = list(read_rows(data / "stock.jsonl"))
    features = [hear(data / row["file"], ears) for row in rows]
    pairs = list(zip(features, rows, strict=True))
    tempos = [(f.tempo_bpm or 0.0, float(r["tempo_bpm"])) for f, r in pairs]
    keys = [key_score(f.key, str(r["key"])) for f, r in pairs]
    acoustic = [describe_sound(f, np.zeros(5)).acoustic for f in features]
    styles = [r["style"] == "acoustic" for r in rows]
    return {
        "n": len(rows),
        "tempo_within_4_percent": float(np.mean([near(t, g, (1.0,)) for t, g in tempos])),
        "tempo_octave_forgiven": float(np.mean([near(t, g, OCTAVES) for t, g in tempos])),
        "key_mirex": float(np.mean(keys)),
        "acoustic_auroc": auroc(acoustic, styles),
    }


def measure_halves(data: Path, ears: MusicnnTrunk, count: int) -> dict[str, Any]:
    """How often the first half of an excerpt finds its second half first, pools z-scored."""
    rows = list(read_rows(data / "audio.jsonl"))[:count]
    pools = [hear(data / row["file"], ears).pools for row in rows]
    first = np.stack([p[: len(p) // 2].mean(axis=0) for p in pools])
    second = np.stack([p[len(p) // 2 :].mean(axis=0) for p in pools])
    both = np.concatenate([first, second])
    mean, spread = both.mean(axis=0), both.std(axis=0) + 1e-6
    a, b = ((x - mean) / spread for x in (first, second))
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    found = (a @ b.T).argmax(axis=1) == np.arange(len(rows))
    return {"n": len(rows), "recall_at_1": float(found.mean()), "chance": 1.0 / len(rows)}


def hear(path: Path, ears: MusicnnTrunk) -> SoundFeatures:
    """Features of a file."""
    return sound_features(read_sound(path, Limits()), ears, load_finders())


def read_rows(path: Path) -> Iterable[dict[str, Any]]:
    """Rows of a manifest."""
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def near(found: float, given: float, multiples: Sequence[float]) -> bool:
    """True where a tempo lies within 4 % of the given one or a multiple of it."""
    return any(abs(found - given * m) <= TEMPO_TOLERANCE * given * m for m in multiples)


def key_score(found: str | None, given: str) -> float:
    """MIREX: 1 right, .5 a fifth off, .3 the relative key, .2 the parallel one."""
    if found is None:
        return 0.0
    (f, f_mode), (g, g_mode) = parse_key(found), parse_key(given)
    relative = (g + (9 if g_mode == "major" else 3)) % 12
    if f_mode == g_mode:
        return {0: 1.0, 5: 0.5, 7: 0.5}.get((f - g) % 12, 0.0)
    return 0.3 if f == relative else 0.2 if f == g else 0.0


def parse_key(key: str) -> tuple[int, str]:
    """Pitch class and mode of "Bb major"."""
    note, mode = key.split()
    return PITCH_CLASSES.index(FLATS.get(note, note)), mode


def auroc(scores: Sequence[float], positives: Sequence[bool]) -> float:
    """Chance that a positive scores above a negative."""
    ours = np.array([s for s, p in zip(scores, positives, strict=True) if p])
    others = np.array([s for s, p in zip(scores, positives, strict=True) if not p])
    return float((ours[:, None] > others).mean() + 0.5 * (ours[:, None] == others).mean())


if __name__ == "__main__":
    main()
