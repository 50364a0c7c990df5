"""The one GPU: a half-precision copy of the rows on it, and the one lock that owns it.

FAISS's GPU indexes are not safe even for concurrent reads, and two resource objects would each
take scratch memory, so every touch of the device happens under `_OWNER`. Whether there is a
device is asked at run time: the GPU wheel of FAISS also runs on machines without one.
"""

import functools
import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.vectors import Vectors

# FAISS's GPU kernels select no more than this many neighbours.
MAX_GPU_NEIGHBOURS = 2048
_SCRATCH_BYTES = 256 * 2**20
_OWNER = threading.Lock()


def has_gpu() -> bool:
    """True where FAISS sees a device."""
    import faiss

    return bool(faiss.get_num_gpus() > 0)


class GpuRows:
    """A copy of a FAISS half-precision index on the first GPU; proposes candidates only."""

    # Any: FAISS has no types of its own.
    def __init__(self, rows: Any) -> None:
        import faiss

        with _OWNER:
            self._copy = faiss.index_cpu_to_gpu(_resources(), 0, rows)

    def propose(self, queries: Vectors, count: int) -> tuple[Vectors, NDArray[np.int64]]:
        """Relevances and positions (Q, count), best first; count is at most MAX_GPU_NEIGHBOURS.

        The device rounds queries to half precision too, so the relevances are for choosing
        candidates, not for answers.
        """
        with _OWNER:
            relevances, positions = self._copy.search(queries, count)
        return relevances, positions


@functools.cache
def _resources() -> Any:
    import faiss

    resources = faiss.StandardGpuResources()
    resources.setTempMemory(_SCRATCH_BYTES)
    return resources
