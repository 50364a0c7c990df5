"""A second stage on listening feedback: what is heard together moves together, the rest stays.

    temptrack train feedback --lists lists.tsv --out OUT

    feedback = read_feedback(Path("lists.tsv"))         # list id, track id, 1 where it was skipped
    learned = train_feedback(presets.feedback(), vectors, feedback)      # track id -> (D,)
    learned.report                                      # before, after, what is left of the space
    learned.map.apply(rows)                             # (N, D) unit rows

The track vectors are frozen; what is learned is a residual of low rank, y = unit(x + x A B), from
B = 0 on, so nothing moves that feedback does not speak of. Tracks of one list attract, the other
tracks of a batch repel unless they share a list (InfoNCE), a track that was skipped in a list
repels that list's tracks. A second term holds every cosine of the batch where it was.

As in hierarchical two-stage contrastive learning (Pan et al., ICMR 2025) the first stage's meaning
is to be kept; there by explicit feedback alone, here by a term and a test of its own. Use it for
"more like this" and playlists. Not for words: those are compared with vectors of the first stage.

Off until there is enough: `train_feedback` refuses few lists, and says of the result whether held-
out lists gained and the space was kept. N tracks, D dimensions, R rank, B pairs of a batch.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.errors import NotEnoughFeedback
from encoders.metrics import Interval, bootstrap_interval, paired_difference, spearman
from encoders.training import presets
from encoders.training.losses import masked_info_nce
from encoders.training.presets import FeedbackConfig

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NEIGHBOURS = 10
NUM_COMPARED = 500  # tracks whose neighbours and cosines are compared before and after
HELD_OUT_EVERY = 5  # of so many lists one is held out

Report = Callable[[str, int, int, float | None], None]  # stage, done, of how many, last loss


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What was heard together: tracks by list, and those that were skipped there."""

    heard: Mapping[str, tuple[str, ...]]
    skipped: Mapping[str, tuple[str, ...]]

    @property
    def num_pairs(self) -> int:
        """Pairs of different tracks in one list, over all lists."""
        return sum(len(tracks) * (len(tracks) - 1) // 2 for tracks in self.heard.values())


@dataclass(frozen=True, kw_only=True, eq=False)
class FeedbackMap:
    """The learned residual; float32 arrays."""

    down: np.ndarray  # (D, R)
    up: np.ndarray  # (R, D)

    def apply(self, rows: np.ndarray) -> np.ndarray:
        """Unit rows (N, D) of rows (N, D)."""
        moved = rows + rows @ self.down @ self.up
        return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class FeedbackReport:
    """What the second stage did to lists that it had not seen, and to the space.

    Attributes:
        num_lists: That were learned from.
        num_held_out: That it was judged by.
        before: Recall among the first ten of the rest of a list, by one of its tracks.
        after: The same with the map.
        gain: After less before, on the same lists.
        overlap: Share of the ten nearest tracks that are the same as before.
        order: Spearman correlation of all cosines with those before.
        kept: Whether it may be used: a gain for sure, and the space still the same.
    """

    num_lists: int
    num_held_out: int
    before: Interval
    after: Interval
    gain: Interval
    overlap: float
    order: float
    kept: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Learned:
    """The map and what is to be thought of it."""

    map: FeedbackMap
    report: FeedbackReport


def read_feedback(path: Path) -> Feedback:
    """Lists from a file: tab separated (list, track[, 1 if skipped]) or one JSON object a line.

    JSON lines name `list` and `track`, and `skipped` where it was. A track counts once a list.

    Raises:
        ValueError: a line has no list or no track.
    """
    heard: dict[str, dict[str, None]] = {}
    skipped: dict[str, dict[str, None]] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        name, track, was_skipped = _parse(line, number)
        (skipped if was_skipped else heard).setdefault(name, {})[track] = None
    return Feedback(
        heard={name: tuple(tracks) for name, tracks in heard.items()},
        skipped={name: tuple(tracks) for name, tracks in skipped.items()},
    )


def train_feedback(
    config: FeedbackConfig,
    vectors: Mapping[str, np.ndarray],
    feedback: Feedback,
    progress: Report | None = None,
) -> Learned:
    """Learn the map from four fifths of the lists and judge it by the rest.

    Args:
        config: the preset.
        vectors: unit vectors (D,) of the first stage by track; tracks without one are left out.
        feedback: what was heard together.
        progress: hears of each epoch.

    Raises:
        NotEnoughFeedback: fewer lists or pairs than the preset wants.
    """
    known = _known(feedback, vectors)
    _refuse_little(config, known)
    ids = sorted(vectors)
    rows = np.stack([vectors[i] for i in ids]).astype(np.float32)
    place = {track: i for i, track in enumerate(ids)}
    lists = [[place[t] for t in known.heard[name]] for name in sorted(known.heard)]
    skips = [[place[t] for t in known.skipped.get(name, ())] for name in sorted(known.heard)]
    held_out = lists[::HELD_OUT_EVERY]
    kept = [i for i in range(len(lists)) if i % HELD_OUT_EVERY]
    learned = _learn(config, rows, [lists[i] for i in kept], [skips[i] for i in kept],
                     progress)  # fmt: skip
    return Learned(
        map=learned, report=judge(config, rows, learned.apply(rows), held_out, len(kept))
    )


def judge(
    config: FeedbackConfig,
    before: np.ndarray,
    after: np.ndarray,
    held_out: Sequence[Sequence[int]],
    num_lists: int,
) -> FeedbackReport:
    """Compare (N, D) vectors before and after by lists that were not learned from."""
    groups = [str(i) for i in range(len(held_out))]
    old = np.array([list_recall(before, tracks) for tracks in held_out])
    new = np.array([list_recall(after, tracks) for tracks in held_out])
    gain = paired_difference(groups, lambda i: new[i].mean(), lambda i: old[i].mean())
    overlap, order = neighbour_overlap(before, after), cosine_order(before, after)
    space_kept = overlap >= config.least_overlap and order >= config.least_order
    return FeedbackReport(
        num_lists=num_lists,
        num_held_out=len(held_out),
        before=bootstrap_interval(groups, lambda i: old[i].mean()),
        after=bootstrap_interval(groups, lambda i: new[i].mean()),
        gain=gain,
        overlap=overlap,
        order=order,
        kept=bool(gain.low > 0 and space_kept),
    )


def list_recall(rows: np.ndarray, tracks: Sequence[int], k: int = NEIGHBOURS) -> float:
    """Share of a list's other tracks among the k nearest of each of its tracks, of (N, D) rows.

    Of no more than k others; ties count against the vectors.
    """
    scores = rows[list(tracks)] @ rows.T  # (T, N)
    found = []
    for score, own in zip(scores, tracks, strict=True):
        others = [track for track in tracks if track != own]
        score[own] = -np.inf
        better = (score[None] >= score[others][:, None]).sum(axis=1)  # itself included
        found.append(float((better <= k).sum()) / min(k, len(others)))
    return float(np.mean(found))


def neighbour_overlap(before: np.ndarray, after: np.ndarray, k: int = NEIGHBOURS) -> float:
    """Mean share of the k nearest rows that are the same, over some 500 of (N, D) rows."""
    chosen = _compared(len(before))
    shares = []
    for row in chosen:
        near = [set(_nearest(rows, row, k).tolist()) for rows in (before, after)]
        shares.append(len(near[0] & near[1]) / k)
    return float(np.mean(shares))


def cosine_order(before: np.ndarray, after: np.ndarray) -> float:
    """Spearman correlation of the cosines of all pairs of some 500 of (N, D) rows."""
    chosen = _compared(len(before))
    upper = np.triu_indices(len(chosen), k=1)
    return spearman(*((rows[chosen] @ rows[chosen].T)[upper] for rows in (after, before)))


def save_feedback(out_dir: Path, learned: Learned, config: FeedbackConfig) -> Path:
    """Write the map and what is to be thought of it; refuses one that is not to be used.

    Raises:
        NotEnoughFeedback: held-out lists gained nothing for sure, or the space was not kept.
    """
    from safetensors.numpy import save_file

    if not learned.report.kept:
        raise NotEnoughFeedback(
            f"the map is not kept: gain {learned.report.gain.value:+.3f} from "
            f"{learned.report.gain.low:+.3f} on, overlap {learned.report.overlap:.2f} of at least "
            f"{config.least_overlap:g}, order {learned.report.order:.3f} of at least "
            f"{config.least_order:g}; collect more lists"
        )
    out_dir.mkdir(parents=True, exist_ok=True)
    tensors = {"down": learned.map.down, "up": learned.map.up}
    save_file(
        {n: np.ascontiguousarray(t) for n, t in tensors.items()}, str(out_dir / "map.safetensors")
    )
    text = json.dumps({"config": asdict(config), "report": asdict(learned.report)}, indent=2)
    (out_dir / "report.json").write_text(text + "\n", encoding="utf-8")
    return out_dir


class _Residual(nn.Module):
    """y = unit(x + x A B)."""

    def __init__(self, dimension: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(dimension, rank) / dimension**0.5)
        self.up = nn.Parameter(torch.zeros(rank, dimension))

    def forward(self, rows: Tensor) -> Tensor:
        return functional.normalize(rows + rows @ self.down @ self.up, dim=1)


def _learn(
    config: FeedbackConfig,
    rows: np.ndarray,
    lists: Sequence[Sequence[int]],
    skips: Sequence[Sequence[int]],
    progress: Report | None,
) -> FeedbackMap:
    torch.manual_seed(config.seed)
    residual = _Residual(rows.shape[1], config.rank)
    optimizer = torch.optim.AdamW(
        residual.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    frozen, together = torch.from_numpy(rows), _memberships(lists, len(rows))
    rng = np.random.default_rng(config.seed)
    for epoch in range(config.num_epochs):
        order = rng.permutation(np.repeat(np.arange(len(lists)), config.pairs_per_list))
        for start in range(0, len(order), config.batch_size):
            chosen = order[start : start + config.batch_size]
            pairs = np.array([rng.choice(lists[i], 2, replace=False) for i in chosen])
            loss = _pair_loss(config, residual, frozen, pairs, _share_a_list(together, pairs))
            skipped = [(i, rng.choice(skips[i])) for i in chosen if len(skips[i])]
            if skipped:
                loss = loss + _skip_loss(config, residual, frozen, lists, skipped)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if progress is not None:
            progress("training", epoch + 1, config.num_epochs, float(loss.detach()))
    down, up = (p.detach().numpy().copy() for p in (residual.down, residual.up))
    return FeedbackMap(down=down, up=up)


def _pair_loss(
    config: FeedbackConfig,
    residual: _Residual,
    frozen: Tensor,
    pairs: np.ndarray,
    may_match: np.ndarray,
) -> Tensor:
    """InfoNCE over the pairs (B, 2), and how far the batch's cosines have moved."""
    one, other = (frozen[torch.from_numpy(pairs[:, side])] for side in (0, 1))
    left, right = residual(one), residual(other)
    attract = masked_info_nce(left @ right.T / config.temperature, torch.from_numpy(may_match))
    before, after = torch.cat([one, other]), torch.cat([left, right])
    moved = (after @ after.T - before @ before.T).square().mean()
    return attract + config.geometry_weight * moved


def _skip_loss(
    config: FeedbackConfig,
    residual: _Residual,
    frozen: Tensor,
    lists: Sequence[Sequence[int]],
    skipped: Sequence[tuple[int, int]],
) -> Tensor:
    """A skipped track shall lie further from a list's mean than the list's first two tracks."""
    away = residual(frozen[[track for _, track in skipped]])
    own = torch.stack([residual(frozen[list(lists[i])]).mean(dim=0) for i, _ in skipped])
    near = residual(frozen[[lists[i][0] for i, _ in skipped]])
    margin = ((near - away) * functional.normalize(own, dim=1)).sum(dim=1)
    return functional.softplus(-margin / config.temperature).mean()


def _memberships(lists: Sequence[Sequence[int]], num_tracks: int) -> "csr_array":
    """(N, L) sparse: which track was heard in which list."""
    from scipy.sparse import csr_array

    tracks = np.concatenate([np.asarray(part) for part in lists])
    names = np.repeat(np.arange(len(lists)), [len(part) for part in lists])
    ones = np.ones(len(tracks), dtype=np.float32)
    return csr_array((ones, (tracks, names)), shape=(num_tracks, len(lists)))


def _share_a_list(together: "csr_array", pairs: np.ndarray) -> np.ndarray:
    """(B, B) bool: the left and the right track are one, or were heard in one list."""
    shared = (together[pairs[:, 0]] @ together[pairs[:, 1]].T).toarray() > 0
    return np.asarray(shared | (pairs[:, :1] == pairs[:, 1]))


def _known(feedback: Feedback, vectors: Mapping[str, np.ndarray]) -> Feedback:
    """What speaks of tracks that have vectors; lists of one track say nothing."""
    heard = {n: tuple(t for t in ts if t in vectors) for n, ts in feedback.heard.items()}
    skipped = {n: tuple(t for t in ts if t in vectors) for n, ts in feedback.skipped.items()}
    return Feedback(heard={n: ts for n, ts in heard.items() if len(ts) > 1}, skipped=skipped)


def _refuse_little(config: FeedbackConfig, known: Feedback) -> None:
    if len(known.heard) >= config.min_lists and known.num_pairs >= config.min_pairs:
        return
    raise NotEnoughFeedback(
        f"{len(known.heard)} lists with {known.num_pairs} pairs of tracks that have vectors; the "
        f"second stage is off below {config.min_lists} lists and {config.min_pairs} pairs"
    )


def _compared(num_rows: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).permutation(num_rows)[:NUM_COMPARED])


def _nearest(rows: np.ndarray, row: int, k: int) -> np.ndarray:
    scores = rows @ rows[row]
    scores[row] = -np.inf
    return np.argsort(-scores, kind="stable")[:k]


def _parse(line: str, number: int) -> tuple[str, str, bool]:
    if line.startswith("{"):
        row = json.loads(line)
        name, track, skipped = row.get("list"), row.get("track"), bool(row.get("skipped"))
    else:
        name, track, *rest = [*line.split("\t"), ""]
        skipped = rest[0] == "1" if rest else False
    if not name or not track:
        raise ValueError(f"line {number} names no list or no track: {line[:60]!r}")
    return str(name), str(track), skipped


def main() -> None:
    """Learn from the command line: lists, and an npz of `ids` and `rows` (N, D)."""
    parser = argparse.ArgumentParser(description="Learn a second stage from listening feedback.")
    parser.add_argument("--lists", type=Path, required=True)
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with np.load(options.vectors, allow_pickle=False) as stored:
        vectors = dict(zip(stored["ids"].tolist(), stored["rows"], strict=True))
    config = presets.feedback()
    save_feedback(
        options.out, train_feedback(config, vectors, read_feedback(options.lists)), config
    )


if __name__ == "__main__":
    main()
