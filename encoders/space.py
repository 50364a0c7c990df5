"""The name of an embedding space: vectors of two spaces never mix; knows no vector.

The hash is over what moves a stored vector: the weights of trunks and heads and the constants of
preprocessing. A card's prose or a licence text does not change it, nor do the lists of words,
which only choose among directions that are weights themselves.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

DIMENSION = 256
HASH_DIGITS = 16


@dataclass(frozen=True, kw_only=True)
class Space:
    """Holds the name and the hash of a space; `str` of it is "small-0123456789abcdef"."""

    name: str
    hash: str
    dimension: int = DIMENSION

    def __str__(self) -> str:
        return f"{self.name}-{self.hash}"


def name_space(name: str, parts: Mapping[str, str | int | float]) -> Space:
    """The space that these parts make: weight hashes and preprocessing constants by name."""
    lines = [f"{key}={parts[key]}" for key in sorted(parts)]
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return Space(name=name, hash=digest[:HASH_DIGITS])
