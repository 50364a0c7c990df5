"""The audio trunk: MusiCNN (Pons and Serra 2019), frozen, over log-mel patches; knows no space.

    trunk = load_musicnn()
    out = trunk.run(patches)            # (P, 187, 96) float32 of spectrum.analyse_spectrum
    out.tag_logits                      # (P, 50), sigmoid gives the probability of TAGS[i]
    out.pools                           # (P, 1506), maximum and mean over time, interleaved
    out.penultimate                     # (P, 200)

The whole way from samples is `encoders.trunks.features.sound_features`.

Batch norm is one scale and shift per channel, so the maximum over frequency that follows it needs
only the largest pre-activation (the smallest where the scale is negative): the kernels of such
channels are negated on loading, one maximum is taken, and ReLU and batch norm run on what is left.
The three temporal kernels, padded to the longest, are one matrix product. Patches are shared out
to one thread a core, each of which multiplies alone: torch's own threads wait for each other at
every product, and wait long where another process has a core. Results do not depend on what else
is in the batch, nor on the number of cores.

P patches, T frames (187), M mel bands (96), K values under a kernel, C channels.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.trunks.checkpoint import WEIGHTS, read_tensors, verify_folder

PATCH_FRAMES = 187
NUM_MELS = 96
NUM_TAGS = 50
NUM_POOLS = 1_506  # maximum and mean of 561 + 3 x 64 = 753 channels
NUM_PENULTIMATE = 200
EPSILON = 1e-3  # of TensorFlow's batch norm
TILE_FRAMES = 48  # windows of so many frames stay in a core's cache
TIME_TAPS = 7  # frames under a timbral or middle kernel, padded by 3
LONGEST_TEMPORAL = 128  # frames

# fmt: off
TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s",
    "alternative rock", "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock",
    "soul", "indie rock", "Mellow", "electronica", "80s", "folk", "90s", "chill", "instrumental",
    "punk", "oldies", "blues", "hard rock", "ambient", "acoustic", "experimental",
    "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening", "sexy",
    "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop",
    "sad", "House", "happy",
)
# fmt: on


@dataclass(frozen=True, kw_only=True)
class MusicnnOutput:
    """Holds what the network says of each patch; float32 numpy arrays."""

    tag_logits: np.ndarray  # (P, 50)
    pools: np.ndarray  # (P, 1506)
    penultimate: np.ndarray  # (P, 200)


class MusicnnTrunk:
    """Holds the network; refuses patches of another shape. Safe to call from several threads."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        self._network = _Network(tensors).eval()
        self._threads = ThreadPoolExecutor(
            len(os.sched_getaffinity(0)),
            thread_name_prefix="musicnn",
            initializer=torch.set_num_threads,
            initargs=(1,),
        )

    def run(self, patches: np.ndarray) -> MusicnnOutput:
        """Run (P, 187, 96) float32 log-mel patches.

        Raises:
            ValueError: patches of another shape.
        """
        if patches.ndim != 3 or patches.shape[1:] != (PATCH_FRAMES, NUM_MELS):
            raise ValueError(f"patches are {patches.shape}, expected (P, 187, 96)")
        rows = list(self._threads.map(self._run_patch, patches))
        logits, pools, penultimate = (
            torch.stack(part).numpy() for part in zip(*rows, strict=True)
        )
        return MusicnnOutput(tag_logits=logits, pools=pools, penultimate=penultimate)

    @torch.inference_mode()
    def _run_patch(self, patch: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        output: tuple[Tensor, Tensor, Tensor]
        output = self._network(torch.from_numpy(np.ascontiguousarray(patch)))
        return output


def load_musicnn(folder: Path = WEIGHTS / "musicnn") -> MusicnnTrunk:
    """Load the converted weights.

    Raises:
        BrokenWeights: a file is missing or is not the one in the card.
    """
    verify_folder(folder)
    return MusicnnTrunk(read_tensors(folder / "model.safetensors"))


class _Network(nn.Module):
    """One patch at a time: (T, M) -> tag logits, pools, penultimate."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.norm_in = _ScaleShift(tensors, "bn_in")
        self.timbral = nn.ModuleList(_Timbral(tensors, i) for i in range(2))
        self.temporal = _Temporal(tensors)
        self.middle = nn.ModuleList(_Middle(tensors, i) for i in range(3))
        self.norm_pool = _ScaleShift(tensors, "bn_pool")
        self.dense = _linear(tensors, "dense")
        self.norm_dense = _ScaleShift(tensors, "bn_dense")
        self.out = _linear(tensors, "out")

    def forward(self, patch: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x = self.norm_in(patch)  # (T, M)
        front = torch.cat([*(block(x) for block in self.timbral), self.temporal(x)], dim=1)
        first = self.middle[0](front)  # (T, 64)
        second = self.middle[1](first) + first
        third = self.middle[2](second) + second
        channels = torch.cat([front, first, second, third], dim=1)  # (T, 753)
        pools = torch.stack([channels.amax(0), channels.mean(0)], dim=1).flatten()  # (1506,)
        penultimate = self.norm_dense(torch.relu(self.dense(self.norm_pool(pools))))
        return self.out(penultimate), pools, penultimate


class _Timbral(nn.Module):
    """7 frames x 38 or 67 bands, slid over frequency: ReLU, batch norm, maximum -> (T, 204)."""

    def __init__(self, tensors: Mapping[str, Tensor], index: int) -> None:
        super().__init__()
        weight = tensors[f"timbral.{index}.weight"][:, 0]  # (C, 7, bands)
        self.num_bands = weight.shape[2]
        self.norm = _ScaleShift(tensors, f"timbral_bn.{index}")
        self.product = _MaxProduct(weight.flatten(1), tensors[f"timbral.{index}.bias"], self.norm)

    def forward(self, x: Tensor) -> Tensor:
        padded = functional.pad(x, (0, 0, 3, 3)).contiguous()
        num_positions = NUM_MELS - self.num_bands + 1
        # Every window of 7 rows and `bands` columns, without a copy: (T, positions, 7, bands).
        windows = padded.as_strided(
            (len(x), num_positions, TIME_TAPS, self.num_bands), (NUM_MELS, 1, NUM_MELS, 1)
        )
        tiles = [self.product(w.flatten(2)) for w in torch.split(windows, TILE_FRAMES)]
        normed: Tensor = self.norm(torch.cat(tiles))
        return normed


class _Temporal(nn.Module):
    """128, 64 and 32 frames x 1 band: ReLU, batch norm, maximum over the bands -> (T, 153).

    TensorFlow's "same" padding: an even kernel of k frames starts k / 2 - 1 before its output.
    """

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.norm = _ScaleShift(tensors, "temporal_bn.0", "temporal_bn.1", "temporal_bn.2")
        kernels = [tensors[f"temporal.{i}.weight"][:, 0, :, 0] for i in range(3)]
        centred = [
            functional.pad(kernel, [(LONGEST_TEMPORAL - kernel.shape[1]) // 2] * 2)
            for kernel in kernels
        ]
        bias = torch.cat([tensors[f"temporal.{i}.bias"] for i in range(3)])
        self.product = _MaxProduct(torch.cat(centred), bias, self.norm)

    def forward(self, x: Tensor) -> Tensor:
        half = LONGEST_TEMPORAL // 2
        padded = functional.pad(x.t(), (half - 1, half)).contiguous()  # (M, T + 127)
        windows = padded.unfold(1, LONGEST_TEMPORAL, 1).transpose(0, 1)  # (T, M, 128)
        tiles = [self.product(w) for w in torch.split(windows, TILE_FRAMES)]
        normed: Tensor = self.norm(torch.cat(tiles))
        return normed


class _MaxProduct(nn.Module):
    """(T, positions, K) x kernels -> ReLU of what batch norm and maximum would pick, (T, C)."""

    kernels: Tensor
    sign: Tensor
    bias: Tensor

    def __init__(self, kernels: Tensor, bias: Tensor, norm: "_ScaleShift") -> None:
        super().__init__()
        sign = torch.where(norm.scale < 0, -1.0, 1.0)
        self.register_buffer("kernels", (kernels * sign[:, None]).t().contiguous())  # (K, C)
        self.register_buffer("sign", sign)
        self.register_buffer("bias", bias)

    def forward(self, windows: Tensor) -> Tensor:
        num_frames, num_positions, _ = windows.shape
        products = windows.reshape(num_frames * num_positions, -1) @ self.kernels
        largest = products.view(num_frames, num_positions, -1).amax(1)
        return torch.relu(largest * self.sign + self.bias)


class _Middle(nn.Module):
    """A convolution of 64 channels over 7 frames, ReLU, batch norm: (T, C) -> (T, 64)."""

    weight: Tensor
    bias: Tensor

    def __init__(self, tensors: Mapping[str, Tensor], index: int) -> None:
        super().__init__()
        self.register_buffer("weight", tensors[f"mid.{index}.weight"])
        self.register_buffer("bias", tensors[f"mid.{index}.bias"])
        self.norm = _ScaleShift(tensors, f"mid_bn.{index}")

    def forward(self, x: Tensor) -> Tensor:
        y = functional.conv1d(x.t()[None], self.weight, self.bias, padding=TIME_TAPS // 2)
        normed: Tensor = self.norm(torch.relu(y[0].t()))
        return normed


class _ScaleShift(nn.Module):
    """Batch norm with fixed statistics, as one scale and one shift per channel."""

    scale: Tensor
    shift: Tensor

    def __init__(self, tensors: Mapping[str, Tensor], *names: str) -> None:
        super().__init__()
        weight, bias, mean, variance = (
            torch.cat([tensors[f"{name}.{part}"] for name in names])
            for part in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / torch.sqrt(variance + EPSILON)
        self.register_buffer("scale", scale)
        self.register_buffer("shift", bias - mean * scale)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale + self.shift


def _linear(tensors: Mapping[str, Tensor], name: str) -> nn.Linear:
    weight = tensors[f"{name}.weight"]
    layer = nn.Linear(weight.shape[1], weight.shape[0])
    layer.load_state_dict({"weight": weight, "bias": tensors[f"{name}.bias"]})
    return layer
