"""`temptrack playlist`: stored playlists, and playlists made from words."""

from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.options import MOST, FilterOptions
from services.cli.output import hits_table, minutes, say, table, understood_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from temptrack.types import MadePlaylist, Playlist, Track

PlaylistId = Annotated[str, typer.Argument(help="Id of the playlist.")]


def register(app: typer.Typer) -> None:
    """Adds the group of commands."""
    group = typer.Typer(no_args_is_help=True, help="Keeps playlists and makes them from words.")
    command(group, "create")(create_playlist)
    command(group, "show")(show_playlist)
    command(group, "list")(list_playlists)
    command(group, "remove")(remove_playlist)
    command(group, "make")(make_playlist)
    app.add_typer(group, name="playlist")


def create_playlist(
    run: Run,
    title: Annotated[str, typer.Argument(help="Title.")],
    tracks: Annotated[list[str] | None, typer.Argument(help="Ids of its tracks.")] = None,
    name: Annotated[str, typer.Option("--id", help="Id; a fresh one if left out.")] = "",
) -> None:
    """Creates a playlist of tracks in an order.

    Example:
      temptrack playlist create "Evening" stock-calm-acoustic-1 --id evening
    """
    with run.connect() as client:
        made = client.create_playlist(title, tracks or (), playlist_id=name)
    run.answer(made, lambda out: say(out, f"created playlist {made.id}"))


def show_playlist(run: Run, playlist: PlaylistId) -> None:
    """Shows the tracks of a playlist.

    Example:
      temptrack playlist show evening
    """
    with run.connect() as client:
        found = client.get_playlist(playlist)
        tracks = [client.get_track(track_id) for track_id in found.track_ids]
    value = {"id": found.id, "title": found.title, "tracks": tracks}
    run.answer(value, lambda out: _show_playlist(out, found, tracks))


def list_playlists(run: Run) -> None:
    """Lists the playlists.

    Example:
      temptrack playlist list
    """
    found: list[Playlist] = []
    with run.connect() as client:
        token = ""
        while True:
            page = client.list_playlists(page_token=token)
            found += page.playlists
            token = page.next_page_token
            if not token:
                break
    run.answer({"playlists": found}, lambda out: _show_list(out, found))


def remove_playlist(run: Run, playlist: PlaylistId) -> None:
    """Removes a playlist; its tracks stay.

    Example:
      temptrack playlist remove evening
    """
    with run.connect() as client:
        client.remove_playlist(playlist)
    run.answer({"removed": playlist}, lambda out: say(out, f"removed playlist {playlist}"))


def make_playlist(
    run: Run,
    words: Annotated[list[str], typer.Argument(help="What is wished for.")],
    track_filter: FilterOptions,
    limit: Annotated[
        int, typer.Option(min=0, max=MOST, help="Tracks wished for; 0 takes 20.")
    ] = 0,
    save: Annotated[str, typer.Option(help="Save it under this title.")] = "",
) -> None:
    """Makes a playlist from words.

    Examples:
      temptrack playlist make "slow piano for a rainy evening"
      temptrack playlist make "running, 170 bpm" --limit 30 --save "Run"
    """
    with run.connect() as client:
        made = client.make_playlist(" ".join(words), filter=track_filter.build(), limit=limit)
        saved = None
        if save and made.hits:
            saved = client.create_playlist(save, [hit.track.id for hit in made.hits]).id
    run.answer({**vars(made), "saved": saved}, lambda out: _show_made(out, made, saved))


def _show_playlist(out: "Console", playlist: "Playlist", tracks: "Sequence[Track]") -> None:
    rows = [
        (str(place), track.id, track.title, track.artist, minutes(track.duration_s))
        for place, track in enumerate(tracks, 1)
    ]
    out.print(table(">", "id", "title", "artist", ">length", title=playlist.title, rows=rows))


def _show_list(out: "Console", playlists: "Sequence[Playlist]") -> None:
    rows = [(item.id, item.title, str(len(item.track_ids))) for item in playlists]
    out.print(table("id", "title", ">tracks", rows=rows))


def _show_made(out: "Console", made: "MadePlaylist", saved: str | None) -> None:
    line = understood_line(made.understood)
    if line:
        say(out, line, style="dim")
    if made.hits:
        out.print(hits_table(made.hits))
    if made.no_match:
        say(out, "no match: nothing in the catalogue fits these words")
    if saved:
        say(out, f"saved as playlist {saved}")
