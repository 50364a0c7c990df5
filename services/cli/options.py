"""Groups of options that several commands share."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from temptrack.types import TrackFilter

MOST = 2**31 - 1  # what a message can hold of a count
HIGHEST_SEED = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class FilterOptions:
    """Conditions that every track must meet."""

    min_tempo: Annotated[float | None, typer.Option(help="Lowest tempo, beats a minute.")] = None
    max_tempo: Annotated[float | None, typer.Option(help="Highest tempo, beats a minute.")] = None
    min_length: Annotated[float | None, typer.Option(help="Shortest length, seconds.")] = None
    max_length: Annotated[float | None, typer.Option(help="Longest length, seconds.")] = None
    licence: Annotated[
        list[str], typer.Option(help="SPDX licence allowed; give it again for more.")
    ] = field(default_factory=list)
    tag: Annotated[list[str], typer.Option(help="Tag that a track must have.")] = field(
        default_factory=list
    )
    no_tag: Annotated[list[str], typer.Option(help="Tag that a track must not have.")] = field(
        default_factory=list
    )
    key: Annotated[list[str], typer.Option(help='Key allowed, such as "A minor".')] = field(
        default_factory=list
    )
    exclude: Annotated[list[str], typer.Option(help="Id of a track to leave out.")] = field(
        default_factory=list
    )
    exclude_artist: Annotated[list[str], typer.Option(help="Artist to leave out.")] = field(
        default_factory=list
    )
    max_per_artist: Annotated[
        int,
        typer.Option(
            min=0, max=MOST, help="Most tracks of one artist; 0 leaves it to the server."
        ),
    ] = 0

    def build(self, *more_excluded: str) -> "TrackFilter":
        """The filter for the client, with more ids left out."""
        from temptrack.types import TrackFilter

        return TrackFilter(
            min_tempo_bpm=self.min_tempo,
            max_tempo_bpm=self.max_tempo,
            min_duration_s=self.min_length,
            max_duration_s=self.max_length,
            licences=tuple(self.licence),
            all_tags=tuple(self.tag),
            no_tags=tuple(self.no_tag),
            keys=tuple(self.key),
            exclude_ids=(*self.exclude, *more_excluded),
            exclude_artists=tuple(self.exclude_artist),
            max_per_artist=self.max_per_artist,
        )


@dataclass(frozen=True, kw_only=True)
class BatchOptions:
    """Many questions from a file."""

    batch: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="JSON lines, one question each; answered by one JSON line each, in order.",
        ),
    ] = None
    out: Annotated[
        Path | None,
        typer.Option(help="Where composed pieces go: a folder, or a .mid file for one."),
    ] = None
