"""A CLAP audio and text tower through transformers, frozen, in fixed windows; knows no space.

    tower = load_clap(checkpoint)
    heard = tower.hear(sound)               # heard.windows (W, D), heard.starts_s (W,)
    tower.read(["slow piano", "rain"])      # (2, D) float32, unit length

The published extractor takes a random crop of a sound that is longer than its window (10 s), so
that two calls differ. Here a sound is cut into windows of that length, one every half window, the
last one ending with the sound; each goes through alone and none is longer, so nothing is random.
A sound shorter than a window is repeated as the extractor does it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.errors import BrokenWeights, UnusableSound
from encoders.large.checkpoints import Checkpoint
from encoders.trunks.offline import offline

if TYPE_CHECKING:
    import torch

    from media.audio import Sound

OVERLAP = 2  # windows start every 1/2 window
BATCH_WINDOWS = 8
BATCH_TEXTS = 32
SHORTEST_REST_S = 0.5  # what is left over at the end and shorter gets no window of its own


@dataclass(frozen=True, kw_only=True, eq=False)
class Heard:
    """Holds what the tower makes of one sound, window by window."""

    windows: np.ndarray  # (W, D) float32, unit length
    starts_s: np.ndarray  # (W,) float32


class ClapTower:
    """Holds model, extractor and tokeniser. Safe to call from several threads."""

    # `Any`: transformers gives its classes no types here.
    def __init__(self, model: Any, extractor: Any, tokenizer: Any, device: str) -> None:
        self._model = model.to(device)
        self._device = device
        self._extractor = extractor
        self._tokenizer = tokenizer
        self.sample_rate = int(extractor.sampling_rate)
        self.window = int(extractor.nb_max_samples)  # samples
        self.dimension = int(model.config.projection_dim)

    def hear(self, sound: "Sound") -> Heard:
        """The windows of a mono sound of any rate, which is resampled to the tower's.

        Raises:
            UnusableSound: not mono, no samples, or values that are not finite.
        """
        samples = self._resample(sound)
        starts = window_starts(len(samples), self.window, self.sample_rate)
        windows = [samples[start : start + self.window] for start in starts]
        parts = [
            self._run(windows[i : i + BATCH_WINDOWS])
            for i in range(0, len(windows), BATCH_WINDOWS)
        ]
        return Heard(
            windows=np.concatenate(parts),
            starts_s=(starts / self.sample_rate).astype(np.float32),
        )

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Unit-length rows (N, D) float32; texts of equal length share a batch, none is padded."""
        import torch

        limit = min(int(self._tokenizer.model_max_length), self._max_tokens())
        tokens = [
            self._tokenizer(t, truncation=True, max_length=limit)["input_ids"] for t in texts
        ]
        rows = np.empty((len(texts), self.dimension), dtype=np.float32)
        by_length: dict[int, list[int]] = {}
        for row, ids in enumerate(tokens):
            by_length.setdefault(len(ids), []).append(row)
        with torch.inference_mode():
            for members in by_length.values():
                for start in range(0, len(members), BATCH_TEXTS):
                    part = members[start : start + BATCH_TEXTS]
                    ids = torch.tensor([tokens[row] for row in part], device=self._device)
                    output = self._model.get_text_features(input_ids=ids)
                    rows[part] = _unit(output.pooler_output)
        return rows

    def _max_tokens(self) -> int:
        """Positions of the text network, of which RoBERTa's padding takes two."""
        return int(self._model.config.text_config.max_position_embeddings) - 2

    def _resample(self, sound: "Sound") -> np.ndarray:
        samples = np.asarray(sound.samples, dtype=np.float32)
        if samples.ndim != 1 or len(samples) == 0:
            raise UnusableSound(f"samples of shape {samples.shape}; the tower takes (N,) mono")
        if not np.isfinite(samples).all():
            raise UnusableSound("samples hold NaN or infinite values; decode them anew")
        if sound.sample_rate == self.sample_rate:
            return samples
        import soxr

        return np.asarray(soxr.resample(samples, sound.sample_rate, self.sample_rate))

    def _run(self, windows: Sequence[np.ndarray]) -> np.ndarray:
        import torch

        inputs = self._extractor(
            list(windows), sampling_rate=self.sample_rate, return_tensors="pt"
        )
        # A fused checkpoint's extractor calls one of them longer at random; none is.
        longer = torch.zeros_like(inputs["is_longer"], dtype=torch.bool)
        with torch.inference_mode():
            output = self._model.get_audio_features(
                input_features=inputs["input_features"].float().to(self._device),
                is_longer=longer.to(self._device),
            )
        return _unit(output.pooler_output)


def window_starts(num_samples: int, window: int, sample_rate: int) -> np.ndarray:
    """(W,) first samples: one every half window, and one that ends with the sound."""
    last = num_samples - window
    if last <= 0:
        return np.zeros(1, dtype=np.int64)
    starts = list(range(0, last + 1, window // OVERLAP))
    if last - starts[-1] >= SHORTEST_REST_S * sample_rate:
        starts.append(last)
    return np.array(starts, dtype=np.int64)


def load_clap(checkpoint: Checkpoint, device: str = "cpu") -> ClapTower:
    """Load model, extractor and tokeniser from the checkpoint's folder to a device.

    Raises:
        BrokenWeights: the folder holds no CLAP model as transformers writes it.
    """
    folder = str(checkpoint.folder)
    with offline():
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel

        try:
            model = ClapModel.from_pretrained(folder, use_safetensors=True)
            extractor = ClapFeatureExtractor.from_pretrained(folder)
            tokenizer = AutoTokenizer.from_pretrained(folder)
        except (OSError, ValueError, KeyError) as error:
            raise BrokenWeights(f"{folder} holds no CLAP model: {error}") from error
    return ClapTower(model.float().eval(), extractor, tokenizer, device)


def _unit(rows: "torch.Tensor") -> np.ndarray:
    from torch.nn import functional

    return np.asarray(functional.normalize(rows.float(), dim=1).cpu().numpy())
