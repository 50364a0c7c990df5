"""`temptrack list`, `show` and `remove`: the tracks of the catalogue."""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import FAILED
from services.cli.output import minutes, pairs, say, table

if TYPE_CHECKING:
    from rich.console import Console

    from temptrack.types import SoundDescription, Track


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    command(app, "list")(list_tracks)
    command(app, "show")(show_track)
    command(app, "remove")(remove_tracks)


def list_tracks(
    run: Run,
    words: Annotated[
        list[str] | None, typer.Argument(help="Only tracks with these words.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Most tracks; 0 lists all.")] = 100,
) -> None:
    """Lists tracks in the order of their ids.

    Examples:
      temptrack list
      temptrack list piano --limit 0
    """
    with run.connect() as client:
        found = client.all_tracks(" ".join(words or ()))
        tracks = list(itertools.islice(found, limit or None))
        total = client.list_tracks(" ".join(words or ()), page_size=1).total_size
    run.answer(
        {"tracks": tracks, "total": total},
        lambda out: _show_list(out, tracks, total),
    )


def show_track(run: Run, track: Annotated[str, typer.Argument(help="Id of the track.")]) -> None:
    """Shows what is known of a track and what was heard in it.

    Example:
      temptrack show stock-calm-acoustic-1
    """
    with run.connect() as client:
        found = client.get_track(track)
    run.answer(found, lambda out: _show_track(out, found))


def remove_tracks(
    run: Run, tracks: Annotated[list[str], typer.Argument(help="Ids of the tracks.")]
) -> None:
    """Removes tracks from the catalogue and from every answer; their files stay.

    One that is not there is named, and the others are removed.

    Example:
      temptrack remove stock-calm-acoustic-1
    """
    from temptrack.errors import NotFoundError

    removed, missing = [], []
    with run.connect() as client:
        for track in tracks:
            try:
                client.remove_track(track)
            except NotFoundError as error:
                missing.append(track)
                run.note(error.message)
            else:
                removed.append(track)
                run.note(f"removed {track}")
    run.answer({"removed": removed, "missing": missing}, lambda out: None)
    if missing:
        raise typer.Exit(FAILED)


def _show_list(out: "Console", tracks: Sequence["Track"], total: int) -> None:
    rows = [
        (
            track.id,
            track.title,
            track.artist,
            minutes(track.duration_s) if track.has_sound else "no sound",
            ", ".join(track.tags),
            track.licence,
        )
        for track in tracks
    ]
    out.print(table("id", "title", "artist", ">length", "tags", "licence", rows=rows))
    say(out, f"{len(tracks):,} of {total:,} tracks")


def _show_track(out: "Console", track: "Track") -> None:
    rows = [
        ("id", track.id),
        ("title", track.title),
        ("artist", track.artist),
        ("album", track.album),
        ("tags", ", ".join(track.tags)),
        ("text", track.text),
        ("licence", track.licence),
        ("length", minutes(track.duration_s) if track.has_sound else "no sound"),
        ("file", "can be read" if track.available else "cannot be read"),
        ("segments", str(track.num_segments)),
        ("composed by Temptrack", "yes" if track.generated else "no"),
        ("added", track.added_at.strftime("%Y-%m-%d %H:%M UTC") if track.added_at else ""),
        *(_heard_rows(track.heard) if track.heard else ()),
    ]
    out.print(pairs(rows))


def _heard_rows(heard: "SoundDescription") -> list[tuple[str, str]]:
    return [
        ("tempo", f"{heard.tempo_bpm:.0f} a minute" if heard.tempo_bpm else ""),
        ("key", heard.key),
        ("moods", ", ".join(f"{name} {value:+.2f}" for name, value in heard.moods.items())),
        ("sounds like", _likely(heard.tags)),
        ("instruments", _likely(heard.instruments)),
        ("singing", f"{heard.vocals:.0%}"),
        ("acoustic", f"{heard.acoustic:.0%}"),
        ("loudness", f"{heard.loudness_db:.1f} dB"),
    ]


def _likely(probabilities: Mapping[str, float]) -> str:
    best = sorted(probabilities.items(), key=lambda item: -item[1])[:6]
    return ", ".join(f"{name} {value:.0%}" for name, value in best if value >= 0.05)
