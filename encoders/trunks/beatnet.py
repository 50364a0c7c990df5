"""Beat and downbeat activations of a sound: BeatNet (Heydari, Cwitkowitz and Duan, ISMIR 2021).

    trunk = load_beatnet()
    activations = trunk.run(beat_spectrum(samples)[None])       # (1, T, 2): beat, downbeat

Frozen; knows no tempo. The network was trained at 22,050 Hz on windows of 1,411 samples (64 ms)
every 441 (20 ms). At 16 kHz 1,024 and 320 samples last as long, the transform's bins lie at the
same frequencies, and a sound that ends at 8 kHz has the same spectrum either way: no resampling is
needed. The bands above 8 kHz stay 0.

W windows of sound, T frames of 20 ms.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.trunks.checkpoint import WEIGHTS, read_tensors, verify_folder
from encoders.trunks.spectrum import SAMPLE_RATE

FRAME_LENGTH, HOP_LENGTH = 1_024, 320  # 64 and 20 ms at 16 kHz
BEAT_RATE = SAMPLE_RATE / HOP_LENGTH  # 50 frames a second
NUM_BANDS = 136
NUM_INPUTS = 2 * NUM_BANDS
TRAINED_RATE, TRAINED_LENGTH = 22_050, 1_411
BANDS_PER_OCTAVE = 24
LOWEST_HZ, HIGHEST_HZ, TUNING_HZ = 30.0, 17_000.0, 440.0
BLOCK_FRAMES = 1_500
NUM_CELLS = 150


def beat_spectrum(samples: np.ndarray) -> np.ndarray:
    """(T, 272) float32 input of the network for (N,) float32 samples at 16 kHz.

    136 bands of log10(1 + magnitude), then how much each has risen since the frame before.
    """
    padded = np.pad(samples, (FRAME_LENGTH // 2, FRAME_LENGTH))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME_LENGTH)[::HOP_LENGTH]
    frames = frames[: -(-len(samples) // HOP_LENGTH)]
    window = np.hanning(FRAME_LENGTH) * (TRAINED_LENGTH / FRAME_LENGTH)
    filters = band_filters()[: FRAME_LENGTH // 2]
    bands = np.concatenate(
        [
            _filter_block(frames[start : start + BLOCK_FRAMES], window.astype(np.float32), filters)
            for start in range(0, len(frames), BLOCK_FRAMES)
        ]
    )
    rise = np.maximum(np.diff(bands, axis=0, prepend=bands[:1]), 0.0)
    return np.hstack([bands, rise])


def _filter_block(frames: np.ndarray, window: np.ndarray, filters: np.ndarray) -> np.ndarray:
    import scipy.fft

    magnitude = np.abs(scipy.fft.rfft(frames * window, axis=1)[:, : len(filters)])
    return np.asarray(np.log10(1.0 + magnitude @ filters), dtype=np.float32)


@lru_cache(maxsize=1)
def band_filters() -> np.ndarray:
    """(705, 136) triangles of unit sum, a quarter tone apart where the bins allow it.

    As madmom's logarithmic filter bank with unique bins (Boeck et al., madmom, ACM MM 2016).
    """
    num_bins = TRAINED_LENGTH // 2
    bin_hz = _bin_frequencies()
    first = np.floor(np.log2(LOWEST_HZ / TUNING_HZ) * BANDS_PER_OCTAVE)
    stop = np.ceil(np.log2(HIGHEST_HZ / TUNING_HZ) * BANDS_PER_OCTAVE)
    hz = TUNING_HZ * 2.0 ** (np.arange(first, stop) / BANDS_PER_OCTAVE)
    hz = hz[(hz >= LOWEST_HZ) & (hz <= HIGHEST_HZ)]
    corners = np.unique(np.abs(bin_hz[None] - hz[:, None]).argmin(axis=1))
    filters = np.zeros((num_bins, len(corners) - 2), dtype=np.float32)
    for band, (left, centre, right) in enumerate(
        zip(corners[:-2], corners[1:-1], corners[2:], strict=True)
    ):
        if right - left < 2:
            centre, right = left, left + 1
        rise = np.linspace(0.0, 1.0, centre - left, endpoint=False)
        fall = np.linspace(1.0, 0.0, right - centre, endpoint=False)
        triangle = np.concatenate([rise, fall]).astype(np.float32)
        filters[left:right, band] = triangle / triangle.sum()
    return filters


def band_frequencies() -> np.ndarray:
    """(136,) centres of gravity of the bands in Hz."""
    return np.asarray(_bin_frequencies() @ band_filters())


def _bin_frequencies() -> np.ndarray:
    """(705,) Hz, as madmom counts them: for a transform of 1,410 points."""
    num_bins = TRAINED_LENGTH // 2
    return np.asarray(np.arange(num_bins) * (TRAINED_RATE / (2 * num_bins)))


class BeatnetTrunk:
    """Holds the network. Safe to call from several threads."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._network = _Network()
        self._network.load_state_dict(dict(tensors))
        self._network.eval()

    @torch.inference_mode()
    def run(self, spectra: np.ndarray) -> np.ndarray:
        """(W, T, 2) probabilities of a beat and of a downbeat for (W, T, 272) float32 spectra.

        Raises:
            ValueError: spectra of another shape.
        """
        if spectra.ndim != 3 or spectra.shape[2] != NUM_INPUTS:
            raise ValueError(f"spectra are {spectra.shape}, expected (W, T, {NUM_INPUTS})")
        logits = self._network(torch.from_numpy(np.ascontiguousarray(spectra)))
        return np.asarray(torch.softmax(logits, dim=2)[:, :, :2].numpy())


def load_beatnet(folder: Path = WEIGHTS / "beatnet") -> BeatnetTrunk:
    """Load the converted weights.

    Raises:
        BrokenWeights: a file is missing or is not the one in the card.
    """
    verify_folder(folder)
    return BeatnetTrunk(read_tensors(folder / "model.safetensors"))


class _Network(nn.Module):
    """(W, T, 272) -> (W, T, 3) logits of beat, downbeat and neither."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 2, 10)
        self.dense = nn.Linear(262, NUM_CELLS)
        self.lstm = nn.LSTM(NUM_CELLS, NUM_CELLS, 2, batch_first=True)
        self.out = nn.Linear(NUM_CELLS, 3)

    def forward(self, spectra: Tensor) -> Tensor:
        num_windows, num_frames, _ = spectra.shape
        rows = spectra.reshape(-1, 1, NUM_INPUTS)
        pooled = functional.max_pool1d(torch.relu(self.conv(rows)), 2)  # (W T, 2, 131)
        inner = self.dense(pooled.flatten(1)).view(num_windows, num_frames, NUM_CELLS)
        states, _ = self.lstm(inner)
        logits: Tensor = self.out(states)
        return logits
