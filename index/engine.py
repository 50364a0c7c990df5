"""Which engine a name means: builds and loads it; knows nothing of generations."""

from pathlib import Path
from typing import Literal, get_args

from index.errors import UnknownEngine
from index.exact import build_exact, load_exact
from index.flat import build_flat, load_flat
from index.vectors import Ids, VectorIndex, Vectors

Engine = Literal["flat", "exact"]
ENGINES: tuple[str, ...] = get_args(Engine)


def build_index(engine: str, ids: Ids, vectors: Vectors) -> VectorIndex:
    """Build an index of ids (N,) int64 and unit rows (N, D) float32; N may be 0.

    Raises:
        UnknownEngine: No engine has this name.
        InvalidVectors: Rows are not finite float32 unit rows.
        InvalidIds: Ids are not one unique non-negative int64 for each row.
    """
    match engine:
        case "flat":
            return build_flat(ids, vectors)
        case "exact":
            return build_exact(ids, vectors)
    raise _unknown(engine)


def load_index(folder: Path, engine: str) -> VectorIndex:
    """Load what `VectorIndex.save` of this engine wrote.

    Raises:
        UnknownEngine: No engine has this name.
        UnreadableIndex: Files are missing, damaged or of another kind.
    """
    match engine:
        case "flat":
            return load_flat(folder)
        case "exact":
            return load_exact(folder)
    raise _unknown(engine)


def _unknown(engine: str) -> UnknownEngine:
    return UnknownEngine(f"engine is {engine!r}; allowed: {', '.join(ENGINES)}.")
