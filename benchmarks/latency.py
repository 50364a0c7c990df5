"""How long a text question takes: over gRPC, and its parts alone - text tower, vector search.

Run from the repository's root: `python -m benchmarks.latency [--home HOME] [--questions 200]`.
Without --home the demo's catalogue is imported into a temporary one. Every question is new, so no
cache answers; the server is a process of its own on the loopback address.
"""

import argparse
import contextlib
import itertools
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from services.cli.demo import demo_folder
from temptrack.client import Client
from temptrack.errors import UnreachableError

MOODS = ("calm", "sad", "joyful", "tense", "tender", "powerful", "dreamy", "playful")
KINDS = ("piano", "guitar", "strings", "electronic", "orchestral", "folk", "jazz", "ambient")
PLACES = ("for a train ride", "in the rain", "at night", "in a market", "by the sea", "in winter")
COMMAND = Path(sys.executable).with_name("temptrack")  # the one of this environment
NUM_WARM_UPS = 10
START_S = 120.0
K = 200

Row = dict[str, str | int | float]
Item = TypeVar("Item")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print a table, or JSON with --json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home with music; the demo's otherwise")
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with contextlib.ExitStack() as stack:
        home = options.home or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if options.home is None:
            temptrack("--home", str(home), "import", str(demo_folder() / "catalogue.jsonl"))
        table = measure(home, questions(options.questions + NUM_WARM_UPS))
    if options.json:
        json.dump(table, sys.stdout, indent=2)
        print()
    else:
        print_table(table)


def questions(count: int) -> list[str]:
    """As many different sentences, always the same ones."""
    combined = (" ".join(words) for words in itertools.product(MOODS, KINDS, PLACES))
    return list(itertools.islice(combined, count))


def measure(home: Path, texts: Sequence[str]) -> list[Row]:
    """One row for the whole answer and one for each of its parts."""
    with serving(home) as address, Client(address) as client:
        tracks = client.status()
        answers = time_each(lambda text: client.find_music(text), texts)
    towers, search = measure_parts(home, texts)
    size: Row = {"tracks": tracks.num_tracks, "rows": tracks.generation_rows}
    rows = (("FindMusic over gRPC", answers), ("text tower", towers), ("vector search", search))
    return [size | {"what": name} | percentiles(taken) for name, taken in rows]


def measure_parts(home: Path, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    """Seconds of the text tower and of the search of the live generation, for each question."""
    from encoders.embed import load_embedder
    from index.generation import GenerationStore

    embedder = load_embedder()
    towers = time_each(lambda text: embedder.embed_text(text), texts)
    vectors = [embedder.embed_text(text).vector[None] for text in texts]
    live = GenerationStore(home / "generations").live()
    if live is None:
        raise SystemExit(f"{home} has no generation yet; run temptrack --home {home} reindex")
    return towers, time_each(lambda vector: live.index.search(vector, K), vectors)


def time_each(call: Callable[[Item], object], items: Sequence[Item]) -> list[float]:
    """Seconds of each call, the first few left out."""
    taken = []
    for item in items:
        start = time.perf_counter()
        call(item)
        taken.append(time.perf_counter() - start)
    return taken[NUM_WARM_UPS:]


def percentiles(taken: Sequence[float]) -> Row:
    """Number of calls, and milliseconds of the middle one and of the 95th in a hundred."""
    middle, late = np.percentile(taken, (50, 95)) * 1000
    return {"questions": len(taken), "p50_ms": float(middle), "p95_ms": float(late)}


@contextlib.contextmanager
def serving(home: Path) -> Iterator[str]:
    """A server of its own process for a home, by its address, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    server = subprocess.Popen([COMMAND, "--home", str(home), "serve", "--address", address])
    try:
        wait_for(address)
        yield address
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str) -> None:
    """Returns once a server answers.

    Raises:
        UnreachableError: none does after two minutes.
    """
    end = time.monotonic() + START_S
    with Client(address) as client:
        while True:
            try:
                client.status()
                return
            except UnreachableError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)


def temptrack(*arguments: str) -> None:
    """Runs a command to its end."""
    subprocess.run([COMMAND, *arguments], check=True)


def print_table(table: Sequence[Row]) -> None:
    """Prints the rows, each with its share of the whole."""
    whole = float(table[0]["p50_ms"])
    print(f"{table[0]['tracks']} tracks, {table[0]['rows']} rows")
    print(f"{'what':22} {'N':>5} {'p50 ms':>8} {'p95 ms':>8} {'share of p50':>13}")
    for row in table:
        share = float(row["p50_ms"]) / whole
        print(
            f"{row['what']:22} {row['questions']:5} {row['p50_ms']:8.1f} {row['p95_ms']:8.1f} "
            f"{share:13.2f}"
        )


if __name__ == "__main__":
    main()
