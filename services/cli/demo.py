"""`temptrack demo`: the main job, start to end, on music and clips that Temptrack ships."""

import dataclasses
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command

if TYPE_CHECKING:
    from services.cli.pieces import WrittenPiece
    from temptrack.client import Client
    from temptrack.types import FoundMusic, Hit, ImportReport, TrackFilter

CLIP_WISHES = (
    ("bbb-480p-30s.mp4", "a gentle, happy morning"),
    ("car-park.webm", "a warm and relaxed ride home"),
    ("chaplin.mp4", "nostalgic, old and a little sad"),
    ("frog.webm", ""),
)
WORDS = "tender acoustic guitar, slow, no drums"
LIKE = "stock-energetic-electronic-2"
SEED = ("stock-calm-acoustic-1", "stock-tender-acoustic-1", "stock-nostalgic-acoustic-1")
UNANSWERABLE = "brutal death metal with screaming vocals, 160 bpm, in E minor, 16 bars"
# One artist made half of this catalogue, and its jingles are too short to lie under a clip.
MAX_PER_ARTIST = 58
MIN_DURATION_S = 20.0
NUM_HITS = 3
NUM_CONTINUED = 6


@dataclass(frozen=True, kw_only=True)
class DemoAnswer:
    """One question of the demo, what was answered and which files were written."""

    question: str
    hits: tuple["Hit", ...]
    no_match: bool = False
    piece: "WrittenPiece | None" = None
    files: tuple[Path, ...] = ()


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "demo")(show_demo)


def show_demo(
    run: Run,
    out: Annotated[Path, typer.Option(help="Folder for the clips, pieces and the home.")] = Path(
        "demo-out"
    ),
) -> None:
    """Imports 58 pieces, asks for music for clips and words, continues a playlist, composes.

    Everything goes through the public API of a server that the demo starts. The clips with their
    music, the composed piece and its picture are written to --out, where the home is kept too: a
    second run imports nothing again.

    Example:
      temptrack demo --out /tmp/demo
    """
    from services.cli.connection import connect

    started = time.monotonic()
    settings = dataclasses.replace(run.settings, home=(out / "home").absolute(), server="")
    run.note("starting a server for the demo's home")
    with connect(settings, note=run.note) as client:
        report = _import(run, client)
        answers = [_answer_clip(run, client, out, clip, wish) for clip, wish in CLIP_WISHES]
        answers.append(_answer_words(run, client))
        answers.append(_answer_like(run, client))
        answers.append(_continue(run, client))
        answers.append(_answer_the_unanswerable(run, client, out))
    elapsed_s = time.monotonic() - started
    value = {"sound_s": report.sound_s, "elapsed_s": elapsed_s, "answers": answers}
    run.answer(value, lambda _: _say_what_next(run, out, elapsed_s))


def demo_folder() -> Path:
    """Where the demo's music and clips lie: in the wheel, or in a checkout.

    Raises:
        FileNotFoundError: this installation carries neither.
    """
    services = Path(__file__).resolve().parents[1]
    for folder in (services / "demo_media", services.parent / "deploy" / "demo"):
        if (folder / "catalogue.jsonl").is_file():
            return folder
    raise FileNotFoundError(
        "this installation carries no demo media; install the wheel or run from a checkout"
    )


def _import(run: Run, client: "Client") -> "ImportReport":
    from services.cli.importing import import_and_show
    from services.cli.manifest import gather_sources

    _say(run, "1. The catalogue: 28 recordings and 30 MIDI files")
    return import_and_show(run, client, gather_sources([demo_folder() / "catalogue.jsonl"]))


def _conditions() -> "TrackFilter":
    from temptrack.types import TrackFilter

    return TrackFilter(min_duration_s=MIN_DURATION_S, max_per_artist=MAX_PER_ARTIST)


def _answer_clip(run: Run, client: "Client", out: Path, name: str, wish: str) -> DemoAnswer:
    from services.cli.preview import write_previews

    clip = demo_folder() / "clips" / name
    _say(run, f"2. Music for the clip {name}" + (f', "{wish}"' if wish else ", without a word"))
    found = client.find_music(wish, clip=clip, filter=_conditions(), limit=NUM_HITS)
    best = dataclasses.replace(found, hits=found.hits[:1])
    folder = out / "clips" / clip.stem
    files = write_previews(client, best, clip=clip, folder=folder, note=run.note)
    _show_found(run, found, files)
    return DemoAnswer(
        question=f"{name} {wish}".strip(),
        hits=found.hits,
        no_match=found.no_match,
        files=tuple(files),
    )


def _answer_words(run: Run, client: "Client") -> DemoAnswer:
    _say(run, f'3. Music for words: "{WORDS}"')
    found = client.find_music(WORDS, filter=_conditions(), limit=NUM_HITS)
    _show_found(run, found, [])
    return DemoAnswer(question=WORDS, hits=found.hits, no_match=found.no_match)


def _answer_like(run: Run, client: "Client") -> DemoAnswer:
    from services.cli.output import hits_table

    _say(run, f"4. Tracks like {LIKE}")
    found = client.find_similar(LIKE, filter=_conditions(), limit=NUM_HITS)
    if not run.as_json:
        run.out.print(hits_table(found.hits))
    return DemoAnswer(question=f"like {LIKE}", hits=found.hits, no_match=found.no_match)


def _continue(run: Run, client: "Client") -> DemoAnswer:
    from services.cli.output import hits_table

    _say(run, f"5. A playlist that goes on from {', '.join(SEED)}")
    found = client.continue_playlist(SEED, filter=_conditions(), limit=NUM_CONTINUED)
    if not run.as_json:
        run.out.print(hits_table(found.hits))
    return DemoAnswer(question=f"continue {', '.join(SEED)}", hits=found.hits)


def _answer_the_unanswerable(run: Run, client: "Client", out: Path) -> DemoAnswer:
    from services.cli.pieces import write_piece

    _say(run, f'6. A wish that nothing here fits: "{UNANSWERABLE}"')
    found = client.find_music(UNANSWERABLE, may_compose=True, render=True)
    piece = None
    if found.composed is not None:
        midi = out / "composed" / "sketch.mid"
        piece = write_piece(found.composed, midi, wav=True, picture=True)
    _show_found(run, found, list(_files_of(piece)), piece)
    return DemoAnswer(question=UNANSWERABLE, hits=found.hits, no_match=found.no_match, piece=piece)


def _files_of(piece: "WrittenPiece | None") -> tuple[Path, ...]:
    if piece is None:
        return ()
    return tuple(file for file in (piece.midi, piece.wav, piece.picture) if file is not None)


def _show_found(
    run: Run, found: "FoundMusic", files: list[Path], piece: "WrittenPiece | None" = None
) -> None:
    from services.cli.finding import show_found

    if not run.as_json:
        show_found(run.out, found, piece, files)


def _say(run: Run, title: str) -> None:
    if not run.as_json:
        run.out.print(f"\n{title}", style="bold", markup=False)


def _say_what_next(run: Run, out: Path, elapsed_s: float) -> None:
    _say(run, f"Done in {elapsed_s:.0f} s. Watch {out}/clips, listen to {out}/composed.")
    run.out.print(
        "Now your own music:\n"
        "  temptrack import ~/Music\n"
        '  temptrack find "calm piano, like rain on a window"\n'
        '  temptrack find --clip cut.mp4 "slower, no drums" --preview out\n'
        "  temptrack find --like TRACK        (ids: temptrack list)\n"
        "  temptrack serve                    (for other programs, over gRPC)",
        markup=False,
    )
