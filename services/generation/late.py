"""A composer that loads its weights with its first piece: most processes never compose."""

import threading
from typing import TYPE_CHECKING

from services.generation.compose import ComposesMusic

if TYPE_CHECKING:
    from symbolic.brief import Brief
    from symbolic.compose import Composition


class LateComposer:
    """Holds the shipped composer once a piece was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._composer: ComposesMusic | None = None

    def compose(self, brief: "Brief", *, seed: int, num_candidates: int = 8) -> "Composition":
        """The best of some candidates."""
        with self._lock:
            if self._composer is None:
                from symbolic.compose import load_composer

                self._composer = load_composer()
        return self._composer.compose(brief, seed=seed, num_candidates=num_candidates)
