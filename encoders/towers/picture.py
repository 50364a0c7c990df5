"""Light, colour, motion and cuts of a clip, with units; knows no network and no music.

T frames of a clip are read at their own times; pictures are averaged down to about 64 rows first,
so compression noise is not motion. Black bars around the picture are left out.
"""

from dataclasses import dataclass

import numpy as np

SMALL_ROWS = 64
BAR_LEVEL = 20  # of 255: a row or column that never exceeds it is a black bar
BAR_FRAMES = 30  # so many frames, evenly spaced, show where the bars are
HISTOGRAM_LEVELS = 6  # per channel, 216 bins
DARK = 0.05  # added to the value, so that noise on black is not a pure colour
CUT_DISTANCE = 0.35  # share of the pixels that changed their bin
CUT_CONTRAST = 2.5  # times the usual distance around it
NEIGHBOURS = 4  # frames on both sides
LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)  # ITU-R BT.709


@dataclass(frozen=True, kw_only=True)
class PictureMeasures:
    """Holds what the pixels say, averaged over the clip."""

    brightness: float  # 0 black to 1 white: mean of the HSV value
    saturation: float  # 0 grey to 1 pure colour: HSV saturation, bright pixels counting more
    warmth: float  # -1 blue to 1 red: mean of red minus blue
    motion: float  # change of luma a second, share of full scale, cuts left out
    cuts_per_minute: float
    shot_starts: tuple[int, ...]  # first frames of the shots, 0 included
    seconds: float  # from the first frame to the last


def measure_picture(rgb: np.ndarray, times_s: np.ndarray) -> PictureMeasures:
    """Measure (T, H, W, 3) uint8 frames shown at (T,) seconds; T may be 1."""
    small = shrink_frames(crop_bars(rgb)).astype(np.float32) / 255.0  # (T, h, w, 3)
    shot_starts = find_shots(small)
    value, lowest = small.max(axis=3), small.min(axis=3)
    chroma = value - lowest
    return PictureMeasures(
        brightness=float(value.mean()),
        saturation=float(chroma.mean() / (value.mean() + DARK)),
        warmth=float((small[..., 0] - small[..., 2]).mean()),
        motion=_measure_motion(small, times_s, shot_starts),
        cuts_per_minute=_cut_rate(times_s, shot_starts),
        shot_starts=shot_starts,
        seconds=float(times_s[-1] - times_s[0]),
    )


def crop_bars(rgb: np.ndarray) -> np.ndarray:
    """The frames without edge rows and columns that stay black; a black clip stays whole."""
    step = max(1, len(rgb) // BAR_FRAMES)
    brightest = rgb[::step].max(axis=(0, 3))  # (H, W)
    rows = np.flatnonzero(brightest.max(axis=1) > BAR_LEVEL)
    columns = np.flatnonzero(brightest.max(axis=0) > BAR_LEVEL)
    if len(rows) == 0:
        return rgb
    return rgb[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def shrink_frames(rgb: np.ndarray) -> np.ndarray:
    """Frames averaged over square blocks down to 64 to 127 rows (or left alone), uint8."""
    block = max(1, min(rgb.shape[1:3]) // SMALL_ROWS)
    height, width = rgb.shape[1] // block, rgb.shape[2] // block
    frames = [_shrink_frame(frame, block, height, width) for frame in rgb]
    return np.stack(frames)


def _shrink_frame(frame: np.ndarray, block: int, height: int, width: int) -> np.ndarray:
    cut = frame[: height * block, : width * block]
    rows = cut.reshape(height, block, -1).sum(axis=1, dtype=np.uint16)  # (h, W * 3)
    total = rows.reshape(height, width, block, 3).sum(axis=2, dtype=np.uint32)  # (h, w, 3)
    return np.asarray((total + block * block // 2) // (block * block), dtype=np.uint8)


def find_shots(small: np.ndarray) -> tuple[int, ...]:
    """First frame of each shot: where the colour histogram jumps far more than around it."""
    histograms = np.stack([_histogram(frame) for frame in small])
    distance = np.abs(np.diff(histograms, axis=0)).sum(axis=1) / 2.0  # (T - 1,)
    starts = [0]
    for i, jump in enumerate(distance):
        near = np.r_[distance[max(0, i - NEIGHBOURS) : i], distance[i + 1 : i + 1 + NEIGHBOURS]]
        usual = float(np.median(near)) if len(near) else 0.0
        if jump > CUT_DISTANCE and jump > CUT_CONTRAST * usual:
            starts.append(i + 1)
    return tuple(starts)


def _histogram(frame: np.ndarray) -> np.ndarray:
    """(216,) share of the pixels in each colour bin."""
    levels = np.minimum((frame * HISTOGRAM_LEVELS).astype(np.int64), HISTOGRAM_LEVELS - 1)
    bins = (levels * [HISTOGRAM_LEVELS**2, HISTOGRAM_LEVELS, 1]).sum(axis=2).ravel()
    return np.bincount(bins, minlength=HISTOGRAM_LEVELS**3) / len(bins)


def _measure_motion(small: np.ndarray, times_s: np.ndarray, shot_starts: tuple[int, ...]) -> float:
    luma = small @ LUMA  # (T, h, w)
    change = np.abs(np.diff(luma, axis=0)).mean(axis=(1, 2))
    seconds = np.maximum(np.diff(times_s.astype(np.float64)), 1e-3)
    inside = np.ones(len(change), dtype=bool)
    inside[[start - 1 for start in shot_starts[1:]]] = False
    return float((change / seconds)[inside].mean()) if inside.any() else 0.0


def _cut_rate(times_s: np.ndarray, shot_starts: tuple[int, ...]) -> float:
    """Cuts a minute; a clip of one frame has none."""
    seconds = float(times_s[-1] - times_s[0])
    return 60.0 * (len(shot_starts) - 1) / seconds if seconds > 0 else 0.0
