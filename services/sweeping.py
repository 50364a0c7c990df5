"""Does one small thing again and again in a thread of its own; knows not what."""

import logging
import threading
from collections.abc import Callable

logger = logging.getLogger(__name__)


class Sweeper:
    """Calls `sweep` every so many seconds until it is closed; an error is logged and tried again.

    Args:
        sweep: What is done; answers with how many things it removed.
        every_s: Seconds between two calls.
    """

    def __init__(self, sweep: Callable[[], int], *, every_s: float) -> None:
        self._sweep = sweep
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ends after the call under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                num_removed = self._sweep()
            except OSError:  # a full or failing disk: it may be well again the next time
                logger.exception("could not sweep")
                continue
            if num_removed:
                logger.info("%s expired uploads were removed", num_removed)
