"""The table of operations: the row is the queue entry; runs nothing."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session, defer

from services.database import Sessions
from services.errors import InvalidRequest, NotFound
from services.operations.records import (
    DONE,
    Claim,
    Fields,
    OperationPage,
    OperationRecord,
    State,
)
from services.operations.tables import OperationItemRow, OperationRow

MAX_TOKEN = 18  # digits of the highest number that both databases hold


class OperationStore:
    """Operations in the database; safe to share among threads."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def add(self, kind: str, request: Fields) -> str:
        """Puts an operation at the end of the queue; answers with its id."""
        operation_id = secrets.token_hex(8)
        row = OperationRow(
            id=operation_id,
            kind=kind,
            state="queued",
            request=request,
            progress={},
            record={},
            attempts=0,
            cancel_requested=False,
            created_at=datetime.now(UTC),
        )
        with self._sessions.writing() as session:
            session.add(row)
        return operation_id

    def get(self, operation_id: str) -> OperationRecord:
        """One operation, or NotFound."""
        with self._sessions.reading() as session:
            return _record(_find(session, operation_id))

    def list(
        self, *, token: str = "", limit: int = 100, done: bool | None = None
    ) -> OperationPage:
        """Operations, newest first, those after a token; `done` picks one kind.

        Their responses are left out: one of an import of 10,000 files has a megabyte.

        Raises:
            InvalidRequest: The token is not one of ours.
        """
        query = select(OperationRow).options(defer(OperationRow.response))
        query = query.order_by(OperationRow.number.desc()).limit(limit + 1)
        if token:
            query = query.where(OperationRow.number < _read_token(token))
        if done is not None:
            is_done = OperationRow.state.in_(DONE)
            query = query.where(is_done if done else ~is_done)
        with self._sessions.reading() as session:
            rows = session.scalars(query).all()
        next_token = str(rows[limit - 1].number) if len(rows) > limit else ""
        operations = tuple(_record(row, with_response=False) for row in rows[:limit])
        return OperationPage(operations=operations, next_token=next_token)

    def count_unfinished(self) -> int:
        """How many operations wait or run."""
        query = select(func.count(OperationRow.number)).where(OperationRow.state.not_in(DONE))
        with self._sessions.reading() as session:
            return session.scalar(query) or 0

    def claim(self, kinds: tuple[str, ...]) -> Claim | None:
        """Begins the operation that waits longest, or None when none waits."""
        query = (
            select(OperationRow)
            .where(OperationRow.state == "queued", OperationRow.kind.in_(kinds))
            .order_by(OperationRow.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._sessions.writing() as session:
            row = session.scalar(query)
            if row is None:
                return None
            row.state = "running"
            row.attempts += 1
            return Claim(
                id=row.id,
                number=row.number,
                kind=row.kind,
                request=row.request,
                progress=row.progress,
                record=row.record,
                attempts=row.attempts,
            )

    def save_progress(self, claim: Claim, progress: Fields, record: Fields) -> None:
        """Writes how far a running operation is."""
        self._change(claim.id, progress=progress, record=record)

    def save_item(self, claim: Claim, item: int, outcome: Fields) -> None:
        """Writes what became of one item."""
        row = OperationItemRow(operation_number=claim.number, item=item, outcome=outcome)
        goes_on = update(OperationRow).where(OperationRow.number == claim.number)
        with self._sessions.writing() as session:
            session.merge(row)
            session.execute(goes_on.values(attempts=1))

    def items(self, claim: Claim) -> dict[int, Fields]:
        """What became of the items so far, by item."""
        query = select(OperationItemRow).where(OperationItemRow.operation_number == claim.number)
        with self._sessions.reading() as session:
            return {row.item: row.outcome for row in session.scalars(query)}

    def finish(
        self,
        operation_id: str,
        state: State,
        *,
        response: Fields | None = None,
        error: Fields | None = None,
    ) -> None:
        """Ends an operation."""
        self._change(
            operation_id,
            state=state,
            response=response,
            error=error,
            finished_at=datetime.now(UTC),
        )

    def requeue(self, operation_id: str) -> None:
        """Puts an operation that stopped in order back where it was in the queue."""
        self._change(operation_id, state="queued", attempts=0)

    def requeue_running(self) -> int:
        """Puts back all that a stopped process left running; answers with their number."""
        query = update(OperationRow).where(OperationRow.state == "running").values(state="queued")
        with self._sessions.writing() as session:
            return int(session.connection().execute(query).rowcount)

    def cancel(self, operation_id: str, error: Fields) -> OperationRecord:
        """Cancels a waiting operation, asks a running one to stop, leaves a done one alone."""
        with self._sessions.writing() as session:
            row = _find(session, operation_id)
            if row.state == "queued":
                row.state, row.error, row.finished_at = "cancelled", error, datetime.now(UTC)
            row.cancel_requested = row.cancel_requested or row.state not in DONE
            return _record(row)

    def remove(self, operation_id: str) -> None:
        """Forgets a done operation; NotFound, or InvalidRequest when it is not done."""
        with self._sessions.writing() as session:
            row = _find(session, operation_id)
            if row.state not in DONE:
                raise InvalidRequest(f"operation {operation_id} is not done: cancel it first")
            session.execute(delete(OperationRow).where(OperationRow.number == row.number))

    def _change(self, operation_id: str, **values: Any) -> None:
        query = update(OperationRow).where(OperationRow.id == operation_id).values(**values)
        with self._sessions.writing() as session:
            session.execute(query)


def _find(session: Session, operation_id: str) -> OperationRow:
    row = session.scalar(select(OperationRow).where(OperationRow.id == operation_id))
    if row is None:
        message = f"there is no operation {operation_id!r}"
        raise NotFound(message, details={"operation": operation_id})
    return row


def _read_token(token: str) -> int:
    if not token.isdecimal() or len(token) > MAX_TOKEN:
        raise InvalidRequest(f"page token {token[:100]!r} is not one of ours")
    return int(token)


def _record(row: OperationRow, *, with_response: bool = True) -> OperationRecord:
    return OperationRecord(
        id=row.id,
        kind=row.kind,
        state=row.state,  # type: ignore[arg-type]  # written by this file only
        progress=row.progress,
        response=row.response if with_response else None,
        error=row.error,
        attempts=row.attempts,
        cancel_requested=row.cancel_requested,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
