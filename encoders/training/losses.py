"""Contrastive losses of two towers; know no data.

`masked_info_nce` for pairs that belong together: use it where a row has one right answer and the
doubtful ones can be named. Not for texts that many sounds answer: there it calls right answers
wrong, and `soft_targets_loss`, whose targets a teacher graded, is the one. T texts, S sounds.
"""

import torch
from torch import Tensor
from torch.nn import functional

MAX_SCALE = 100.0  # of the learnable inverse temperature, as in CLIP (Radford et al. 2021)


def masked_info_nce(logits: Tensor, may_match: Tensor) -> Tensor:
    """Symmetric InfoNCE over (B, B) logits whose diagonal is right.

    Args:
        logits: scaled inner products.
        may_match: (B, B) bool; True off the diagonal where a pair may match too and counts neither
            way.
    """
    off_diagonal = ~torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    masked = logits.masked_fill(may_match & off_diagonal, float("-inf"))
    labels = torch.arange(len(logits), device=logits.device)
    text_to_sound = functional.cross_entropy(masked, labels)
    return 0.5 * (text_to_sound + functional.cross_entropy(masked.T, labels))


def soft_targets_loss(logits: Tensor, teacher: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of (T, S) logits with the teacher's scores as graded targets.

    In both directions.

    Args:
        logits: scaled inner products of the towers.
        teacher: scores on any scale; each row (and column) is standardised before the softmax.
        temperature: of the targets; small ones favour the best few.
    """
    return 0.5 * (
        _graded(logits, teacher, temperature) + _graded(logits.T, teacher.T, temperature)
    )


def _graded(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    centred = teacher - teacher.mean(dim=1, keepdim=True)
    standard = centred / teacher.std(dim=1, keepdim=True).clamp(min=1e-6)
    targets = functional.softmax(standard / temperature, dim=1)
    return -(targets * functional.log_softmax(logits, dim=1)).sum(dim=1).mean()
