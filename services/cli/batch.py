"""Many questions from a file of JSON lines: one line of JSON for each, in order, at once.

In: `{"id", "text"?, "clip"?, "audio"?, "midi"?, "seed"?, "exclude"?, "limit"?, "raw"?}`.
A question that fails is answered with `error`, and the next one is asked.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from services.cli.command import Run
from services.cli.failures import FAILED, UsageError, describe
from services.cli.options import MOST, BatchOptions, FilterOptions
from services.cli.pieces import write_piece
from temptrack.client import Client
from temptrack.errors import UnreachableError
from temptrack.types import ComposedPiece, Hit, Understanding

if TYPE_CHECKING:
    from services.cli.composition import PieceOptions
    from services.cli.finding import AnswerOptions

# `Any`: a parsed line holds whatever was written into it.
Row = dict[str, Any]
Answer = dict[str, object]

_SAFE_ID = re.compile(r"[\w.:-]{1,128}")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One line of a batch; refuses values of other types than these."""

    id: str
    text: str = ""
    clip: Path | None = None
    audio: Path | None = None
    midi: Path | None = None
    seed: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    limit: int = 0
    raw: bool = False

    def refuse(self, *names: str, asked_by: str) -> None:
        """Raises UsageError where one of these is given: the command has no use for it."""
        given = [name for name in names if getattr(self, name)]
        if given:
            raise UsageError(f"{asked_by} takes no {', '.join(given)}")


@dataclass(frozen=True, kw_only=True)
class _Batch:
    """How one command asks and what its lines look like when a question fails."""

    ask: Callable[[Client, Question], Answer]
    empty: Answer = field(default_factory=dict)


def find_batch(
    run: Run, many: BatchOptions, *, answer: "AnswerOptions", track_filter: FilterOptions
) -> None:
    """Answers each question with the music that fits it."""

    def ask(client: Client, question: Question) -> Answer:
        if len(question.seed) > 1:
            raise UsageError("find takes one seed; temptrack continue takes many")
        found = client.find_music(
            question.text,
            clip=question.clip,
            audio=question.audio,
            midi=question.midi,
            like="".join(question.seed),
            filter=track_filter.build(*question.exclude),
            limit=question.limit or answer.limit,
            raw=question.raw or answer.raw,
            may_compose=answer.compose,
            seed=answer.seed,
        )
        line = _hits_line(found.hits, found.understood, no_match=found.no_match)
        if found.composed is not None:
            line["composed"] = _composed(found.composed, question.id, many.out)
        return line

    _answer_all(run, many, _Batch(ask=ask, empty=_hits_line((), None, no_match=False)))


def continue_batch(
    run: Run, many: BatchOptions, *, limit: int, raw: bool, track_filter: FilterOptions
) -> None:
    """Answers each question with how its seed goes on."""

    def ask(client: Client, question: Question) -> Answer:
        question.refuse("clip", "audio", "midi", asked_by="continue")
        found = client.continue_playlist(
            question.seed,
            text=question.text,
            filter=track_filter.build(*question.exclude),
            limit=question.limit or limit,
            raw=question.raw or raw,
        )
        return _hits_line(found.hits, found.understood, no_match=not found.hits)

    _answer_all(run, many, _Batch(ask=ask, empty=_hits_line((), None, no_match=False)))


def compose_batch(run: Run, many: BatchOptions, *, piece: "PieceOptions") -> None:
    """Composes a piece for the text of each question into `<out>/<id>.mid`."""
    folder = many.out
    if folder is None:
        raise UsageError("--batch needs --out, the folder for the pieces")

    def ask(client: Client, question: Question) -> Answer:
        question.refuse("clip", "audio", "midi", asked_by="compose")
        midi = folder / f"{safe_name(question.id)}.mid"
        composed = client.compose(
            question.text,
            brief=piece.build(),
            seed=piece.seed,
            num_candidates=piece.candidates,
            render=piece.wav,
        )
        written = write_piece(composed.piece, midi, wav=piece.wav, picture=piece.picture)
        return {"midi": str(written.midi), "attributes": _attributes(composed.piece)}

    _answer_all(run, many, _Batch(ask=ask, empty={"midi": None, "attributes": []}))


