"""The heads of the large profile while they learn, in torch; `large/heads.py` has the rest.

Inputs are standardised with statistics of training rows, which the finished heads hold in their
first layers. A linear head starts as one orthogonal projection that sound and music text share, so
that an untrained space is the CLAP pair's own, centred; its perceptron starts at zero.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.large.heads import Head, LargeHeads
from encoders.space import DIMENSION
from encoders.training.contrastive import MIN_SCALE, ContrastiveConfig, PairBatch
from encoders.training.losses import MAX_SCALE


class Standard(nn.Module):
    """Holds the mean and the spread of an input."""

    def __init__(self, rows: np.ndarray) -> None:
        super().__init__()
        size = rows.shape[1]
        mean = rows.mean(axis=0) if len(rows) else np.zeros(size)
        spread = rows.std(axis=0) if len(rows) > 1 else np.ones(size)
        # A column that hardly varies is left as it is: it would be noise blown up.
        spread = np.where(spread < 1e-6, 1.0, spread) * np.sqrt(size)
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32))
        self.register_buffer("spread", torch.tensor(spread, dtype=torch.float32))

    def forward(self, rows: Tensor) -> Tensor:
        """Rows (B, I), standardised, of about unit length."""
        return (rows - self.get_buffer("mean")) / self.get_buffer("spread")


class TrainedHead(nn.Module):
    """Holds one map while it learns."""

    def __init__(self, standard: Standard, first: Tensor, config: ContrastiveConfig) -> None:
        super().__init__()
        self.standard = standard
        self.weight = nn.Parameter(first)  # (I, 256)
        self.bias = nn.Parameter(torch.zeros(DIMENSION))
        width = torch.randn(len(first), config.num_hidden)  # of no columns where it is linear
        self.hidden = nn.Parameter(width / len(first) ** 0.5)
        self.hidden_bias = nn.Parameter(torch.zeros(config.num_hidden))
        self.out = nn.Parameter(torch.zeros(config.num_hidden, DIMENSION))
        self.drop = nn.Dropout(config.dropout)

    def forward(self, rows: Tensor) -> Tensor:
        """Unit rows (B, 256)."""
        inputs = self.drop(self.standard(rows))
        bent = functional.relu(inputs @ self.hidden + self.hidden_bias) @ self.out
        return functional.normalize((inputs @ self.weight + self.bias + bent).float(), dim=1)

    def finished(self) -> Head:
        """The head as it ships, standardisation in its first layers."""
        mean, spread = (self.standard.get_buffer(n).cpu().numpy() for n in ("mean", "spread"))
        weight, bias = _numpy(self.weight) / spread[:, None], _numpy(self.bias)
        hidden = _numpy(self.hidden) / spread[:, None]
        return Head(
            weight=weight.astype(np.float32),
            bias=(bias - mean @ weight).astype(np.float32),
            hidden=np.ascontiguousarray(hidden, dtype=np.float32),
            hidden_bias=(_numpy(self.hidden_bias) - mean @ hidden).astype(np.float32),
            out=_numpy(self.out),
        )


class TrainedHeads(nn.Module):
    """Holds the three heads, the gate and the temperature; a `contrastive.PairHeads`.

    Args:
        config: of the run.
        sounds, texts, clips: rows of each input for its statistics; (0, I) where there are none.
        music: columns of a text that are the audio tower's own; the rest are the picture tower's.
    """

    def __init__(
        self,
        config: ContrastiveConfig,
        *,
        sounds: np.ndarray,
        texts: np.ndarray,
        clips: np.ndarray,
        music: int,
    ) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        heard, seen = _orthogonal(sounds.shape[1]), _orthogonal(clips.shape[1])
        read = torch.cat([heard[:music], torch.zeros(texts.shape[1] - music, DIMENSION)])
        self.sound = TrainedHead(Standard(sounds), heard, config)
        self.text = TrainedHead(Standard(texts), read, config)
        self.clip = TrainedHead(Standard(clips), seen, config)
        self.gate = nn.Parameter(torch.zeros(2 * DIMENSION + 1))
        self.log_scale = nn.Parameter(torch.tensor(-float(np.log(config.first_temperature))))

    def forward(self, batch: PairBatch) -> tuple[Tensor, Tensor, Tensor]:
        """Unit queries, unit sounds, inverse temperature."""
        texts, clips = self.text(batch.texts), self.clip(batch.clips)
        learned = (torch.cat([texts, clips], dim=1) @ self.gate[:-1] + self.gate[-1]).sigmoid()
        share = torch.where(batch.has_text, torch.where(batch.has_clip, learned, 0.0), 1.0)[
            :, None
        ]
        queries = functional.normalize((1.0 - share) * texts + share * clips, dim=1)
        return queries, self.sound(batch.sounds), self.scale()

    def scale(self) -> Tensor:
        """Inverse temperature, clamped."""
        return self.log_scale.exp().clamp(MIN_SCALE, MAX_SCALE)

    def finished(self) -> LargeHeads:
        """The heads as they ship."""
        return LargeHeads(
            sound=self.sound.finished(),
            text=self.text.finished(),
            clip=self.clip.finished(),
            gate=_numpy(self.gate),
        )


def _orthogonal(size: int) -> Tensor:
    """(size, 256) with orthonormal columns, or rows where it is narrower than the space."""
    return nn.init.orthogonal_(torch.empty(size, DIMENSION))


def _numpy(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().float().numpy()
