"""How fast music is imported, and in how much memory; that a second import adds nothing.

Run from the repository's root: `python -m benchmarks.importing MUSIC [--json]`, where MUSIC is a
folder or a manifest; without it the demo's catalogue is taken. The home is a temporary one. Peak
memory is that of the largest single process: the server's, or a decoding child's.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.cli.demo import demo_folder


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print, as JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("music", type=Path, nargs="?", default=demo_folder() / "catalogue.jsonl")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        first, second = import_into(home, options.music), import_into(home, options.music)
    found = {
        "sound_s": first["sound_s"],
        "elapsed_s": first["elapsed_s"],
        "sound_s_per_s": first["sound_s"] / first["elapsed_s"],
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
        "added": first["added"],
        "refused": first["refused"],
        "second_added": second["added"] + second["updated"],
        "second_whole_s": second["whole_s"],
    }
    if options.json:
        json.dump(found, sys.stdout, indent=2)
        print()
    else:
        for name, value in found.items():
            print(f"{name:18} {value:10.1f}")


def import_into(home: Path, music: Path) -> dict[str, Any]:
    """What `temptrack import --json` says, and the seconds of the whole command."""
    command = [
        Path(sys.executable).with_name("temptrack"),
        "--home",
        str(home),
        "import",
        "--json",
    ]
    start = time.perf_counter()
    done = subprocess.run([*command, str(music)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr)
    # Any: the shape is that of the command's answer.
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said | {"whole_s": time.perf_counter() - start}


if __name__ == "__main__":
    main()