def read_question(line: bytes, folder: Path) -> Question:
    """The question of one line; files are relative to the folder.

    Raises:
        UsageError: the line is no JSON object, or one of its values is of a wrong type.
    """
    row = _parse(line)
    return Question(
        id=_id(row),
        text=_value(row, "text", str, ""),
        clip=_file(row, "clip", folder),
        audio=_file(row, "audio", folder),
        midi=_file(row, "midi", folder),
        seed=_texts(row, "seed"),
        exclude=_texts(row, "exclude"),
        limit=_limit(row),
        raw=_value(row, "raw", bool, False),
    )


def safe_name(name: str) -> str:
    """The id as a file name.

    Raises:
        UsageError: it could lead out of its folder.
    """
    if not _SAFE_ID.fullmatch(name) or not name.strip("."):
        raise UsageError(f"the id {name!r} is no file name: use letters, digits and ._:-")
    return name


def _answer_all(run: Run, many: BatchOptions, batch: _Batch) -> None:
    file = many.batch
    if file is None:
        raise AssertionError("a batch has a file")
    failed = False
    with run.connect() as client, file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            answer = _answer_one(client, batch, line, folder=file.parent, number=number)
            failed = failed or "error" in answer
            run.write_json(answer)
    if failed:
        raise typer.Exit(FAILED)


def _answer_one(
    client: Client, batch: _Batch, line: bytes, *, folder: Path, number: int
) -> Answer:
    given = _given_id(line, number)
    try:
        question = read_question(line, folder)
        return {"id": given, **batch.ask(client, question)}
    except UnreachableError:
        raise
    except Exception as error:  # noqa: BLE001 - one question must not stop the rest
        return {"id": given, **batch.empty, "error": describe(error).as_dict()}


def _given_id(line: bytes, number: int) -> object:
    """The id as it was written, so that answers can be matched; else the number of the line."""
    try:
        row = json.loads(line)
    except ValueError:
        return f"line {number}"
    return row.get("id", f"line {number}") if isinstance(row, dict) else f"line {number}"


def _hits_line(
    hits: tuple[Hit, ...], understood: Understanding | None, *, no_match: bool
) -> Answer:
    rows = [
        {
            "track": hit.track.id,
            "relevance": hit.relevance,
            "start_s": hit.start_s,
            "reasons": [reason.text for reason in hit.reasons],
        }
        for hit in hits
    ]
    return {"hits": rows, "understood": understood, "no_match": no_match}


def _composed(piece: ComposedPiece, name: str, folder: Path | None) -> Answer:
    midi = None
    if folder is not None:
        midi = write_piece(piece, folder / f"{safe_name(name)}.mid").midi
    return {"midi": midi, "seed": piece.seed, "attributes": _attributes(piece)}


def _attributes(piece: ComposedPiece) -> list[Answer]:
    return [
        {"name": a.name, "asked": a.asked, "got": a.got, "met": a.met} for a in piece.attributes
    ]


def _parse(line: bytes) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise UsageError(f"the line is not JSON: {error}") from error
    if not isinstance(row, dict):
        raise UsageError("the line is not a JSON object")
    return row


def _id(row: Row) -> str:
    value = row.get("id")
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise UsageError(f"the id is {value!r}; it must be a text or a whole number")
    return str(value)


def _value(row: Row, name: str, kind: type, default: Any) -> Any:
    value = row.get(name)
    if value is None:
        return default
    if type(value) is not kind:
        raise UsageError(f"{name} is {value!r}; it must be of type {kind.__name__}")
    return value


def _limit(row: Row) -> int:
    limit = _value(row, "limit", int, 0)
    if not 0 <= limit <= MOST:
        raise UsageError(f"limit is {limit}; it must be 0 to {MOST:,}")
    return int(limit)


def _file(row: Row, name: str, folder: Path) -> Path | None:
    value = _value(row, name, str, "")
    return folder / value if value else None


def _texts(row: Row, name: str) -> tuple[str, ...]:
    value = _value(row, name, list, [])
    if not all(isinstance(item, str) for item in value):
        raise UsageError(f"{name} is {value!r}; it must be a list of track ids")
    return tuple(value)
