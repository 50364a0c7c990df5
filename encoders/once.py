"""A thing that is loaded when it is first asked for; knows not what."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Loads a thing when it is first asked for, once, whichever thread asks."""

    def __init__(self, load: Callable[[], T]) -> None:
        self._load = load
        self._loaded: T | None = None
        self._lock = threading.Lock()

    def get(self) -> T:
        """The thing."""
        with self._lock:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded
