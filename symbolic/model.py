"""The composer's network: a small decoder-only transformer over bar-grid tokens. No sampling here.

Shapes: B rows, T positions, D width, H heads. Every position is told what the piece must be
(metre, mode, style, densities) and where it stands (step, bars left, sounding notes), so
nothing has to be remembered from a prefix.
Position is rotary (Su et al. 2021, arXiv:2104.09864), so old positions may leave the window.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from symbolic.grammar import (
    BARS_LEFT,
    BASS,
    CHORD,
    MAX_BARS_LEFT,
    MELODY,
    NUM_DENSITIES,
    NUM_HARMONIC_RHYTHMS,
    STEP,
    TOKEN,
    VOICE,
)
from symbolic.sketch import MAX_STEPS, METRES, MODES, STYLES
from symbolic.tokens import NUM_CHORDS, NUM_PITCHES, NUM_VOICES, VOCABULARY_SIZE

ROTARY_BASE = 10_000.0


@dataclass(frozen=True, kw_only=True)
class ModelSize:
    """Width, depth and window of the network; the defaults are the shipped size."""

    width: int = 128
    num_layers: int = 4
    num_heads: int = 4
    window: int = 512
    dropout: float = 0.05

    def __post_init__(self) -> None:
        if self.width % (2 * self.num_heads):
            raise ValueError(
                f"width must be a multiple of twice the heads: {self.width}, {self.num_heads}"
            )


class Cache:
    """Keys and values of the positions so far, for sampling one token at a time."""

    def __init__(self, size: ModelSize, num_rows: int) -> None:
        # Twice the window: full halves are dropped, so memory does not grow with the piece.
        shape = (num_rows, size.num_heads, 2 * size.window, size.width // size.num_heads)
        self._window = size.window
        self.keys = [torch.zeros(shape) for _ in range(size.num_layers)]
        self.values = [torch.zeros(shape) for _ in range(size.num_layers)]
        self.filled = 0  # positions kept
        self.position = 0  # positions seen

    def make_room(self) -> None:
        """Forget what lies outside the window when the memory is full."""
        if self.filled < 2 * self._window:
            return
        for memory in (*self.keys, *self.values):
            memory[:, :, : self._window] = memory[:, :, self._window :].clone()
        self.filled = self._window


class ComposerModel(nn.Module):
    """Features (B, T, 7) and controls (B, 5) -> logits (B, T, VOCABULARY_SIZE)."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.size = size
        width = size.width
        self.tokens = nn.Embedding(VOCABULARY_SIZE, width)
        self.steps = nn.Embedding(MAX_STEPS + 1, width)
        self.places = nn.Embedding(len(METRES) * (MAX_STEPS + 1), width)
        self.voices = nn.Embedding(NUM_VOICES + 1, width)
        self.bars_left = nn.Embedding(MAX_BARS_LEFT + 1, width)
        self.melody = nn.Embedding(NUM_PITCHES + 1, width)
        self.bass = nn.Embedding(NUM_PITCHES + 1, width)
        self.chords = nn.Embedding(NUM_CHORDS + 1, width)
        counts = (len(METRES), len(MODES), len(STYLES), NUM_DENSITIES, NUM_HARMONIC_RHYTHMS)
        self.controls = nn.ModuleList(nn.Embedding(count, width) for count in counts)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.num_layers))
        self.norm = nn.RMSNorm(width)
        self.dropout = nn.Dropout(size.dropout)
        self.apply(_initialise)

    def forward(self, features: Tensor, controls: Tensor, cache: Cache | None = None) -> Tensor:
        """Logits of the next token at every position; with a cache, T must be 1."""
        hidden = self.dropout(self._embed(features, controls))  # (B, T, D)
        if cache:
            cache.make_room()
        start = cache.position if cache else 0
        rotation = _rotation(start, features.shape[1], self.size.width // self.size.num_heads)
        for index, layer in enumerate(self.layers):
            memory = (cache.keys[index], cache.values[index], cache.filled) if cache else None
            hidden = layer(hidden, rotation, memory)
        if cache:
            cache.filled += 1
            cache.position += 1
        return functional.linear(self.norm(hidden), self.tokens.weight)

    def _embed(self, features: Tensor, controls: Tensor) -> Tensor:
        place = controls[:, :1] * (MAX_STEPS + 1) + features[..., STEP]  # (B, T)
        told = torch.stack(
            [table(controls[:, index]) for index, table in enumerate(self.controls)]
        ).sum(dim=0)
        embedded: Tensor = (
            self.tokens(features[..., TOKEN])
            + self.steps(features[..., STEP])
            + self.places(place)
            + self.voices(features[..., VOICE])
            + self.bars_left(features[..., BARS_LEFT])
            + self.melody(features[..., MELODY])
            + self.bass(features[..., BASS])
            + self.chords(features[..., CHORD])
            + told[:, None]
        )
        return embedded


Memory = tuple[Tensor, Tensor, int]


class Layer(nn.Module):
    """One pre-norm transformer layer: rotary attention, then a gated feed-forward part."""

    def __init__(self, size: ModelSize) -> None:
        super().__init__()
        self.num_heads, self.window = size.num_heads, size.window
        width, inner = size.width, size.width * 8 // 3
        self.attention_norm, self.forward_norm = nn.RMSNorm(width), nn.RMSNorm(width)
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.merge = nn.Linear(width, width, bias=False)
        self.widen = nn.Linear(width, 2 * inner, bias=False)
        self.narrow = nn.Linear(inner, width, bias=False)
        self.dropout = nn.Dropout(size.dropout)

    def forward(self, hidden: Tensor, rotation: Tensor, memory: Memory | None) -> Tensor:
        """(B, T, D) -> (B, T, D)."""
        hidden = hidden + self.dropout(self._attend(hidden, rotation, memory))
        gate, value = self.widen(self.forward_norm(hidden)).chunk(2, dim=-1)
        fed: Tensor = self.dropout(self.narrow(functional.silu(gate) * value))
        return hidden + fed

    def _attend(self, hidden: Tensor, rotation: Tensor, memory: Memory | None) -> Tensor:
        num_rows, length, width = hidden.shape
        projected = self.project(self.attention_norm(hidden))
        split = projected.view(num_rows, length, 3, self.num_heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys = _rotate(split[0], rotation), _rotate(split[1], rotation)  # (B, H, T, d)
        values = split[2]
        if memory:
            keys, values = self._remember(keys, values, memory)
        mixed = functional.scaled_dot_product_attention(
            queries, keys, values, is_causal=memory is None
        )
        merged: Tensor = self.merge(mixed.transpose(1, 2).reshape(num_rows, length, width))
        return merged

    def _remember(self, keys: Tensor, values: Tensor, memory: Memory) -> tuple[Tensor, Tensor]:
        past_keys, past_values, start = memory
        past_keys[:, :, start : start + 1] = keys
        past_values[:, :, start : start + 1] = values
        first = max(0, start + 1 - self.window)
        return past_keys[:, :, first : start + 1], past_values[:, :, first : start + 1]


def _rotation(start: int, length: int, head_width: int) -> Tensor:
    """Cosine and sine of each pair of channels at each position, (2, T, d/2)."""
    frequency = ROTARY_BASE ** (-torch.arange(0, head_width, 2) / head_width)
    angle = torch.outer(torch.arange(start, start + length).float(), frequency)
    return torch.stack((angle.cos(), angle.sin()))


def _rotate(states: Tensor, rotation: Tensor) -> Tensor:
    cosine, sine = rotation
    first, second = states.chunk(2, dim=-1)
    return torch.cat((first * cosine - second * sine, first * sine + second * cosine), dim=-1)


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=0.02)
