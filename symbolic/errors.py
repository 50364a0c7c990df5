"""Errors of composing. Wrong briefs are plain ValueErrors; this tree is for what is broken here.

SymbolicError
`-- BrokenWeights   COMPOSER_WEIGHTS_BROKEN   the composer's weights are missing or damaged
"""


class SymbolicError(Exception):
    """Something in the composer itself is broken; `reason` names it for machines."""

    reason = "COMPOSER_BROKEN"


class BrokenWeights(SymbolicError):
    """The folder of weights is incomplete, changed or made for another vocabulary."""

    reason = "COMPOSER_WEIGHTS_BROKEN"
