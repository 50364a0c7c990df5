"""A self-supervised start on a user's own recordings, without a word: CLMR over the audio trunk.

    temptrack train clmr --audio FOLDER --out OUT
    train_views(presets.clmr(), sorted(folder.rglob("*.mp3")), out_dir, progress=show)

SimCLR (Chen et al. 2020) as CLMR has it for music: two changed parts of one recording attract, the
other recordings of the batch repel (NT-Xent). What is learned is a matrix from the trunk's pools
to directions of likeness, which starts as their whitening; with `finetune` the last three
convolutions of the trunk move too, the rest stays frozen.

    samples -> view -> log-mel -> front (frozen) -> last layers -> pools -> matrix -> projector

The answers to all views (of the frozen front where the last layers move, else the pools) are
computed once and kept below `out_dir`, one file a recording; so are checkpoints, one an epoch. A
run that is killed goes on and ends with the same bytes. Worth its time from some thousand
recordings on; `docs/experiments/self-supervised.md` says what it does on few.

B views a side, T = 187 frames, F = 561 channels of the front, D directions.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from encoders.training.checkpoints import load_checkpoint, save_checkpoint
from encoders.training.presets import ViewsConfig
from encoders.training.views import draw_view
from encoders.trunks.checkpoint import CARD, WEIGHTS, read_tensors, verify_folder, write_folder
from encoders.trunks.features import MIN_SAMPLES
from encoders.trunks.musicnn import EPSILON, PATCH_FRAMES, TIME_TAPS, MusicnnTrunk
from encoders.trunks.spectrum import analyse_spectrum
from media.audio import read_sound
from media.errors import MediaError
from media.limits import Limits

logger = logging.getLogger(__name__)

NUM_LAST = 3
PART = 32  # views whose fronts are in memory at one time

Report = Callable[[str, int, int, float | None], None]  # stage, done, of how many, loss


def train_views(
    config: ViewsConfig,
    files: Sequence[Path],
    out_dir: Path,
    progress: Report | None = None,
    *,
    trunk_folder: Path = WEIGHTS / "musicnn",
) -> Path:
    """Learn from recordings and write `likeness/` (and `musicnn/` when fine-tuned) below a folder.

    Raises:
        ValueError: fewer readable recordings than a batch needs.
    """
    say = progress or (lambda stage, done, total, loss: None)
    views = gather_views(config, files, out_dir / "views", say, trunk_folder=trunk_folder)
    if len(views) < config.min_recordings:
        raise ValueError(
            f"{len(views)} readable recordings; {config.min_recordings} or more are needed"
        )
    torch.manual_seed(config.seed)
    tensors = read_tensors(trunk_folder / "model.safetensors")
    model = ViewModel(config, tensors, read_views(views, 0))
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad],
                                 lr=config.learning_rate)  # fmt: skip
    print_of_run = _fingerprint(config, files, trunk_folder)
    folder = out_dir / "checkpoints" / config.name
    for epoch in range(load_checkpoint(folder, model, optimizer, print_of_run), config.num_epochs):
        loss = train_epoch(model, optimizer, views, epoch)
        save_checkpoint(folder, model, optimizer, epoch + 1, print_of_run)
        say("training", epoch + 1, config.num_epochs, loss)
    _save(out_dir, model, config, tensors, len(views))
    return out_dir


def read_num_recordings(out_dir: Path) -> int:
    """How many recordings the weights below a folder were learned from."""
    card = json.loads((out_dir / "likeness" / CARD).read_text(encoding="utf-8"))
    return int(card["trained_on"]["recordings"])


def gather_views(
    config: ViewsConfig,
    files: Sequence[Path],
    folder: Path,
    say: Report,
    *,
    trunk_folder: Path = WEIGHTS / "musicnn",
) -> list[Path]:
    """Files of answers to the views of the readable recordings, made where they are missing.

    Each holds (views, 2, T, F) float16 of the front, or (views, 2, 1506) float32 pools. A
    recording's views are drawn from the seed and its place among the files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = read_tensors(trunk_folder / "model.safetensors")
    trunk, last = MusicnnTrunk(tensors), None if config.finetune else LastLayers(tensors)
    found = []
    for place, file in enumerate(files):
        say("views", place, len(files), None)
        kept = folder / f"{_name(config, file, place)}.npy"
        if not kept.exists():
            try:
                samples = read_sound(file, Limits()).samples
            except MediaError as error:
                logger.warning("%s is left out: %s", file.name, error)
                continue
            _write(kept, _answer_views(config, samples, place, trunk, last))
        found.append(kept)
    say("views", len(files), len(files), None)
    return found


