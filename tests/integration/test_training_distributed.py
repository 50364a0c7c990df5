"""Two processes over gloo: the loss, the gradients and the heads of one with the whole batch."""

import os
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.multiprocessing
from safetensors.torch import load_file, save_file

from encoders.training.contrastive import (
    ContrastiveConfig,
    PairBatch,
    Process,
    autocast,
    global_loss,
)
from encoders.training.distributed import join_processes, main
from encoders.training.large_heads import TrainedHeads
from encoders.trunks.open_clip_modules import import_open_clip
from tests.fixtures.large import write_checkpoints, write_manifest

BATCH = 8
HEARD, SEEN = 6, 5
CONFIG = ContrastiveConfig(num_hidden=4, dropout=0.0, batch_size=BATCH)


def make_batch() -> PairBatch:
    rng = np.random.default_rng(0)

    def rows(width: int) -> torch.Tensor:
        return torch.from_numpy(rng.standard_normal((BATCH, width)).astype(np.float32))

    # Rows 0 and 5 are of one group and rows 2 and 7 have the same words, each pair across the two
    # processes, so that a mask that knew its own rows alone would be another.
    groups = torch.arange(2 * BATCH).reshape(BATCH, 2)
    groups[5, 0], groups[7, 1] = groups[0, 0], groups[2, 1]
    return PairBatch(
        sounds=rows(HEARD),
        texts=rows(HEARD + SEEN),
        clips=rows(SEEN),
        has_text=torch.tensor([True, False] * 4),
        has_clip=torch.tensor([True, True, False, True] * 2),
        groups=groups,
    )


def make_heads() -> TrainedHeads:
    rng = np.random.default_rng(1)
    sounds, texts, clips = (
        rng.standard_normal((32, width)) for width in (HEARD, HEARD + SEEN, SEEN)
    )
    heads = TrainedHeads(CONFIG, sounds=sounds, texts=texts, clips=clips, music=HEARD)
    with torch.no_grad():
        for head in (heads.sound, heads.text, heads.clip):
            head.out.normal_(0.0, 0.3)
    return heads


def cut(batch: PairBatch, process: Process) -> PairBatch:
    mine = process.slice_of(BATCH)
    return PairBatch(**{n: getattr(batch, n)[mine] for n in batch.__dataclass_fields__})


def gradients(process: Process) -> dict[str, torch.Tensor]:
    heads = make_heads()
    wrapped: torch.nn.Module = heads
    if process.world_size > 1:
        wrapped = torch.nn.parallel.DistributedDataParallel(heads)
    batch = cut(make_batch(), process)
    loss = global_loss(wrapped(batch), batch.groups, process)
    loss.backward()  # type: ignore[no-untyped-call]
    found = {n: p.grad for n, p in heads.named_parameters() if p.grad is not None}
    assert len(found) == len(list(heads.parameters()))
    return {"loss": loss.detach(), **found}


def set_environment(rank: int, port: int) -> None:
    names = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "LOCAL_WORLD_SIZE": 2}
    os.environ.update({n: str(v) for n, v in names.items()})
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
    torch.set_num_threads(1)


def run_part(rank: int, port: int, folder: str, arguments: list[str]) -> None:
    """One of the two processes: writes its loss and gradients, then trains with the other."""
    set_environment(rank, port)
    with join_processes() as process:
        assert (process.rank, process.world_size, process.device) == (rank, 2, "cpu")
        save_file(gradients(process), f"{folder}/{rank}.safetensors")
        assert main(arguments) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """What two processes wrote, and the arguments of their training without its folder."""
    folder = tmp_path_factory.mktemp("together")
    checkpoints = write_checkpoints(folder / "checkpoints")
    manifest = write_manifest(folder / "data", num_rows=8, clips=False)
    arguments = [
        str(manifest), "--audio", str(checkpoints.clap), "--pictures", str(checkpoints.open_clip),
        "--num-epochs", "2", "--batch-size", "4", "--num-hidden", "0", "--dropout", "0",
        "--cache", str(folder / "cache"), "--no-check",
    ]  # fmt: skip
    two = [*arguments, "--out", str(folder / "two")]
    run_both = torch.multiprocessing.spawn  # type: ignore[attr-defined]
    run_both(run_part, args=(free_port(), str(folder), two), nprocs=2)  # type: ignore[no-untyped-call]
    return folder, arguments


