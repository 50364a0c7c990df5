"""What a sound is like, in words and numbers a person can check; knows no space and no catalogue.

    description = describe_sound(features, axes)    # axes: what the audio head hears, in spreads
    description.tempo_bpm, description.key, description.moods["energy"], description.vocals
    description.instruments["drums"]                # probability that they can be heard

Moods are places among the sounds that the audio head was trained on: valence 0.8 is more pleasant
than 90 % of them, -0.8 than 10 %. Tags are the trunk's own probabilities; instruments come from
heads that learned from rendered scores. Nothing here was fitted to listeners' answers.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from encoders.trunks.features import SoundFeatures

# What the audio head hears, in this order; the first five columns of a row of the space.
MOOD_AXES = ("valence", "energy", "tension", "power", "tenderness")

VOICE_TAGS = ("female vocalists", "male vocalists", "female vocalist")
ACOUSTIC_TAGS = ("acoustic", "folk", "country", "jazz", "guitar", "blues")
ELECTRONIC_TAGS = ("electronic", "electronica", "electro", "House", "dance", "ambient")

# Voice tags beside "instrumental" at which a sound counts as half sung: 19 of 20 tracks of free
# games, hardly one of which is sung, lie below. The trunk's listeners tagged voices more readily.
EVEN_VOICE_ODDS = 1.7

# Corners of the circle of Russell, A circumplex model of affect, J. Personality and Social
# Psychology 39, 1980, and of the scale of Zentner, Grandjean and Scherer, Emotion 8, 2008.
JOY = {"valence": 1.0, "energy": 1.0}
CALMNESS = {"energy": -1.0, "tension": -0.5}


@dataclass(frozen=True, kw_only=True)
class Description:
    """Holds what is said of a sound.

    Attributes:
        tempo_bpm: beats a minute, None where no beat was found.
        key: "C major" or "A minor", None where no key fits.
        moods: valence, energy, tension, power, tenderness from -1 to 1 (0 is the middle of the
            training sounds); joy and calmness from 0 to 1, the share of them that have less of it.
        tags: the trunk's 50 tags, probability.
        instruments: families and single instruments under the names of the word lists ("drums",
            "keyboard", "violin"), probability that they can be heard; "choir" is one that sings
            vowels, "voice" what the trunk's tags say of singers. Catalogues of older versions
            have "guitar", "voice" and "synthesizer" alone.
        vocals: 0 instrumental to 1 sung.
        acoustic: 0 electronic to 1 acoustic.
        loudness_db: root mean square of the whole sound, dB to full scale.
    """

    tempo_bpm: float | None
    key: str | None
    moods: Mapping[str, float]
    tags: Mapping[str, float]
    instruments: Mapping[str, float]
    vocals: float
    acoustic: float
    loudness_db: float

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "tempo_bpm": self.tempo_bpm,
            "key": self.key,
            "moods": dict(self.moods),
            "tags": dict(self.tags),
            "instruments": dict(self.instruments),
            "vocals": self.vocals,
            "acoustic": self.acoustic,
            "loudness_db": self.loudness_db,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Description":
        """The description that `to_dict` gave; later fields that are not known here are ignored.

        Raises:
            KeyError: a field is missing.
        """
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})

    def strongest_tags(self, count: int = 5) -> tuple[str, ...]:
        """The likeliest tags, most likely first."""
        return tuple(sorted(self.tags, key=lambda tag: -self.tags[tag])[:count])


def describe_sound(features: "SoundFeatures", axes: np.ndarray) -> Description:
    """Describe a sound from its features and the five axes (5,) that the audio head hears."""
    probabilities = tag_probabilities(features.tag_logits)
    return Description(
        tempo_bpm=None if features.tempo_bpm is None else round(features.tempo_bpm, 1),
        key=features.key,
        moods=describe_moods(axes),
        tags={tag: round(p, 4) for tag, p in probabilities.items()},
        instruments=_instruments(features, probabilities),
        vocals=_share(probabilities, VOICE_TAGS, ("instrumental",), even=EVEN_VOICE_ODDS),
        acoustic=_share(probabilities, ACOUSTIC_TAGS, ELECTRONIC_TAGS),
        loudness_db=round(features.loudness_db, 2),
    )


def describe_moods(axes: np.ndarray) -> dict[str, float]:
    """Moods of a sound from its axes (5,) in spreads of the training sounds."""
    spreads = dict(zip(MOOD_AXES, (float(a) for a in axes), strict=True))
    moods = {name: round(2.0 * _share_below(z) - 1.0, 3) for name, z in spreads.items()}
    for name, corner in (("joy", JOY), ("calmness", CALMNESS)):
        z = sum(weight * spreads[axis] for axis, weight in corner.items())
        moods[name] = round(_share_below(z / math.hypot(*corner.values())), 3)
    return moods


def tag_probabilities(tag_logits: np.ndarray) -> dict[str, float]:
    """Probability of each tag over (P, 50) patches: the mean of the patches' probabilities."""
    from encoders.trunks.musicnn import TAGS  # brings torch, which stored descriptions do not need

    probabilities = 1.0 / (1.0 + np.exp(-tag_logits.astype(np.float64)))
    return dict(zip(TAGS, probabilities.mean(axis=0).tolist(), strict=True))


def _instruments(
    features: "SoundFeatures", probabilities: Mapping[str, float]
) -> dict[str, float]:
    from encoders.towers.instruments import shipped_instruments

    parts = (features.tag_logits, features.signal, features.pools)
    heard = np.concatenate([features.track_mean(rows) for rows in parts])
    voice = round(_any_of(probabilities, VOICE_TAGS), 4)
    return {**shipped_instruments().describe(heard), "voice": voice}


def _share(
    probabilities: Mapping[str, float],
    tags: tuple[str, ...],
    against: tuple[str, ...],
    *,
    even: float = 1.0,
) -> float:
    """How much some tags outweigh others: 0 only the others, 1 only these, 1/2 at even odds."""
    ours, theirs = _any_of(probabilities, tags), even * _any_of(probabilities, against)
    return round(ours / (ours + theirs), 3)


def _any_of(probabilities: Mapping[str, float], tags: tuple[str, ...]) -> float:
    """Probability that at least one of the tags is right, were they independent."""
    return 1.0 - math.prod(1.0 - probabilities[tag] for tag in tags)


def _share_below(spreads: float) -> float:
    """Share of normally spread values that lie below so many spreads from the mean."""
    return 0.5 * (1.0 + math.erf(spreads / math.sqrt(2.0)))
