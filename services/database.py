"""Opens the database (SQLite or PostgreSQL) and brings it up to date; knows no table.

SQLite runs in WAL mode: readers never wait, writers wait for each other up to `BUSY_TIMEOUT_S`.
A writing transaction takes the write lock when it begins (`BEGIN IMMEDIATE`): a reader that turns
into a writer half-way would fail at once instead of waiting.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Integer,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DataError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from services.errors import HomeTooNew, InvalidRequest

BUSY_TIMEOUT_S = 30.0
MIGRATIONS = Path(__file__).parent / "catalogue" / "migrations"
WRITES = "temptrack_writes"
BigNumber = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up


class Base(DeclarativeBase):
    """What every table of ours derives from."""


class Instant(TypeDecorator[datetime]):
    """A moment in UTC; refuses one without a time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turns the moment into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Gives back the time zone that SQLite forgets."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


class Sessions:
    """Opens one session per piece of work; safe to share among threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writing_engine = engine.execution_options(**{WRITES: True})

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing.

        Raises:
            InvalidRequest: A value is none that the database takes.
        """
        with _refusing(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back by an error.

        Raises:
            InvalidRequest: A value is none that the database takes.
        """
        with (
            _refusing(),
            Session(self._writing_engine, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session


@contextmanager
def _refusing() -> Iterator[None]:
    """PostgreSQL takes no NUL in a text, which SQLite and a request do."""
    try:
        yield
    except DataError as error:
        raise InvalidRequest(f"the database does not take a value: {error.orig}") from error


def open_database(url: str) -> Engine:
    """The engine for `sqlite:///FILE` or `postgresql://...`; refuses other databases.

    Raises:
        ValueError: The URL names another kind of database.
    """
    parsed = make_url(url)
    match parsed.get_backend_name():
        case "sqlite":
            return _open_sqlite(parsed)
        case "postgresql":
            return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
        case other:
            raise ValueError(f"database {other!r} is not supported: use sqlite or postgresql")


def upgrade_database(engine: Engine) -> None:
    """Brings the tables to the newest version, in one transaction.

    Raises:
        HomeTooNew: A later version of Temptrack has changed the tables.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    known = {script.revision for script in scripts.walk_revisions()}
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        _refuse_later_revision(connection, known)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_later_revision(connection: Connection, known: set[str]) -> None:
    from alembic.runtime.migration import MigrationContext

    revision = MigrationContext.configure(connection).get_current_revision()
    if revision is not None and revision not in known:
        raise HomeTooNew(
            f"the database has version {revision}, which this Temptrack does not know; "
            "use the later Temptrack that wrote it",
            details={"revision": revision},
        )


def _open_sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:  # DBAPI objects have no types
    connection.isolation_level = None  # the driver would delay BEGIN; `_begin_sqlite` does not
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
