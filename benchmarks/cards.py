"""Figures of the trunks that stand on their cards, and the cards with them.

Run `python -m benchmarks.cards --data DIR` after a conversion; features of sounds come from the
cache. Every figure has its number of items, chance and a 95 % interval (bootstrap over artists,
clips or captions).

- MusiCNN: the tag "rock" tells rock from classical, electronic and pop (Emotify); the tags
  "acoustic" less "electronic" tell the two apart (stock).
- MiniLM: a caption finds the list of aspects that was written for the same excerpt, among 500
  (MusicCaps, evaluation part).
- EfficientNet-Lite0: what is seen in a clip finds the sentence that describes it.
"""

import argparse
import csv
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from encoders.bench.tracks import read_features
from encoders.cards import complete_card
from encoders.metrics import auroc, bootstrap_interval, recall_at_k
from encoders.towers.clip import view_clip
from encoders.training.manifests import Track, read_tracks
from encoders.trunks.checkpoint import WEIGHTS
from encoders.trunks.efficientnet import load_efficientnet
from encoders.trunks.minilm import load_minilm
from encoders.trunks.musicnn import TAGS
from media.limits import Limits
from media.video import read_frames

COMMAND = "python -m benchmarks.cards --data DATA"
NUM_CAPTIONS = 500
CODEC = "codec"  # the tag of clips that show a container, not a thing

Figure = dict[str, str | float]


def main() -> None:
    """Measure, and complete the three cards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data_dir = parser.parse_args().data
    for name, figures in {
        "musicnn": [rock_by_tag(data_dir), acoustic_by_tags(data_dir)],
        "minilm": [captions_find_aspects(data_dir)],
        "efficientnet": [clips_find_sentences(data_dir)],
    }.items():
        complete_card(WEIGHTS / name, {"figures": figures})
        print(name, json.dumps(figures, indent=2))


def rock_by_tag(data_dir: Path) -> Figure:
    """AUROC of the tag "rock" for the genre."""
    tracks = read_tracks(data_dir, "emotify")
    logits, kept = _tags(tracks)
    right = np.array([t.labels["genre"] == "rock" for t in kept])
    return _auroc_figure(
        "AUROC of the tag 'rock' for the genre", "Emotify", logits[:, TAGS.index("rock")], right,
        [t.artist or t.id for t in kept],
    )  # fmt: skip


def acoustic_by_tags(data_dir: Path) -> Figure:
    """AUROC of the tag "acoustic" less the tag "electronic"."""
    logits, kept = _tags(read_tracks(data_dir, "stock"))
    scores = logits[:, TAGS.index("acoustic")] - logits[:, TAGS.index("electronic")]
    right = np.array(["acoustic" in t.id for t in kept])
    what = "AUROC of 'acoustic' less 'electronic'"
    return _auroc_figure(what, "stock", scores, right, [t.id for t in kept])


def captions_find_aspects(data_dir: Path) -> Figure:
    """R@1 of captions among lists of aspects."""
    with (data_dir / "text" / "musiccaps.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["is_audioset_eval"] == "True"]
    chosen = [rows[i] for i in np.random.default_rng(0).permutation(len(rows))[:NUM_CAPTIONS]]
    trunk = load_minilm()
    captions = trunk.sentence_vectors([row["caption"] for row in chosen])
    aspects = trunk.sentence_vectors([row["aspect_list"].strip("[]") for row in chosen])
    return _recall_figure(
        "R@1, a caption finds its list of aspects", "MusicCaps, evaluation part",
        captions @ aspects.T,
    )  # fmt: skip


def clips_find_sentences(data_dir: Path) -> Figure:
    """R@1 of camera clips among the sentences that describe them."""
    text = (data_dir / "clips.jsonl").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in text.splitlines()]
    trunk, views, sentences = load_efficientnet(), [], []
    for row in rows:
        if row["kind"] != "clip" or CODEC in row["tags"]:
            continue
        views.append(view_clip(read_frames(data_dir / row["file"], Limits()), trunk))
        sentences.append(row["description"])
    seen = np.stack([view.sentence_vector for view in views])
    scores = seen @ load_minilm().sentence_vectors(sentences).T
    return _recall_figure("R@1, what is seen in a clip finds its sentence", "clips", scores)


def _tags(tracks: Sequence[Track]) -> tuple[np.ndarray, list[Track]]:
    """Mean tag logits (N, 50) of the tracks that can be heard."""
    features = read_features(tracks)
    kept = [track for track in tracks if track.id in features]
    return np.stack([features[t.id].tag_logits.mean(axis=0) for t in kept]), kept


def _auroc_figure(
    what: str, on: str, scores: np.ndarray, right: np.ndarray, groups: Sequence[str]
) -> Figure:
    def statistic(rows: np.ndarray) -> float:
        one_class = right[rows].all() or not right[rows].any()
        return np.nan if one_class else auroc(scores[rows], right[rows])

    interval = bootstrap_interval(groups, statistic)
    return _figure(what, on, len(scores), 0.5, asdict(interval))


def _recall_figure(what: str, on: str, scores: np.ndarray) -> Figure:
    right = np.eye(len(scores), dtype=bool)
    names = [str(i) for i in range(len(scores))]
    interval = bootstrap_interval(names, lambda rows: recall_at_k(scores[rows], right[rows], 1))
    return _figure(what, on, len(scores), 1.0 / len(scores), asdict(interval))


def _figure(what: str, on: str, count: int, chance: float, interval: dict[str, float]) -> Figure:
    rounded = {name: round(value, 4) for name, value in interval.items()}
    return {
        "what": what, "on": on, "n": count, **rounded, "chance": round(chance, 4),
        "command": COMMAND,
    }  # fmt: skip


if __name__ == "__main__":
    main()
