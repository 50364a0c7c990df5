"""The tables of long-running operations: the row is the queue entry; holds no query."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, BigNumber, Instant


class OperationRow(Base):
    """One operation; `number` is its place in the queue."""

    __tablename__ = "operation"
    __table_args__ = ({"sqlite_autoincrement": True},)

    number: Mapped[int] = mapped_column(BigNumber, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), index=True)
    request: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    progress: Mapped[dict[str, Any]] = mapped_column(JSON)
    record: Mapped[dict[str, Any]] = mapped_column(JSON, deferred=True)
    response: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    error: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    attempts: Mapped[int]
    cancel_requested: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class OperationItemRow(Base):
    """What became of one item of an operation, so that a resumed run leaves it out."""

    __tablename__ = "operation_item"

    operation_number: Mapped[int] = mapped_column(
        BigNumber, ForeignKey("operation.number", ondelete="CASCADE"), primary_key=True
    )
    item: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[dict[str, Any]] = mapped_column(JSON)