def read_views(files: Sequence[Path], turn: int) -> tuple[Tensor, Tensor]:
    """Both sides (B, ...) of the pair of views of each recording whose turn it is."""
    pairs = [np.array(np.load(f, mmap_mode="r", allow_pickle=False)[turn]) for f in files]
    sides = np.stack(pairs).astype(np.float32)  # (B, 2, ...)
    return torch.from_numpy(sides[:, 0]), torch.from_numpy(sides[:, 1])


class ViewModel(nn.Module):
    """The last layers of the trunk, the matrix, and the projector that is thrown away."""

    def __init__(
        self,
        config: ViewsConfig,
        tensors: Mapping[str, Tensor],
        views: tuple[Tensor, Tensor],
    ) -> None:
        super().__init__()
        self.config = config
        self.last = LastLayers(tensors).requires_grad_(config.finetune)
        pools = self.pools(torch.cat(views)).detach()
        mean, spread = pools.mean(dim=0), pools.std(dim=0).clamp(min=1e-4)
        self.register_buffer("mean", mean)
        self.register_buffer("spread", spread)
        start = whitening((pools - mean) / spread, config.num_directions)
        self.matrix = nn.Parameter(start)
        size = start.shape[1]
        self.projector = nn.Sequential(
            nn.Linear(size, size), nn.ReLU(), nn.Linear(size, config.num_projected)
        )

    def forward(self, answers: Tensor) -> Tensor:
        """Projections (B, P) of fronts (B, T, F), or of pools (B, 1506)."""
        projected: Tensor = self.projector(self.directions(self.pools(answers)))
        return projected

    def pools(self, answers: Tensor) -> Tensor:
        """Pools (B, 1506) of fronts, in parts; pools as they are."""
        if answers.ndim == 2:
            return answers
        parts = torch.tensor_split(answers, tuple(range(PART, len(answers), PART)))
        return torch.cat([self.last(part) for part in parts])

    def directions(self, pools: Tensor) -> Tensor:
        """Likeness (B, D) of pools (B, 1506)."""
        return (pools - self.get_buffer("mean")) / self.get_buffer("spread") @ self.matrix


