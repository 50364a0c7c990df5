"""The errors of the encoders; says what was wrong and what is allowed, and knows no transport.

EncoderError
├── UnknownProfile    no such set of towers
├── BrokenWeights     a weight file is missing, changed, or does not fit its card
├── BrokenVector      a tower gave a row without length or with NaN; it never leaves
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


class BrokenVector(EncoderError):
    """Refuses to hand out a vector that has no direction."""

    reason = "BROKEN_VECTOR"


class UnusableText(EncoderError):
    """Refuses a text without a word."""

    reason = "UNUSABLE_TEXT"


class UnusableSound(EncoderError):
    """Refuses samples that are not finite mono at the trunk's rate."""

    reason = "UNUSABLE_SOUND"


class UnusableFrames(EncoderError):
    """Refuses pictures that are not (T, H, W, 3) bytes with at least one frame."""

    reason = "UNUSABLE_FRAMES"
