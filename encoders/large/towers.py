"""The large profile's two pairs of towers as one: hears, reads, sees; loads when first needed.

    towers = open_towers(audio=Wanted(name="laion/clap-htsat-unfused"),
                         pictures=Wanted(name="ViT-B-32:laion2b_s34b_b79k"))
    towers.hear(sound)          # windows (W, Da) and their starts
    towers.read(texts)          # (N, Da + Dp): what either pair's text tower makes of them
    towers.see(frames)          # (Dp,) mean over frames
    towers.hash, towers.licences, towers.is_non_commercial

Knows no space.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from encoders.datasets.rows import is_non_commercial
from encoders.errors import BrokenWeights
from encoders.large.checkpoints import Checkpoint, Wanted, find_checkpoint
from encoders.large.clap import OVERLAP, ClapTower, Heard, load_clap
from encoders.large.pictures import PictureTower, load_pictures, name_of_tag
from encoders.once import Once
from encoders.towers.clip import choose_frames

if TYPE_CHECKING:
    from media.audio import Sound
    from media.video import Frames

DEFAULT_AUDIO = Wanted(name="laion/clap-htsat-unfused")
DEFAULT_PICTURES = Wanted(name="ViT-B-32:laion2b_s34b_b79k")
# Raised by hand when code moves the towers' vectors although their files stay.
VERSION = 1


@dataclass(frozen=True, kw_only=True)
class TowerFacts:
    """Holds what a card says of a tower."""

    name: str
    licence: str
    sha256: str


class LargeTowers:
    """Holds both pairs. Its methods may be called from several threads."""

    def __init__(self, audio: Checkpoint, pictures: Checkpoint, device: str = "cpu") -> None:
        self._audio = audio
        self._pictures = pictures
        self._clap = Once(partial(load_clap, audio, device))
        self._open_clip = Once(partial(load_pictures, pictures, device))

    @property
    def facts(self) -> Mapping[str, dict[str, str]]:
        """Name, licence and SHA-256 of "audio" and "pictures"."""
        both = {"audio": self._audio, "pictures": self._pictures}
        return {
            side: asdict(TowerFacts(name=c.name, licence=c.licence, sha256=c.sha256))
            for side, c in both.items()
        }

    @property
    def licences(self) -> tuple[str, ...]:
        """SPDX ids of both."""
        return (self._audio.licence, self._pictures.licence)

    @property
    def is_non_commercial(self) -> bool:
        """Whether one of them forbids commercial use."""
        return any(is_non_commercial(licence) for licence in self.licences)

    @property
    def hash(self) -> str:
        """SHA-256 over both and over what code adds: windows and frames."""
        parts = [self._audio.sha256, self._pictures.sha256, f"overlap={OVERLAP}", f"v{VERSION}"]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    @property
    def sample_rate(self) -> int:
        """Samples a second that the audio tower wants, read without loading it.

        Raises:
            BrokenWeights: the checkpoint's extractor does not say.
        """
        path = self._audio.folder / "preprocessor_config.json"
        try:
            return int(json.loads(path.read_text(encoding="utf-8"))["sampling_rate"])
        except (OSError, ValueError, KeyError) as error:
            raise BrokenWeights(f"{path} states no sampling_rate: {error}") from error

    @property
    def audio(self) -> ClapTower:
        """The audio pair, loaded."""
        return self._clap.get()

    @property
    def pictures(self) -> PictureTower:
        """The picture pair, loaded."""
        return self._open_clip.get()

    def hear(self, sound: "Sound") -> Heard:
        """The windows of a mono sound.

        Raises:
            UnusableSound: not mono, no samples, or values that are not finite.
        """
        return self.audio.hear(sound)

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Rows (N, Da + Dp) float32; each tower's part has unit length."""
        return np.concatenate([self.audio.read(texts), self.pictures.read(texts)], axis=1)

    def see(self, frames: "Frames") -> np.ndarray:
        """The mean row (Dp,) of evenly spaced frames, about one a second.

        Raises:
            UnusableFrames: no frame, or not (T, H, W, 3) bytes.
        """
        looked_at = choose_frames(len(frames.rgb), float(frames.duration_s))
        return np.asarray(self.pictures.see(frames.rgb[looked_at]).mean(axis=0))


def open_towers(
    *, audio: Wanted = DEFAULT_AUDIO, pictures: Wanted = DEFAULT_PICTURES, device: str = "cpu"
) -> LargeTowers:
    """The towers of two checkpoints; loads neither of them yet.

    Raises:
        RefusedCheckpoint: broken, non-commercial and not allowed, without a licence, or pickles.
        MissingCheckpoint: not on this machine and not to be had.
    """
    named = replace(pictures, name=name_of_tag(pictures.name))
    return LargeTowers(find_checkpoint(audio), find_checkpoint(named), device)
