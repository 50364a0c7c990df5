"""Directions along which recordings differ more than a recording differs from itself.

    directions = likeness_directions(patches, owners, changes, num=162)      # (F, 162)

A recording's patches scatter within it, and coding, filters, a shift of pitch or another sound
font move them too. That scatter, not the scatter of all music, is made white (within-class
covariance normalisation: Hatch, Kajarekar and Stolcke, Interspeech 2006), and of the white space
the directions are kept in which recordings lie farthest apart (linear discriminant analysis). The
cosine of two sounds along them is their likeness. P patches, F features; knows no file.
"""

from collections.abc import Sequence

import numpy as np

NUM_COMPONENTS = 500  # principal components of the patches in which it is all done
CHANGES_SHARE = 0.5  # scatter of what changes do beside the scatter within recordings
SHRINKAGE = 0.2  # of the within scatter towards its diagonal in principal components


def likeness_directions(
    patches: np.ndarray, owners: np.ndarray, changes: Sequence[np.ndarray], *, num: int
) -> np.ndarray:
    """Directions (F, up to `num`), most telling first; each has unit spread over all patches.

    Args:
        patches: (P, F) standardised patches of recordings.
        owners: (P,) the recording of each.
        changes: (C, F) arrays, one for each kind: how far a change moves a patch.
        num: most directions.
    """
    means = np.stack([patches[owners == one].mean(axis=0) for one in np.unique(owners)])
    places = np.searchsorted(np.unique(owners), owners)
    components = _components(patches)  # (F, E)
    within = _scatter((patches - means[places]) @ components)
    for moved in changes:
        within += CHANGES_SHARE * 0.5 * _scatter(moved @ components)
    white = components @ _whitening(within)  # (F, E)
    return np.asarray(white @ _telling(_scatter(means @ white), num))


def _components(patches: np.ndarray) -> np.ndarray:
    """(F, E) principal components, largest first; those without spread are left out."""
    spreads, components = np.linalg.eigh(_scatter(patches))
    kept = np.flatnonzero(spreads[::-1] > 1e-6 * spreads[-1])[:NUM_COMPONENTS]
    return np.asarray(components[:, ::-1][:, kept])


def _whitening(within: np.ndarray) -> np.ndarray:
    """(E, E) map that makes the shrunk scatter within recordings the same in all directions."""
    diagonal = np.diag(np.diag(within))
    shrunk = (1.0 - SHRINKAGE) * within + SHRINKAGE * diagonal
    spreads, axes = np.linalg.eigh(shrunk)
    return np.asarray(axes / np.sqrt(np.maximum(spreads, 1e-6 * spreads[-1])))


def _telling(between: np.ndarray, num: int) -> np.ndarray:
    """(E, num) directions in which recordings lie farthest apart, scaled to unit spread in all."""
    spreads, axes = np.linalg.eigh(between)
    spreads, axes = spreads[::-1][:num], axes[:, ::-1][:, :num]
    signs = np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    return np.asarray(signs * axes / np.sqrt(1.0 + spreads))


def _scatter(rows: np.ndarray) -> np.ndarray:
    """(E, E) mean of the squared rows."""
    exact = rows.astype(np.float64)
    return np.asarray(exact.T @ exact / len(rows))
