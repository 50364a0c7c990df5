"""Imports single modules of open_clip without the rest of the package; knows no model.

`import open_clip` brings its training side, torchvision's transforms and every tower that it can
build: about a second of processor time that a question in words would wait for.
"""

import importlib
import importlib.util
import sys
import threading
from types import ModuleType

PACKAGE = "open_clip"
_lock = threading.Lock()


def import_open_clip(name: str) -> ModuleType:
    """One module, "hf_model" for `open_clip.hf_model`; `import open_clip` still works after it.

    Raises:
        ModuleNotFoundError: open_clip is not installed, or has no such module.
    """
    with _lock:
        if PACKAGE in sys.modules:
            return importlib.import_module(f"{PACKAGE}.{name}")
        spec = importlib.util.find_spec(PACKAGE)
        if spec is None:
            raise ModuleNotFoundError(f"no module named {PACKAGE!r}", name=PACKAGE)
        # The package as it is before its own code runs: it says where its modules lie.
        sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
        try:
            return importlib.import_module(f"{PACKAGE}.{name}")
        finally:
            del sys.modules[PACKAGE]
