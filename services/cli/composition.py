"""`temptrack compose`: a sketch from words, a brief or both."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.command import Run, command
from services.cli.failures import UsageError
from services.cli.options import HIGHEST_SEED, BatchOptions
from services.cli.output import attributes_table, say, understood_line

if TYPE_CHECKING:
    from rich.console import Console

    from services.cli.pieces import WrittenPiece
    from temptrack.types import Brief, ComposedMusic


@dataclass(frozen=True, kw_only=True)
class PieceOptions:
    """What a piece must be, and what is written of it."""

    tempo: Annotated[float | None, typer.Option(help="Beats a minute, 30 to 240.")] = None
    key: Annotated[str, typer.Option(help='Key, such as "A minor".')] = ""
    metre: Annotated[str, typer.Option(help='Metre, such as "3/4".')] = ""
    bars: Annotated[int | None, typer.Option(min=1, max=128, help="Number of bars.")] = None
    length: Annotated[float | None, typer.Option(help="Length in seconds, 1 to 600.")] = None
    instrument: Annotated[
        list[str], typer.Option(help='General MIDI name, or "drums"; give it again for more.')
    ] = field(default_factory=list)
    valence: Annotated[float | None, typer.Option(help="Pleasantness, -1 to 1.")] = None
    energy: Annotated[float | None, typer.Option(help="Arousal, -1 to 1.")] = None
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=HIGHEST_SEED, help="The same seed gives the same piece; 0 takes 1."
        ),
    ] = 0
    candidates: Annotated[
        int, typer.Option(min=0, max=32, help="Pieces to choose the best of; 0 takes 8.")
    ] = 0
    wav: Annotated[bool, typer.Option("--wav", help="Write its sound too.")] = False
    picture: Annotated[bool, typer.Option("--picture", help="Draw its piano roll too.")] = False

    def build(self) -> "Brief | None":
        """The brief for the client; None where nothing is asked for."""
        from temptrack.types import Brief

        brief = Brief(
            tempo_bpm=self.tempo,
            key=self.key,
            metre=self.metre,
            bars=self.bars,
            length_s=self.length,
            instruments=tuple(self.instrument),
            valence=self.valence,
            energy=self.energy,
        )
        return None if brief == Brief() else brief


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(app, "compose")(compose_music)


def compose_music(
    run: Run,
    piece: PieceOptions,
    many: BatchOptions,
    words: Annotated[list[str] | None, typer.Argument(help="What it must be.")] = None,
) -> None:
    """Composes a sketch and says what was asked for and what was got.

    It is written to --out, a .mid file, or else to sketch-SEED.mid here. With --batch, each line
    of the file is an object with id and text, and --out is a folder.

    Examples:
      temptrack compose "a sad waltz for piano and cello" --wav --picture
      temptrack compose --tempo 92 --key "D minor" --bars 16 --seed 7 --out d-minor.mid
      temptrack compose --batch briefs.jsonl --out sketches
    """
    text = " ".join(words or ())
    if many.batch is not None:
        from services.cli.batch import compose_batch

        if text:
            raise UsageError("--batch takes its questions from the file: give no words")
        compose_batch(run, many, piece=piece)
        return
    brief = piece.build()
    if not text and brief is None:
        raise UsageError("say what to compose: words, options such as --tempo, or --batch")
    from services.cli.pieces import write_piece

    with run.connect() as client:
        composed = client.compose(
            text,
            brief=brief,
            seed=piece.seed,
            num_candidates=piece.candidates,
            render=piece.wav,
        )
    out = many.out or Path(f"sketch-{composed.piece.seed}.mid")
    written = write_piece(composed.piece, out, wav=piece.wav, picture=piece.picture)
    value = {**vars(written), "understood": composed.understood, "brief": composed.brief}
    run.answer(value, lambda console: _show(console, composed, written))


def _show(out: "Console", composed: "ComposedMusic", written: "WrittenPiece") -> None:
    line = understood_line(composed.understood)
    if line:
        say(out, line, style="dim")
    out.print(attributes_table(written.attributes))
    model = f"{written.model}, best of {written.num_candidates}, seed {written.seed}"
    say(out, f"composed by Temptrack ({model})")
    for file in (written.midi, written.wav, written.picture):
        if file is not None:
            say(out, f"written: {file}")
