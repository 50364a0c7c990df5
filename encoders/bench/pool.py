"""The recordings that texts are asked of where no listener's answer is needed.

Every track of `stock` and `emotify` and the test split of `audio`: songs, background music and
games, none of which trained the heads.
"""

from pathlib import Path

from encoders.training.manifests import Track, read_tracks

POOL = "stock + audio test + emotify"


def pool_tracks(data_dir: Path) -> list[Track]:
    """The pool in a fixed order.

    Raises:
        FileNotFoundError: the folder lacks one of the manifests.
    """
    games = [t for t in read_tracks(data_dir, "audio") if t.split == "test"]
    return [*read_tracks(data_dir, "stock"), *games, *read_tracks(data_dir, "emotify")]