def test_two_processes_have_the_loss_and_the_gradients_of_one(
    together: tuple[Path, list[str]],
) -> None:
    alone = gradients(Process())
    for rank in range(2):
        found = load_file(str(together[0] / f"{rank}.safetensors"))
        assert set(found) == set(alone)
        for name, expected in alone.items():
            torch.testing.assert_close(found[name], expected, rtol=1e-4, atol=1e-6)
    assert max(float(g.abs().max()) for n, g in alone.items() if n != "loss") > 1e-3


def test_two_processes_train_the_heads_of_one_and_the_first_writes(
    together: tuple[Path, list[str]],
) -> None:
    folder, arguments = together
    assert main([*arguments, "--out", str(folder / "one")]) == 0
    files = [folder / name / "heads" / "model.safetensors" for name in ("one", "two")]
    one, two = (load_file(str(file)) for file in files)
    assert set(one) == set(two)
    for name, expected in one.items():
        torch.testing.assert_close(two[name], expected, rtol=1e-3, atol=1e-5)
    assert len(list((folder / "two" / "checkpoints").glob("*"))) == 2  # state and manifest


def test_without_doubtful_pairs_the_loss_is_that_of_open_clip() -> None:
    batch, heads = make_batch(), make_heads()
    outputs = heads(batch)
    ours = global_loss(outputs, torch.arange(2 * BATCH).reshape(BATCH, 2), Process())
    theirs = import_open_clip("loss").ClipLoss()(*outputs)
    torch.testing.assert_close(ours, theirs)
    masked = global_loss(outputs, batch.groups, Process())
    assert float(masked.detach()) < float(ours.detach())


def test_a_refusal_is_a_sentence_and_not_a_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    manifest = write_manifest(tmp_path / "data", num_rows=2)
    arguments = [str(manifest), "--out", str(tmp_path / "out")]
    assert main([*arguments, "--audio", "laion/larger_clap_music"]) == 2
    assert "collapsed" in caplog.text
    assert not (tmp_path / "out").exists()


def test_a_batch_has_to_divide_by_the_processes() -> None:
    assert Process(rank=1, world_size=2).slice_of(8) == slice(4, 8)
    with pytest.raises(ValueError, match="does not divide by 3"):
        Process(rank=0, world_size=3).slice_of(8)


def test_half_precision_is_bfloat16_where_asked_and_nowhere_by_itself_on_a_cpu() -> None:
    x = torch.ones(2, 2)
    with autocast("bfloat16", "cpu"):
        assert (x @ x).dtype == torch.bfloat16
    for precision in ("auto", "float32"):
        with autocast(precision, "cpu"):
            assert (x @ x).dtype == torch.float32
    with pytest.raises(ValueError, match="precision is 'half'"):
        ContrastiveConfig(precision="half")


def test_a_gpu_that_can_gets_bfloat16_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, torch.dtype]] = []
    monkeypatch.setattr(torch, "autocast", lambda kind, dtype: asked.append((kind, dtype)))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    autocast("auto", "cuda:1")
    assert asked == [("cuda", torch.bfloat16)]
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with autocast("auto", "cuda:0"):
        pass
    assert len(asked) == 1


def test_the_loss_stays_in_single_precision_under_half() -> None:
    batch, heads = make_batch(), make_heads()
    with autocast("bfloat16", "cpu"):
        outputs = heads(batch)
    assert global_loss(outputs, batch.groups, Process()).dtype == torch.float32