class LastLayers(nn.Module):
    """The trunk from its front on: three convolutions, then maximum and mean over time."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.weights = nn.ParameterList(tensors[f"mid.{i}.weight"] for i in range(NUM_LAST))
        self.biases = nn.ParameterList(tensors[f"mid.{i}.bias"] for i in range(NUM_LAST))
        for i in range(NUM_LAST):
            weight, bias, mean, variance = (
                tensors[f"mid_bn.{i}.{part}"]
                for part in ("weight", "bias", "running_mean", "running_var")
            )
            scale = weight / torch.sqrt(variance + EPSILON)
            self.register_buffer(f"scale{i}", scale[:, None])
            self.register_buffer(f"shift{i}", (bias - mean * scale)[:, None])

    def forward(self, fronts: Tensor) -> Tensor:
        """Pools (B, 1506) of fronts (B, T, F)."""
        front = fronts.transpose(1, 2)  # (B, F, T)
        first = self._block(front, 0)
        second = self._block(first, 1) + first
        third = self._block(second, 2) + second
        channels = torch.cat([front, first, second, third], dim=1)  # (B, 753, T)
        return torch.stack([channels.amax(dim=2), channels.mean(dim=2)], dim=2).flatten(1)

    def _block(self, rows: Tensor, i: int) -> Tensor:
        moved = functional.conv1d(rows, self.weights[i], self.biases[i], padding=TIME_TAPS // 2)
        return torch.relu(moved) * self.get_buffer(f"scale{i}") + self.get_buffer(f"shift{i}")


def train_epoch(
    model: ViewModel, optimizer: torch.optim.Optimizer, views: Sequence[Path], epoch: int
) -> float:
    """Every recording once, by the view whose turn it is; the mean loss."""
    config = model.config
    turn = epoch % config.num_views
    order = np.random.default_rng([config.seed, epoch]).permutation(len(views))
    losses = []
    for chosen in np.array_split(order, max(1, len(order) // config.batch_size)):
        one, other = read_views([views[i] for i in chosen], turn)
        loss = nt_xent(model(one), model(other), temperature=config.temperature)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def nt_xent(one: Tensor, other: Tensor, *, temperature: float) -> Tensor:
    """Each of 2B views finds its twin among all others (Chen et al. 2020); log(2B - 1) by chance.

    Use it where the two views are of one kind; for words and sounds `losses.masked_info_nce`.
    """
    rows = functional.normalize(torch.cat([one, other]), dim=1)
    logits = (rows @ rows.T / temperature).fill_diagonal_(float("-inf"))
    twins = torch.arange(len(rows)).roll(len(one))
    return functional.cross_entropy(logits, twins)


def whitening(standard: Tensor, num: int) -> Tensor:
    """(1506, up to `num`) directions of standardised pools (S, 1506), each of unit spread."""
    _, lengths, directions = torch.linalg.svd(standard, full_matrices=False)
    kept = min(num, int((lengths > 1e-3 * lengths[0]).sum()))
    white: Tensor = directions[:kept].T * (len(standard) ** 0.5 / lengths[:kept])
    return white


def run_front(trunk: MusicnnTrunk, patches: np.ndarray) -> np.ndarray:
    """The frozen front's answers (P, T, F) float32 to log-mel patches (P, T, 96).

    The trunk's parts are reached from outside: its source is part of the name of every cached
    feature, and a method more would make them all anew.
    """
    network = trunk._network
    with torch.inference_mode():
        rows = []
        for patch in patches:
            x = network.norm_in(torch.from_numpy(np.ascontiguousarray(patch)))
            parts = [*(block(x) for block in network.timbral), network.temporal(x)]
            rows.append(torch.cat(parts, dim=1).numpy())
    return np.stack(rows)


def _answer_views(
    config: ViewsConfig,
    samples: np.ndarray,
    place: int,
    trunk: MusicnnTrunk,
    last: LastLayers | None,
) -> np.ndarray:
    """(views, 2, T, F) float16, or (views, 2, 1506) float32 where the last layers stay."""
    rng = np.random.default_rng([config.seed, place])
    drawn = [draw_view(samples, rng, length=MIN_SAMPLES) for _ in range(2 * config.num_views)]
    patches = np.stack([analyse_spectrum(view).log_mel[:PATCH_FRAMES] for view in drawn])
    fronts = run_front(trunk, patches)
    if last is None:
        return fronts.astype(np.float16).reshape(config.num_views, 2, PATCH_FRAMES, -1)
    with torch.inference_mode():
        pools = last(torch.from_numpy(fronts)).numpy()
    return np.asarray(pools.reshape(config.num_views, 2, -1))


def _save(
    out_dir: Path,
    model: ViewModel,
    config: ViewsConfig,
    tensors: Mapping[str, Tensor],
    num_recordings: int,
) -> None:
    about = {"config": asdict(config), "recordings": num_recordings}
    arrays = {
        "mean": model.get_buffer("mean").numpy(),
        "spread": model.get_buffer("spread").numpy(),
        "matrix": model.matrix.detach().numpy(),
    }
    name = "likeness learned from recordings alone"
    write_folder(out_dir / "likeness", arrays, {}, {"name": name, "trained_on": about})
    if not config.finetune:
        return
    moved = {n: t.numpy() for n, t in tensors.items()}
    for i in range(NUM_LAST):
        moved[f"mid.{i}.weight"] = model.last.weights[i].detach().numpy()
        moved[f"mid.{i}.bias"] = model.last.biases[i].detach().numpy()
    name = "MusiCNN, its last layers trained on recordings alone"
    write_folder(out_dir / "musicnn", moved, {}, {"name": name, "trained_on": about})


def _fingerprint(config: ViewsConfig, files: Sequence[Path], trunk_folder: Path) -> str:
    parts = [repr(config), verify_folder(trunk_folder), *(_name(config, f, 0) for f in files)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _name(config: ViewsConfig, file: Path, place: int) -> str:
    """A name for a recording's views: of the seed, their number, and the file as it is now."""
    state = file.stat()
    run = (config.seed, config.num_views, config.finetune, place)
    text = f"{run} {file} {state.st_size} {state.st_mtime_ns}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _write(path: Path, array: np.ndarray) -> None:
    unfinished = path.with_suffix(".tmp.npy")
    np.save(unfinished, array, allow_pickle=False)
    unfinished.replace(path)
