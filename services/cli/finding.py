"""`temptrack find`: music for words, clips, recordings, MIDI files, tracks or any mix of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import UsageError
from services.cli.options import HIGHEST_SEED, MOST, BatchOptions, FilterOptions
from services.cli.output import attributes_table, hits_table, say, understood_line

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.pieces import WrittenPiece
    from temptrack.client import Client
    from temptrack.types import ClipDescription, FoundMusic


@dataclass(frozen=True, kw_only=True)
class MediaOptions:
    """What the music is for, or should sound like."""

    clip: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Moving picture that the music is for."),
    ] = None
    audio: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Recording that it should sound like."),
    ] = None
    midi: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="MIDI file that it should sound like."),
    ] = None
    like: Annotated[str, typer.Option(help="Id of a track that it should sound like.")] = ""
    balance: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="0 hears only the words, 1 only the media; 0.5 both."),
    ] = None


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """What to answer with."""

    limit: Annotated[int, typer.Option(min=0, max=MOST, help="Most hits; 0 takes 10.")] = 0
    raw: Annotated[bool, typer.Option(help="By relevance alone: for measuring.")] = False
    compose: Annotated[
        bool, typer.Option(help="Compose a piece when nothing fits; it is labelled as generated.")
    ] = False
    seed: Annotated[
        int, typer.Option(min=0, max=HIGHEST_SEED, help="Seed of a composed piece.")
    ] = 0
    preview: Annotated[
        Path | None,
        typer.Option(help="Folder for the clip with each of the best three tracks under it."),
    ] = None


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "find")(find_music)


def find_music(
    run: Run,
    media: MediaOptions,
    answer: AnswerOptions,
    track_filter: FilterOptions,
    many: BatchOptions,
    words: Annotated[list[str] | None, typer.Argument(help="What is wished for.")] = None,
) -> None:
    """Finds music for words, a clip, a recording, a MIDI file, a track or any mix of them.

    With --batch, each line of the file is an object with id and any of text, clip, audio, midi,
    seed (one track id), exclude (track ids), limit and raw; files are relative to it.

    Examples:
      temptrack find "calm piano, like rain on a window"
      temptrack find --clip cut.mp4 "slower, no drums" --preview out
      temptrack find --like stock-calm-acoustic-1 --max-tempo 90 --licence CC0-1.0
      temptrack find "a march for seven bagpipes" --compose --out sketches
      temptrack find --batch questions.jsonl > answers.jsonl
    """
    text = " ".join(words or ())
    if many.batch is not None:
        from services.cli.batch import find_batch

        if text or media != MediaOptions() or answer.preview:
            raise UsageError("--batch takes its questions from the file: give no words or media")
        find_batch(run, many, answer=answer, track_filter=track_filter)
        return
    _check(text, media, answer)
    with run.connect() as client:
        found = _ask(client, text, media, answer, track_filter)
        piece = _write_composed(found, many.out)
        previews = _write_previews(run, client, found, media=media, folder=answer.preview)
    value = {**vars(found), "composed": piece, "previews": previews}
    run.answer(value, lambda out: show_found(out, found, piece, previews))


def show_found(
    out: "Console", found: "FoundMusic", piece: "WrittenPiece | None", files: list[Path]
) -> None:
    """Draws an answer: what was understood and seen, the hits, a piece, and the files written."""
    for line in (
        understood_line(found.understood, rest=not found.remarks),
        _seen_line(found.seen),
        *found.remarks,
    ):
        if line:
            say(out, line, style="dim")
    if found.hits:
        out.print(hits_table(found.hits))
    if found.no_match:
        say(
            out,
            f"no match: nothing here fits well enough (best {found.best_relevance:.2f}, "
            f"needed {found.floor:.2f})",
        )
    if piece is not None:
        say(out, f"composed by Temptrack, not found: {piece.midi}")
        out.print(attributes_table(piece.attributes))
    for file in files:
        say(out, f"written: {file}")


def _check(text: str, media: MediaOptions, answer: AnswerOptions) -> None:
    if not (text or media.clip or media.audio or media.midi or media.like):
        raise UsageError("say what to find: words, --clip, --audio, --midi, --like or --batch")
    if answer.preview is not None and media.clip is None:
        raise UsageError("--preview needs a --clip to lay the music under")


def _ask(
    client: "Client",
    text: str,
    media: MediaOptions,
    answer: AnswerOptions,
    track_filter: FilterOptions,
) -> "FoundMusic":
    return client.find_music(
        text,
        clip=media.clip,
        audio=media.audio,
        midi=media.midi,
        like=media.like,
        balance=media.balance,
        filter=track_filter.build(),
        limit=answer.limit,
        raw=answer.raw,
        may_compose=answer.compose,
        seed=answer.seed,
        render=answer.compose,
    )


def _write_composed(found: "FoundMusic", folder: Path | None) -> "WrittenPiece | None":
    if found.composed is None:
        return None
    from services.cli.pieces import write_piece

    name = f"composed-{found.composed.seed}.mid"
    return write_piece(found.composed, (folder or Path()) / name, wav=True)


def _write_previews(
    run: Run,
    client: "Client",
    found: "FoundMusic",
    *,
    media: MediaOptions,
    folder: Path | None,
) -> list[Path]:
    if folder is None or media.clip is None:
        return []
    from services.cli.preview import write_previews

    return write_previews(client, found, clip=media.clip, folder=folder, note=run.note)


def _seen_line(seen: "ClipDescription | None") -> str:
    if seen is None:
        return ""
    light = "bright" if seen.brightness > 0.55 else "dark" if seen.brightness < 0.3 else "mid"
    facts = (
        *seen.words[:5],
        f"{light} light",
        f"motion {seen.motion:.2f}",
        f"{seen.cuts_per_minute:.0f} cuts a minute",
    )
    return "seen: " + ", ".join(facts)
