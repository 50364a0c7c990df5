"""Records what the towers must reach, which a test holds every change against.

Run `python -m benchmarks.gate --data DIR` after a training whose figures are better; it writes
`tests/fixtures/bench/gate.json`. It refuses to lower a floor unless told to with --lower.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from encoders.bench.gate import EMOTIONS, HALVES, MOODS, OPPOSITES, measure_gate, measure_random
from encoders.bench.setting import Setting
from encoders.embed import load_embedder

OUT = Path(__file__).parent.parent / "tests" / "fixtures" / "bench" / "gate.json"
# What a training with other seeds may lose.
MARGINS = {EMOTIONS: 0.05, OPPOSITES: 0.1, MOODS: 0.04, HALVES: 0.05}

Gate = Mapping[str, Mapping[str, float]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, compare and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--lower", action="store_true", help="lower floors where figures fell")
    options = parser.parse_args(arguments)
    setting = Setting(embedder=load_embedder(), data_dir=options.data)
    gate = make_gate(measure_gate(setting), measure_random(setting))
    lowered = lowered_floors(gate, read_gate(options.out))
    if lowered and not options.lower:
        raise SystemExit(f"these floors would fall: {', '.join(lowered)}; --lower allows it")
    options.out.write_text(json.dumps(gate, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(gate, indent=2))


def make_gate(values: Mapping[str, float], random: Mapping[str, float]) -> Gate:
    """Value, floor and what random features reach, by figure."""
    return {
        name: {
            "measured": round(value, 4),
            "floor": round(value - MARGINS[name], 4),
            "random": round(random[name], 4),
        }
        for name, value in values.items()
    }


def lowered_floors(gate: Gate, before: Gate) -> list[str]:
    """The figures whose floor would fall."""
    return [n for n, g in gate.items() if n in before and g["floor"] < before[n]["floor"]]


def read_gate(path: Path = OUT) -> Gate:
    """What was recorded last, nothing where nothing was."""
    if not path.exists():
        return {}
    gate: Gate = json.loads(path.read_text(encoding="utf-8"))
    return gate


if __name__ == "__main__":
    main()
