"""`temptrack continue`: how a playlist goes on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import UsageError
from services.cli.options import MOST, BatchOptions, FilterOptions
from services.cli.output import hits_table, say, understood_line

if TYPE_CHECKING:
    from rich.console import Console

    from temptrack.types import Continuation


@dataclass(frozen=True, kw_only=True)
class ContinuationOptions:
    """What to go on from and how far."""

    playlist: Annotated[str, typer.Option(help="Id of a stored playlist to continue.")] = ""
    text: Annotated[str, typer.Option(help="Words that steer it.")] = ""
    limit: Annotated[int, typer.Option(min=0, max=MOST, help="Tracks wished for; 0 takes 20.")] = 0
    raw: Annotated[bool, typer.Option(help="By relevance alone: for measuring.")] = False
    save: Annotated[str, typer.Option(help="Save seed and continuation under this title.")] = ""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "continue")(continue_playlist)


def continue_playlist(
    run: Run,
    options: ContinuationOptions,
    track_filter: FilterOptions,
    many: BatchOptions,
    tracks: Annotated[list[str] | None, typer.Argument(help="Ids of the tracks so far.")] = None,
) -> None:
    """Continues a playlist from its tracks.

    With --batch, each line of the file is an object with id, seed (track ids) and any of text,
    exclude (track ids), limit and raw.

    Examples:
      temptrack continue stock-calm-acoustic-1 stock-calm-acoustic-2 stock-tender-acoustic-1
      temptrack continue --playlist evening --text "a little faster" --limit 10
      temptrack continue --batch seeds.jsonl > answers.jsonl
    """
    seed = tracks or []
    if many.batch is not None:
        from services.cli.batch import continue_batch

        if seed or options.playlist or options.text or options.save:
            raise UsageError("--batch takes its questions from the file: give no tracks or text")
        continue_batch(run, many, limit=options.limit, raw=options.raw, track_filter=track_filter)
        return
    if not (seed or options.playlist):
        raise UsageError("say what to continue: track ids, --playlist or --batch")
    with run.connect() as client:
        found = client.continue_playlist(
            seed,
            playlist=options.playlist,
            text=options.text,
            filter=track_filter.build(),
            limit=options.limit,
            raw=options.raw,
        )
        saved = None
        if options.save:
            before = client.get_playlist(options.playlist).track_ids if options.playlist else ()
            ids = [*before, *seed, *(hit.track.id for hit in found.hits)]
            saved = client.create_playlist(options.save, ids).id
    run.answer({**vars(found), "saved": saved}, lambda out: _show(out, found, saved))


def _show(out: "Console", found: "Continuation", saved: str | None) -> None:
    line = understood_line(found.understood)
    if line:
        say(out, line, style="dim")
    if found.ignored_seed_ids:
        ignored = ", ".join(found.ignored_seed_ids)
        say(out, f"not in the catalogue, or without sound: {ignored}")
    if found.hits:
        out.print(hits_table(found.hits))
    else:
        say(out, "no match: the catalogue has nothing to go on with")
    if saved:
        say(out, f"saved as playlist {saved}")
