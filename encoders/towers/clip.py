"""From the frames of a clip to what it means for music: things seen, light, colour, motion, cuts.

    view = view_clip(frames, trunk)         # trunk = load_efficientnet()
    view.sentence_vector                    # (384,) what is seen, as if it were a sentence
    likeness(sentences, [view], trunk)      # (N, 1) how well sentences (N, 384) name what is seen
    view.description.valence, .energy       # -1 to 1, what light, colour and motion suggest
    view.description.words                  # ("valley", "lakeshore")
    names = name_rows(trunk.class_vectors, text_head)
    project_clip(view, names, clip_head)    # (256,) row of the space, not yet unit length

What is seen goes through the text tower; what the pixels suggest goes along the affect axes of the
space. Knows no catalogue.

T frames, S shots.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from encoders.errors import UnusableFrames
from encoders.towers.picture import PictureMeasures, measure_picture
from encoders.trunks.efficientnet import PictureTrunk

if TYPE_CHECKING:
    from encoders.towers.clip_head import ClipHead
    from encoders.towers.text import TextHead
    from media.video import Frames

MAX_LOOKED_AT = 60  # frames that the network sees, evenly spaced; light and motion use every frame
LOOKS_PER_SECOND = 1.0
MIN_LOOKED_AT = 4
SEEN_SHARE = 0.5  # length of what is seen beside what light, colour and motion suggest
NUM_WORDS = 5
NUM_AXES = 5
LEAST_PROBABILITY = 1e-9
MIN_WORD_PROBABILITY = 0.25  # averaged over the clip; below, a word is as often wrong as right

# Mean and spread of ordinary clips (camera clips and game scenes): (x - mean) / spread is in units
# of a standard deviation, as the sources want it.
BRIGHTNESS = (0.50, 0.20)
SATURATION = (0.45, 0.22)
WARMTH = (0.05, 0.20)
MOTION = (0.20, 0.12)
CUT_EVIDENCE_S = 20.0  # a clip of six seconds without a cut says little about its rhythm
CUTS = (1.8, 1.4)  # of log2(1 + cuts a minute): a cut every 25 s is usual, every 5 s is quick


@dataclass(frozen=True, kw_only=True)
class ClipDescription:
    """Holds what was seen in a clip and what it suggests.

    Attributes:
        words: likeliest things first, none where the network is not sure.
        brightness: 0 black to 1 white.
        saturation: 0 grey to 1 pure colour.
        warmth: -1 blue to 1 red.
        motion: change of luma a second, share of full scale.
        cuts_per_minute: hard cuts.
        valence: -1 unpleasant to 1 pleasant.
        energy: -1 calm to 1 excited.
        power: -1 gentle to 1 mighty.
    """

    words: tuple[str, ...]
    brightness: float
    saturation: float
    warmth: float
    motion: float
    cuts_per_minute: float
    valence: float
    energy: float
    power: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "words": list(self.words)}


@dataclass(frozen=True, kw_only=True)
class ClipView:
    """Holds the meaning of a clip before any space."""

    sentence_vector: np.ndarray  # (384,) float32, unit length
    meaning: np.ndarray  # (384,) float32, unit length: how it differs from the usual picture
    log_probabilities: np.ndarray  # (1000,) float32, averaged over the clip
    pools: np.ndarray  # (1280,) float32, averaged over the clip
    certainty: float  # 0 to 1: probability of the ten likeliest classes, averaged
    description: ClipDescription


def view_clip(frames: "Frames", trunk: PictureTrunk) -> ClipView:
    """Look at a clip.

    Raises:
        UnusableFrames: no frame, or not (T, H, W, 3) bytes with one time each.
    """
    rgb, times_s = _check_frames(frames)
    measures = measure_picture(rgb, times_s)
    looked_at = choose_frames(len(rgb), float(frames.duration_s))
    seen = trunk.see(rgb[looked_at])
    weights = shot_weights(looked_at, measures.shot_starts)
    mixed = weights @ seen.sentence_vectors
    probabilities = weights @ seen.probabilities
    likeliest = np.sort(seen.probabilities, axis=1)[:, -10:].sum(axis=1)
    return ClipView(
        sentence_vector=_unit(mixed),
        meaning=_meaning(weights, seen.probabilities, trunk),
        log_probabilities=weights @ np.log(np.maximum(seen.probabilities, LEAST_PROBABILITY)),
        pools=weights @ seen.pools,
        certainty=float(weights @ likeliest),
        description=_describe(measures, _words(probabilities, trunk.class_names)),
    )


def likeness(sentences: np.ndarray, views: Sequence[ClipView], trunk: PictureTrunk) -> np.ndarray:
    """How well sentences (N, 384) name what is seen in clips (M): cosines (N, M).

    What all names of things have in common is taken off both sides.
    """
    apart = sentences - trunk.class_vectors.mean(axis=0)
    apart /= np.linalg.norm(apart, axis=1, keepdims=True)
    return np.asarray(apart @ np.stack([view.meaning for view in views]).T)


def name_rows(class_vectors: np.ndarray, head: "TextHead") -> np.ndarray:
    """What each thing that may be seen says beside the others: rows (1000, 256) of the space."""
    rows = head.network(class_vectors)
    return np.asarray(rows - rows.mean(axis=0))


def project_clip(view: ClipView, names: np.ndarray, learned: "ClipHead") -> np.ndarray:
    """The row (256,) of a clip, not yet unit length: affect axes plus what is seen.

    Pictures like those that the clip head has learned from get its axes instead, by their
    familiarity.

    Args:
        view: what is seen.
        names: rows (1000, 256) of the things that may be seen, see `name_rows`.
        learned: the clip head.
    """
    familiar = learned.familiarity(view)
    row = (1.0 - familiar) * _suggested_row(view, names)
    row[:NUM_AXES] += familiar * learned.axes(view)
    return np.asarray(row, dtype=np.float32)


def _suggested_row(view: ClipView, names: np.ndarray) -> np.ndarray:
    """What light, colour, motion and the things seen suggest, whatever was learned.

    The first five columns of the space are valence, energy, tension, power and tenderness. Tension
    and tenderness lie on the diagonals of the circle of affect (Russell 1980): unpleasant and
    excited, pleasant and calm. Things count by the roots of their probabilities, as in `meaning`.
    """
    row = SEEN_SHARE * _unit(soften(np.exp(view.log_probabilities)) @ names)
    d = view.description
    diagonal = (d.valence - d.energy) / 2.0
    row[:NUM_AXES] += (d.valence, d.energy, -diagonal, d.power, diagonal)
    return row


def soften(probabilities: np.ndarray) -> np.ndarray:
    """Roots of probabilities (..., 1000), sum 1.

    They count the many small guesses of a picture that is no ImageNet class: a toy elf is a little
    hook, screw and bonsai at once.
    """
    roots = np.sqrt(probabilities)
    return np.asarray(roots / roots.sum(axis=-1, keepdims=True))


def choose_frames(num_frames: int, duration_s: float) -> np.ndarray:
    """Evenly spaced frames to look at: one a second, at least 4 and at most 60, none twice."""
    wanted = int(np.clip(round(duration_s * LOOKS_PER_SECOND), MIN_LOOKED_AT, MAX_LOOKED_AT))
    count = min(wanted, num_frames)
    middles = (np.arange(count) + 0.5) * num_frames / count
    return np.asarray(middles, dtype=np.int64)


def shot_weights(looked_at: np.ndarray, shot_starts: tuple[int, ...]) -> np.ndarray:
    """Weight of each frame looked at; they sum to 1.

    A shot counts by the square root of its length: one long shot does not silence the others, and
    a flash does not weigh as much as a scene.
    """
    shots = np.searchsorted(shot_starts, looked_at, side="right")
    counts = np.bincount(shots)[shots]  # frames looked at in the same shot
    weights = 1.0 / np.sqrt(counts)
    return np.asarray(weights / weights.sum(), dtype=np.float32)


def affect_of_picture(measures: PictureMeasures) -> tuple[float, float, float]:
    """Valence, energy and power, each from -1 to 1, that light, colour and motion suggest.

    P. Valdez and A. Mehrabian, Effects of color on emotions, J. Exp. Psychology: General 123,
    1994, in standard deviations of brightness B and saturation S:
        pleasure = .69 B + .22 S, arousal = -.31 B + .60 S, dominance = -.76 B + .32 S.
    Motion and cuts raise arousal: Detenber, Simons and Bennett, Roll 'em!, 1998 (motion); Lang et
    al., The effects of edits on arousal, 2000 (cuts). Warm hues raise it a little: Wilms and
    Oberfeld, Color and emotion, 2018. The shares of the four in energy are ours: what moves
    outweighs what colours.
    """
    b, s = _standard(measures.brightness, BRIGHTNESS), _standard(measures.saturation, SATURATION)
    motion = _standard(measures.motion, MOTION)
    cuts = _standard(float(np.log2(1.0 + measures.cuts_per_minute)), CUTS)
    cuts *= min(1.0, measures.seconds / CUT_EVIDENCE_S)
    warmth = _standard(measures.warmth, WARMTH)
    pleasure, arousal, dominance = 0.69 * b + 0.22 * s, -0.31 * b + 0.60 * s, -0.76 * b + 0.32 * s
    energy = 0.5 * motion + 0.3 * cuts + 0.3 * arousal + 0.1 * warmth
    valence, energy, power = np.tanh([pleasure / 2.0, energy, dominance / 2.0])
    return float(valence), float(energy), float(power)


def _meaning(weights: np.ndarray, probabilities: np.ndarray, trunk: PictureTrunk) -> np.ndarray:
    """Mean of all names by the roots of their probabilities, less the plain mean."""
    apart = trunk.class_vectors - trunk.class_vectors.mean(axis=0)
    return _unit(weights @ soften(probabilities) @ apart)


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def _standard(value: float, reference: tuple[float, float]) -> float:
    mean, spread = reference
    return float(np.clip((value - mean) / spread, -2.5, 2.5))


def _describe(measures: PictureMeasures, words: tuple[str, ...]) -> ClipDescription:
    valence, energy, power = affect_of_picture(measures)
    return ClipDescription(
        words=words,
        brightness=measures.brightness,
        saturation=measures.saturation,
        warmth=measures.warmth,
        motion=measures.motion,
        cuts_per_minute=measures.cuts_per_minute,
        valence=valence,
        energy=energy,
        power=power,
    )


def _words(probabilities: np.ndarray, class_names: tuple[str, ...]) -> tuple[str, ...]:
    order = np.argsort(-probabilities, kind="stable")[:NUM_WORDS]
    return tuple(class_names[i] for i in order if probabilities[i] >= MIN_WORD_PROBABILITY)


def _check_frames(frames: "Frames") -> tuple[np.ndarray, np.ndarray]:
    rgb, times_s = frames.rgb, np.asarray(frames.times_s)
    if rgb.ndim != 4 or rgb.shape[3] != 3 or rgb.dtype != np.uint8 or len(rgb) == 0:
        raise UnusableFrames(
            f"frames are {rgb.dtype} {rgb.shape}; at least one (H, W, 3) of bytes"
        )
    if times_s.shape != (len(rgb),) or not np.isfinite(times_s).all():
        raise UnusableFrames(f"{len(rgb)} frames need as many finite times, got {times_s.shape}")
    return rgb, times_s
