"""Logistic regression of many labels at once, some of them unsure; knows no sound.

    weights, bias = fit_logistic(rows, labels, cost)        # (F, H), (H,)
    slopes, offsets = fit_probabilities(odds, labels)       # (H,), (H,)

Positive and negative rows of a label weigh the same in sum, so rare instruments are not drowned;
the probabilities are fitted afterwards on other rows. NaN labels count for nothing. Whole batches,
L-BFGS in double precision: the same bytes every time.

N rows, F features, H labels.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

NEGLIGIBLE = 1e-4  # of the largest singular value
SLOPE_PULL = 0.02  # towards a slope of 1, for labels with few positives


def fit_logistic(
    rows: np.ndarray, labels: np.ndarray, cost: np.ndarray, *, num_steps: int = 60
) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias that minimise balanced cross-entropy + w' cost w / 2 per label.

    Args:
        rows: (N, F).
        labels: (N, H) of 0, 1 and NaN.
        cost: (F, F) positive definite.
        num_steps: of L-BFGS.
    """
    lengths, axes = np.linalg.eigh(cost)
    equal = axes / np.sqrt(lengths)  # in these coordinates every direction costs the same
    coordinates = rows @ equal
    centre = coordinates.mean(axis=0)
    left, singular, right = np.linalg.svd(coordinates - centre, full_matrices=False)
    kept = singular > NEGLIGIBLE * singular[0]
    reduced = torch.from_numpy((left * singular)[:, kept])
    weights, bias = _minimise(reduced, labels, num_steps)
    in_equal = right[kept].T @ weights
    return equal @ in_equal, bias - centre @ in_equal


def fit_probabilities(odds: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slopes and offsets (H,) that make (N, H) log odds probabilities of the labels (Platt)."""
    truth, known = _known(labels)
    values = torch.from_numpy(odds.astype(np.float64))
    spread = values.std(dim=0).clamp(min=1e-6)
    slopes = torch.zeros(odds.shape[1], dtype=torch.float64, requires_grad=True)  # logarithms
    offsets = torch.zeros(odds.shape[1], dtype=torch.float64, requires_grad=True)
    weight = known / known.sum(dim=0).clamp(min=1.0)

    def loss() -> Tensor:
        logits = values / spread * slopes.exp() + offsets
        errors = binary_cross_entropy_with_logits(logits, truth, weight=weight, reduction="sum")
        return errors + SLOPE_PULL * slopes.square().sum()

    _run(loss, [slopes, offsets], num_steps=100)
    return (slopes.exp() / spread).detach().numpy(), offsets.detach().numpy()


def _minimise(rows: Tensor, labels: np.ndarray, num_steps: int) -> tuple[np.ndarray, np.ndarray]:
    truth, known = _known(labels)
    right, wrong = (truth * known).sum(dim=0), ((1 - truth) * known).sum(dim=0)
    share = truth / right.clamp(min=1.0) + (1 - truth) / wrong.clamp(min=1.0)
    weight = 0.5 * known * share
    weights = torch.zeros(rows.shape[1], labels.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(labels.shape[1], dtype=torch.float64, requires_grad=True)

    def loss() -> Tensor:
        logits = rows @ weights + bias
        errors = binary_cross_entropy_with_logits(logits, truth, weight=weight, reduction="sum")
        return errors + 0.5 * weights.square().sum()

    _run(loss, [weights, bias], num_steps=num_steps)
    return weights.detach().numpy(), bias.detach().numpy()


def _known(labels: np.ndarray) -> tuple[Tensor, Tensor]:
    """Labels with 0 for unsure, and which of them count."""
    truth = torch.from_numpy(np.nan_to_num(labels).astype(np.float64))
    return truth, torch.from_numpy(np.isfinite(labels).astype(np.float64))


def _run(loss: Callable[[], Tensor], parameters: list[Tensor], *, num_steps: int) -> None:
    optimizer = torch.optim.LBFGS(
        parameters, max_iter=num_steps, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimizer.zero_grad()
        value = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return float(value.detach())

    optimizer.step(closure)  # type: ignore[no-untyped-call]
