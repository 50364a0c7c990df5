"""What the index refuses, as named errors with a reason; knows nothing of transport.

VectorIndexError
├── InvalidVectors (ValueError)      not float32 rows
│   ├── WrongDimension               rows of another width than the index
│   ├── NotFinite                    NaN or infinity
│   └── NotUnitLength                rows that are not normalised
├── InvalidIds (ValueError)          not int64, negative, given twice, or unknown
├── InvalidCount (ValueError)        k or a number of rows that means nothing
├── UnknownEngine (ValueError)
├── UnreadableIndex                  index files that are missing or damaged
└── GenerationError
    ├── GateFailed                   a new index answers worse than allowed; carries the numbers
    ├── CorruptGeneration            files that are not the ones that were published
    ├── UnsupportedGeneration        written by a newer program
    ├── NoEarlierGeneration          nothing to roll back to
    ├── InvalidFileName (ValueError) an extra file whose name cannot be kept
    └── StoreBusy                    another writer is at work
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.gate import GateReport


class VectorIndexError(Exception):
    """The root of this package's errors."""

    reason = "INDEX_ERROR"


class InvalidVectors(VectorIndexError, ValueError):
    """Vectors are not float32 rows of shape (N, D)."""

    reason = "INDEX_INVALID_VECTORS"


class WrongDimension(InvalidVectors):
    """Rows are wider or narrower than the index."""

    reason = "INDEX_WRONG_DIMENSION"


class NotFinite(InvalidVectors):
    """Rows hold NaN or infinity."""

    reason = "INDEX_NOT_FINITE"


class NotUnitLength(InvalidVectors):
    """Rows are not of unit length."""

    reason = "INDEX_NOT_UNIT_LENGTH"


class InvalidIds(VectorIndexError, ValueError):
    """Ids are not int64, are negative, are given twice, or are not in the index."""

    reason = "INDEX_INVALID_IDS"


class InvalidCount(VectorIndexError, ValueError):
    """A count is outside what can be meant."""

    reason = "INDEX_INVALID_COUNT"


class UnknownEngine(VectorIndexError, ValueError):
    """No engine has this name."""

    reason = "INDEX_UNKNOWN_ENGINE"


class UnreadableIndex(VectorIndexError):
    """An index's files are missing, damaged or of another kind."""

    reason = "INDEX_UNREADABLE"


class GenerationError(VectorIndexError):
    """The root of what a generation store refuses."""

    reason = "GENERATION_ERROR"


class GateFailed(GenerationError):
    """A new index answers worse than allowed; the live generation stays."""

    reason = "GENERATION_GATE_FAILED"

    def __init__(self, report: "GateReport") -> None:
        super().__init__(f"The new generation was not published: {'; '.join(report.failures)}.")
        self.report = report


class CorruptGeneration(GenerationError):
    """A generation's files are not the ones that were published."""

    reason = "GENERATION_CORRUPT"


class UnsupportedGeneration(GenerationError):
    """A generation was written in a format that this program does not read."""

    reason = "GENERATION_UNSUPPORTED"


class NoEarlierGeneration(GenerationError):
    """There is no earlier generation to go back to."""

    reason = "GENERATION_NO_EARLIER"


class InvalidFileName(GenerationError, ValueError):
    """An extra file has a name that cannot be kept in a generation."""

    reason = "GENERATION_INVALID_FILE_NAME"


class StoreBusy(GenerationError):
    """Another writer is changing the store."""

    reason = "GENERATION_STORE_BUSY"
