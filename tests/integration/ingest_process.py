"""An import in a process of its own that says when it holds the given number of tracks, and waits.

Arguments: folder, database URL, number of tracks. The test kills it.
"""

import sys
import time
from pathlib import Path
from typing import Any

from services.catalogue.importing import IMPORT_KIND
from services.database import Sessions, open_database
from tests.unit.ingest_rig import at, make_rig


def main(folder: Path, url: str, num_tracks: int) -> None:
    rig = make_rig(folder, Sessions(open_database(url)))
    embed = rig.embedder.embed_sound

    def embed_sound(sound: Any) -> Any:
        if rig.embedder.num_sounds == num_tracks:
            sys.stdout.write("ready\n")
            sys.stdout.flush()
            time.sleep(600)
        return embed(sound)

    rig.embedder.embed_sound = embed_sound  # type: ignore[method-assign]
    runner = rig.runner()
    sources = [at(path) for path in sorted(rig.music.iterdir())]
    runner.wait(runner.start(IMPORT_KIND, {"sources": sources}), 600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
