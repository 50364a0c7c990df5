"""Keeps model libraries off the network and quiet while they open a folder; knows no model."""

import contextlib
import os
from collections.abc import Iterator

VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Make huggingface_hub and transformers refuse the network, then put the switches back.

    Both libraries read them when they are first imported, so imports belong inside as well.
    Progress bars, which would land on standard error, are off meanwhile.
    """
    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(dict.fromkeys(VARIABLES, "1"))
    from transformers.utils import logging as transformers_logging

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
