"""Pitch classes of a sound, its key and how major it is; knows no network."""

import numpy as np

from encoders.trunks.constant_q import HOP_LENGTH as CHROMA_HOP
from encoders.trunks.constant_q import fold_pitch_classes
from encoders.trunks.spectrum import SAMPLE_RATE

CHROMA_RATE = SAMPLE_RATE / CHROMA_HOP  # 31.25 frames a second
BLOCK_SAMPLES = 120 * SAMPLE_RATE  # a whole number of hops
SHORTEST_BLOCK = 3 * SAMPLE_RATE  # a shorter rest joins the block before it
PITCH_CLASSES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")

# D. Temperley, What's Key for Key?, Music Perception 17(1), 1999: how well each degree fits a key.
MAJOR = np.array([5.0, 2.0, 3.5, 2.0, 4.5, 4.0, 2.0, 4.5, 2.0, 3.5, 1.5, 4.0])
MINOR = np.array([5.0, 2.0, 3.5, 4.5, 2.0, 4.0, 2.0, 4.5, 3.5, 2.0, 1.5, 4.0])

# M. Mueller and S. Ewert, Chroma Toolbox, ISMIR 2011: steps of energy-normalised chroma (CENS).
CENS_STEPS = (0.4, 0.2, 0.1, 0.05)
MIN_KEY_CORRELATION = 0.3  # below, no key is named


def read_chroma(samples: np.ndarray) -> np.ndarray:
    """(F, 12) float32 energy of the pitch classes from C, 31.25 frames a second.

    Sounds longer than two minutes go in blocks, tuned one by one: an hour at once would need 3 GB.
    """
    starts = range(0, len(samples), BLOCK_SAMPLES)
    blocks = [samples[start : start + BLOCK_SAMPLES] for start in starts]
    if len(blocks) > 1 and len(blocks[-1]) < SHORTEST_BLOCK:
        blocks[-2:] = [np.concatenate(blocks[-2:])]
    # A block's frames are centred, so it ends with the frame with which the next one begins.
    parts = [_block_chroma(block) for block in blocks]
    return np.concatenate(
        [*(part[: BLOCK_SAMPLES // CHROMA_HOP] for part in parts[:-1]), parts[-1]]
    )


def _block_chroma(samples: np.ndarray) -> np.ndarray:
    chroma = fold_pitch_classes(samples)
    return np.asarray(np.nan_to_num(chroma.T), dtype=np.float32)


def find_key(chroma: np.ndarray) -> str | None:
    """The key, "C major" or "A minor", or None where no key fits."""
    correlations = key_correlations(cens_profile(chroma))
    best = int(correlations.argmax())
    if correlations[best] < MIN_KEY_CORRELATION:
        return None
    return f"{PITCH_CLASSES[best % 12]} {'major' if best < 12 else 'minor'}"


def cens_profile(chroma: np.ndarray) -> np.ndarray:
    """(12,) mean of the frames after the quantisation that makes CENS deaf to loudness."""
    total = chroma.sum(axis=1, keepdims=True)
    share = chroma / np.maximum(total, 1e-10)
    steps = np.stack([share > step for step in CENS_STEPS])  # (4, F, 12)
    return np.asarray(steps.sum(axis=0).mean(axis=0))


def key_correlations(profile: np.ndarray) -> np.ndarray:
    """(24,) correlation of a profile with the major, then the minor keys; 0 where it is flat."""
    keys = np.stack([np.roll(p, tonic) for p in (MAJOR, MINOR) for tonic in range(12)])
    keys = keys - keys.mean(axis=1, keepdims=True)
    centred = profile - profile.mean()
    scale = np.linalg.norm(keys, axis=1) * np.linalg.norm(centred)
    return np.asarray(keys @ centred / np.maximum(scale, 1e-10))


def majorness(profile: np.ndarray) -> float:
    """Best major minus best minor correlation, in [-2, 2]: positive sounds major."""
    correlations = key_correlations(profile)
    return float(correlations[:12].max() - correlations[12:].max())


def chroma_entropy(profile: np.ndarray) -> float:
    """Entropy of the pitch classes in bits: 0 one note, log2(12) = 3.58 all alike (or silence)."""
    total = profile.sum()
    share = profile / total if total > 0 else np.full(12, 1 / 12)
    return float(-(share * np.log2(np.maximum(share, 1e-12))).sum())
