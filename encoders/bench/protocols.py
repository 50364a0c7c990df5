"""The protocols of the bench by name; a protocol's module is imported when it is first run.

Each module has `validate`, metrics and `evaluate` on plain arrays, and `tabulate(setting)`.
"""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from encoders.bench.setting import Setting
from encoders.bench.table import Table

Protocol = Callable[[Setting], Table]

MODULES = {  # name -> module with `tabulate`; those that must hear much anew come last
    "emotion": "encoders.bench.emotion",
    "text": "encoders.bench.text",
    "moods": "encoders.bench.moods",
    "negation": "encoders.bench.negation",
    "antonyms": "encoders.bench.antonyms",
    "free_queries": "encoders.bench.free_queries",
    "halves": "encoders.bench.halves",
    "pairs": "encoders.bench.pairs",
    "hubness": "encoders.bench.hubness",
    "coverage": "encoders.bench.coverage",
    "agreement": "encoders.bench.agreement",
    "probe": "encoders.bench.probe",
    "scenes": "encoders.bench.scenes",
    "clips": "encoders.bench.clips",
    "wishes": "encoders.bench.wishes",
    "fusion": "encoders.bench.fusion",
    "instruments": "encoders.bench.instruments",
    "tempo": "encoders.bench.tempo",
    "key": "encoders.bench.key",
    "robustness": "encoders.bench.robustness",
}


def _tabulate(module: str, setting: Setting) -> Table:
    table: Table = import_module(module).tabulate(setting)
    return table


PROTOCOLS: dict[str, Protocol] = {
    name: partial(_tabulate, module) for name, module in MODULES.items()
}
