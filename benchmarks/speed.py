"""Speed of the towers beside MFCC by librosa and a CLAP audio tower with random weights.

Run `OMP_NUM_THREADS=1 python -m benchmarks.speed [--file SOUND] [--json]`. Everything runs in one
process on one thread, on the same 30 s of sound, each the best of three in processor time, so that
other programs count little. librosa is a development dependency.

The CLAP tower is HTSAT-tiny in the sizes of laion/clap-htsat-unfused, which are written out below
and filled with random weights: how long it takes does not depend on what it has learned.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from encoders.embed import Embedder, load_embedder
from media.audio import TRUNK_RATE, Sound, read_sound, write_wav
from media.limits import Limits
from media.video import Frames
from tests.fixtures.pictures import synthetic_frames

SECONDS = 30
MFCC_RATE, NUM_MFCC = 22_050, 20  # librosa's own defaults
CLAP_RATE, CLAP_WINDOW_S, CLAP_BATCH = 48_000, 10, 3
CLAP_SIZES = {
    "num_mel_bins": 64, "spec_size": 256, "patch_size": 4, "patch_stride": [4, 4],
    "patch_embeds_hidden_size": 96, "hidden_size": 768, "depths": [2, 2, 6, 2],
    "num_attention_heads": [4, 8, 16, 32], "window_size": 8, "mlp_ratio": 4.0,
    "projection_dim": 512, "enable_fusion": False,
}  # fmt: skip
NUM_FRAMES, NUM_TEXTS, NUM_RUNS = 48, 32, 3
Tower = Callable[[np.ndarray], object]
OURS, MFCC, CLAP = "temptrack", "MFCC (librosa)", "CLAP HTSAT-tiny, random weights"
EXCLUDED, INCLUDED = "decode excluded", "decode and resampling included"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, help="30 s of sound or more; by default made noise")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    embedder = load_embedder()
    with tempfile.TemporaryDirectory() as folder:
        file = options.file or make_sound(Path(folder) / "noise.wav")
        figures = measure_sound(file, embedder) | measure_queries(embedder)
    print(json.dumps(figures, indent=2) if options.json else in_words(figures))


def measure_sound(file: Path, embedder: Embedder) -> dict[str, Any]:
    """Seconds of sound a second of one core, by method, with and without reading the file."""
    towers: dict[str, Tower] = {
        OURS: partial(hear_sound, embedder),
        MFCC: extract_mfcc,
        CLAP: make_clap(),
    }
    rates = {OURS: TRUNK_RATE, MFCC: MFCC_RATE, CLAP: CLAP_RATE}
    figures: dict[str, Any] = {EXCLUDED: {}, INCLUDED: {}}
    for name, tower in towers.items():
        rate = rates[name]
        samples = read_seconds(file, rate)
        heard_s = len(samples) / rate
        figures[EXCLUDED][name] = heard_s / best_of(partial(tower, samples))
        figures[INCLUDED][name] = heard_s / best_of(partial(read_and_hear, tower, file, rate))
    for group in (EXCLUDED, INCLUDED):
        ours = figures[group][OURS]
        figures[group]["ours / MFCC"] = ours / figures[group][MFCC]
        figures[group]["ours / CLAP"] = ours / figures[group][CLAP]
    return figures


def measure_queries(embedder: Embedder) -> dict[str, float]:
    """Frames of a clip and texts a second of one core; texts are all different."""
    rgb = synthetic_frames(NUM_FRAMES)
    frames = Frames(
        rgb=rgb,
        times_s=(np.arange(NUM_FRAMES) / 8.0).astype(np.float32),
        duration_s=NUM_FRAMES / 8.0,
        frame_rate=8.0,
    )
    numbers = iter(range(10_000))

    def read_texts() -> None:
        for _ in range(NUM_TEXTS):
            embedder.embed_text(f"slow sad piano for scene number {next(numbers)}")

    return {
        "clip frames per second (8 a second, six looked at)": NUM_FRAMES
        / best_of(lambda: embedder.embed_clip(frames)),
        "text queries per second": NUM_TEXTS / best_of(read_texts),
    }


def make_clap() -> Tower:
    """The tower as a function of samples at 48 kHz: its own log-mel, then the network."""
    from transformers import ClapAudioConfig, ClapAudioModelWithProjection, ClapFeatureExtractor

    model = ClapAudioModelWithProjection(ClapAudioConfig(**CLAP_SIZES)).eval()
    extractor = ClapFeatureExtractor(truncation="rand_trunc", padding="repeatpad")

    def embed(samples: np.ndarray) -> object:
        length = CLAP_WINDOW_S * CLAP_RATE
        windows = [samples[i : i + length] for i in range(0, len(samples), length)]
        with torch.inference_mode():
            inputs = extractor(windows, sampling_rate=CLAP_RATE, return_tensors="pt")
            return model(input_features=inputs["input_features"].float())

    return embed


def hear_sound(embedder: Embedder, samples: np.ndarray) -> object:
    """Our tower: segments, the whole, tempo, key and attributes."""
    return embedder.embed_sound(Sound(samples=samples, sample_rate=TRUNK_RATE))


def read_and_hear(tower: Tower, file: Path, rate: int) -> object:
    """A tower with decoding and resampling before it."""
    return tower(read_seconds(file, rate))


def extract_mfcc(samples: np.ndarray) -> object:
    """20 coefficients a frame of 512 samples."""
    import librosa

    return librosa.feature.mfcc(y=samples, sr=MFCC_RATE, n_mfcc=NUM_MFCC)


def read_seconds(file: Path, rate: int) -> np.ndarray:
    """The first 30 s of a file at a rate, one channel."""
    return read_sound(file, Limits(), sample_rate=rate).samples[: SECONDS * rate]


def best_of(action: Callable[[], object]) -> float:
    """Seconds of processor time of the quickest of three, after one that warms up."""
    action()
    times = []
    for _ in range(NUM_RUNS):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def make_sound(file: Path) -> Path:
    """Thirty seconds of noise over a chord that comes and goes, as WAV at 48 kHz."""
    rng, times = np.random.default_rng(0), np.arange(SECONDS * CLAP_RATE) / CLAP_RATE
    chord = sum(np.sin(2 * np.pi * hz * times) for hz in (220.0, 277.2, 329.6))
    samples = 0.1 * chord * (1 + np.sin(2 * np.pi * 2 * times)) + 0.02 * rng.normal(
        size=len(times)
    )
    sound = Sound(samples=samples.astype(np.float32), sample_rate=CLAP_RATE)
    write_wav(file, sound)
    return file


def in_words(figures: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        "| seconds of sound a second of one core | excluded | included |",
        "| --- | --- | --- |",
    ]
    for name, value in figures[EXCLUDED].items():
        lines.append(f"| {name} | {value:.3g} | {figures[INCLUDED][name]:.3g} |")
    for name, value in figures.items():
        if not isinstance(value, dict):
            lines.append(f"| {name} | {value:.3g} | |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
