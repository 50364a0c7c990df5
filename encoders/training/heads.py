"""The heads while they learn, in torch; `encoders/towers` holds what they become.

T texts, S sounds, K directions, D = 256.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.towers.audio import DIMENSION, AudioHead
from encoders.towers.neighbours import Neighbours
from encoders.towers.text import VAGUE, TextHead
from encoders.training.losses import MAX_SCALE
from encoders.training.presets import TrainingConfig
from encoders.training.recipe import NUM_CONCEPTS, NUM_KNOWN, concept_directions
from encoders.training.sounds import Shares

NUM_SENTENCE = 384
NUM_AXES = 5


class Heads(nn.Module):
    """Holds both heads and the temperature.

    Refuses to move the affect axes of the audio matrix.
    """

    def __init__(self, config: TrainingConfig, audio: AudioHead, directions: np.ndarray) -> None:
        super().__init__()
        self.config = config
        self.radius, self.likeness_length = audio.radius, audio.likeness_length
        self.first_likeness = audio.first_likeness
        self.hidden = nn.Linear(NUM_SENTENCE, config.num_hidden)
        self.drop = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.num_hidden, VAGUE, bias=False)
        self.moved = nn.Parameter(torch.zeros(audio.matrix.shape[0], VAGUE - NUM_AXES))
        self.log_scale = nn.Parameter(torch.tensor(float(np.log(1.0 / config.first_temperature))))
        self.register_buffer("matrix", torch.from_numpy(audio.matrix))
        self.register_buffer("directions", torch.from_numpy(directions))

    def sounds(self, standard: Tensor) -> Tensor:
        """Unit rows (S, D) of standardised features (S, 1565)."""
        rows = standard @ self.current_matrix()
        parts = [self.first_likeness, VAGUE - self.first_likeness, rows.shape[1] - VAGUE]
        concepts, alike, rest = torch.split(rows, parts, dim=1)
        alike = self.likeness_length * functional.normalize(alike, dim=1)
        rows = torch.cat([concepts, alike, rest], dim=1)
        lacking = (self.radius**2 - rows.square().sum(dim=1, keepdim=True)).clamp(min=1e-4).sqrt()
        return functional.normalize(torch.cat([rows, lacking], dim=1), dim=1)

    def texts(self, sentences: Tensor, weights: Tensor) -> Tensor:
        """Unit rows (T, D) of sentence vectors (T, 384) and direction weights (T, K).

        Either all zero.
        """
        spoken = functional.normalize(self.network(sentences), dim=1)
        spoken = spoken * sentences.any(dim=1, keepdim=True)
        asked = functional.normalize(weights @ self.get_buffer("directions"), dim=1)
        share = torch.where(weights.any(dim=1, keepdim=True), self.config.network_share, 1.0)
        return functional.normalize(asked + share * spoken, dim=1)

    def network(self, sentences: Tensor) -> Tensor:
        """Rows (T, D) of the perceptron; the last two columns, vagueness and radius, stay 0."""
        hidden = functional.gelu(self.hidden(sentences), approximate="tanh")
        return functional.pad(self.out(self.drop(hidden)), (0, DIMENSION - VAGUE))

    def scale(self) -> Tensor:
        """Inverse temperature, clamped."""
        return self.log_scale.exp().clamp(max=MAX_SCALE)

    def current_matrix(self) -> Tensor:
        """The audio matrix with what training has moved.

        The axes stay as the recipe wrote them.
        """
        return self.get_buffer("matrix") + functional.pad(self.moved, (NUM_AXES, 1))


def direction_matrix(shares: Shares) -> tuple[tuple[str, ...], np.ndarray]:
    """Names (K) and rows (K, 256) that score sounds as the teacher does."""
    directions = concept_directions()
    rows = np.zeros((len(directions), DIMENSION), dtype=np.float32)
    for i, concepts in enumerate(directions.values()):
        rows[i, :NUM_AXES] = concepts[:NUM_AXES] / shares.axes
        rows[i, NUM_AXES:NUM_KNOWN] = concepts[NUM_AXES:NUM_KNOWN] / shares.tags
        rows[i, NUM_KNOWN:NUM_CONCEPTS] = concepts[NUM_KNOWN:] / shares.instruments
    return tuple(directions), rows


def weight_matrix(weights: Sequence[dict[str, float]], keys: Sequence[str]) -> np.ndarray:
    """Direction weights of texts as a matrix (T, K) float32."""
    column = {key: i for i, key in enumerate(keys)}
    matrix = np.zeros((len(weights), len(keys)), dtype=np.float32)
    for row, named in enumerate(weights):
        for key, weight in named.items():
            if key in column:
                matrix[row, column[key]] = weight
    return matrix


def name_matrix(tag_names: np.ndarray) -> np.ndarray:
    """Map (384, 256) of a sentence to its likeness to each tag's name (50, 384), less the mean."""
    matrix = np.zeros((NUM_SENTENCE, DIMENSION), dtype=np.float32)
    matrix[:, NUM_AXES : NUM_AXES + len(tag_names)] = (tag_names - tag_names.mean(axis=0)).T
    return matrix


def finished_audio(heads: Sequence[Heads], start: AudioHead) -> AudioHead:
    """The audio head that ships: the mean of the seeds' matrices."""
    with torch.inference_mode():
        matrix = torch.stack([h.current_matrix() for h in heads]).mean(dim=0).numpy()
    return replace(start, matrix=matrix)


def finished_text(
    heads: Sequence[Heads],
    keys: tuple[str, ...],
    *,
    familiar: np.ndarray,
    names: np.ndarray,
    neighbours: Neighbours | None = None,
) -> TextHead:
    """The text head that ships: one network whose output is the mean of the seeds' outputs."""
    with torch.inference_mode():
        hidden = torch.cat([h.hidden.weight for h in heads]).T.numpy()
        bias = torch.cat([h.hidden.bias for h in heads]).numpy()
        out = torch.cat(
            [functional.pad(h.out.weight.T, (0, DIMENSION - VAGUE)) for h in heads]
        ) / len(heads)
    return TextHead(
        keys=keys,
        directions=heads[0].get_buffer("directions").numpy(),
        hidden=np.ascontiguousarray(hidden),
        hidden_bias=bias,
        out=out.numpy(),
        familiar=familiar,
        names=names,
        name_share=heads[0].config.name_share,
        network_share=heads[0].config.network_share,
        neighbours=neighbours,
    )


def teacher_scores(text_concepts: Tensor, sound_concepts: Tensor) -> Tensor:
    """(T, S) scores of the recipe.

    Concepts of texts (T, C) against concepts of sounds (S, C).
    """
    return text_concepts @ sound_concepts.T


def sound_concepts(standard: np.ndarray, audio: AudioHead, shares: Shares) -> np.ndarray:
    """Concepts (S, C) of standardised sounds (S, 1565): each of unit spread over recordings."""
    rows = standard @ audio.matrix[:, :NUM_CONCEPTS]
    rows[:, :NUM_AXES] /= shares.axes
    rows[:, NUM_AXES:NUM_KNOWN] /= shares.tags
    rows[:, NUM_KNOWN:] /= shares.instruments
    return np.asarray(rows, dtype=np.float32)
