"""Writes composed pieces to files: MIDI, and WAV and a piano-roll picture where asked for."""

from dataclasses import dataclass
from pathlib import Path

from temptrack.types import AttributeReport, ComposedPiece


@dataclass(frozen=True, kw_only=True)
class WrittenPiece:
    """Where a composed piece was written, and what it is."""

    midi: Path
    wav: Path | None
    picture: Path | None
    seed: int
    model: str
    attributes: tuple[AttributeReport, ...]
    num_candidates: int
    generated: bool


def write_piece(
    piece: ComposedPiece, midi: Path, *, wav: bool = False, picture: bool = False
) -> WrittenPiece:
    """Writes a piece to `midi`, and beside it under the same name what else was asked for."""
    midi.parent.mkdir(parents=True, exist_ok=True)
    midi.write_bytes(piece.midi)
    wav_file = midi.with_suffix(".wav") if wav and piece.wav else None
    if wav_file is not None:
        wav_file.write_bytes(piece.wav)
    return WrittenPiece(
        midi=midi,
        wav=wav_file,
        picture=_draw(piece, midi) if picture else None,
        seed=piece.seed,
        model=piece.model,
        attributes=piece.attributes,
        num_candidates=piece.num_candidates,
        generated=piece.generated,
    )


def _draw(piece: ComposedPiece, midi: Path) -> Path:
    from media.limits import Limits
    from media.midi import read_score
    from media.pictures import write_piano_roll

    picture = midi.with_suffix(".png")
    score = read_score(piece.midi, Limits())
    write_piano_roll(score, picture, f"{midi.stem} (composed by Temptrack, seed {piece.seed})")
    return picture
