"""The errors of the encoders; says what was wrong and what is allowed, and knows no transport.

EncoderError
├── UnknownProfile    no such set of towers
├── BrokenWeights     a weight file is missing, changed, or does not fit its card
├── RefusedCheckpoint a checkpoint that is broken by itself or may not be used for this
├── MissingCheckpoint a checkpoint that is neither here nor to be had
├── RefusedData       examples that may not train, or are not in the format that they claim
├── BrokenTower       a tower's answers to fixed inputs are not what a healthy one gives
├── BrokenVector      a tower gave a row without length or with NaN; it never leaves
├── NotEnoughFeedback too few lists for a second stage, or one that does no good
├── MixedSpaces       vectors of two spaces in one query
├── UnusableText      a text without a word
├── UnusableSound     samples that no tower can take (wrong rate or shape, NaN)
└── UnusableFrames    pictures that no tower can take (none, wrong shape)
"""


class EncoderError(Exception):
    """Holds what an encoder refused; `reason` is stable, the message is for people."""

    reason = "ENCODER_ERROR"


class UnknownProfile(EncoderError):
    """Refuses a profile that does not exist."""

    reason = "UNKNOWN_PROFILE"


class BrokenWeights(EncoderError):
    """Refuses weights that are missing or are not the ones that their card names."""

    reason = "BROKEN_WEIGHTS"


class RefusedCheckpoint(EncoderError):
    """Refuses a checkpoint that is broken by itself or whose licence forbids the use."""

    reason = "REFUSED_CHECKPOINT"


class MissingCheckpoint(EncoderError):
    """Says that a checkpoint is neither on this machine nor to be had."""

    reason = "MISSING_CHECKPOINT"


class RefusedData(EncoderError):
    """Refuses examples that may not train, or whose file is not of its format."""

    reason = "REFUSED_DATA"


class BrokenTower(EncoderError):
    """Refuses towers whose answers to fixed inputs are not those of healthy ones."""

    reason = "BROKEN_TOWER"


class BrokenVector(EncoderError):
    """Refuses to hand out a vector that has no direction."""

    reason = "BROKEN_VECTOR"


class NotEnoughFeedback(EncoderError):
    """Refuses a second stage on too little feedback, or one that does held-out lists no good."""

    reason = "NOT_ENOUGH_FEEDBACK"


class MixedSpaces(EncoderError):
    """Refuses vectors of two spaces in one query."""

    reason = "MIXED_SPACES"


class UnusableText(EncoderError):
    """Refuses a text without a word."""

    reason = "UNUSABLE_TEXT"


class UnusableSound(EncoderError):
    """Refuses samples that are not finite mono at the trunk's rate."""

    reason = "UNUSABLE_SOUND"


class UnusableFrames(EncoderError):
    """Refuses pictures that are not (T, H, W, 3) bytes with at least one frame."""

    reason = "UNUSABLE_FRAMES"
