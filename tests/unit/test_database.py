import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event, text

from services.catalogue import tables as catalogue_tables
from services.database import Base, Instant, Sessions, open_database, upgrade_database
from services.errors import HomeTooNew
from services.operations import tables as operation_tables


def test_the_migrations_make_the_tables_that_the_models_describe(engine: Engine) -> None:
    assert catalogue_tables.TrackRow.metadata is operation_tables.OperationRow.metadata
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    upgrade_database(engine)
    with engine.connect() as connection:
        revisions = connection.execute(text("SELECT revision FROM catalogue_state")).all()
    assert revisions == [(0,)]


def test_a_database_of_a_later_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(HomeTooNew, match="9999"):
        upgrade_database(engine)


def test_other_databases_are_refused() -> None:
    with pytest.raises(ValueError, match="use sqlite or postgresql"):
        open_database("mysql://localhost/test")


def test_a_writer_waits_for_another_and_neither_is_lost(sessions: Sessions) -> None:
    second_began, lines = threading.Event(), []

    def write_second() -> None:
        second_began.set()
        with sessions.writing() as session:
            session.execute(text("UPDATE catalogue_state SET revision = revision + 10"))
            lines.append("second")

    other = threading.Thread(target=write_second)
    with sessions.writing() as session:
        session.execute(text("UPDATE catalogue_state SET revision = revision + 1"))
        other.start()
        second_began.wait()
        lines.append("first")
    other.join()
    with sessions.reading() as session:
        assert session.execute(text("SELECT revision FROM catalogue_state")).scalar() == 11
    assert lines == ["first", "second"]


def test_a_reader_does_not_wait_for_a_writer(sessions: Sessions) -> None:
    with sessions.writing() as writer:
        writer.execute(text("UPDATE catalogue_state SET revision = 5"))
        with sessions.reading() as reader:
            assert reader.execute(text("SELECT revision FROM catalogue_state")).scalar() == 0


def test_an_error_takes_back_what_a_session_wrote(sessions: Sessions) -> None:
    def write_half() -> None:
        with sessions.writing() as session:
            session.execute(text("UPDATE catalogue_state SET revision = 5"))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        write_half()
    with sessions.reading() as session:
        assert session.execute(text("SELECT revision FROM catalogue_state")).scalar() == 0


def test_sqlite_takes_the_write_lock_only_for_writing(tmp_path: pytest.TempPathFactory) -> None:
    engine = open_database(f"sqlite:///{tmp_path}/a.sqlite3")
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    sessions = Sessions(engine)
    with sessions.reading() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    with sessions.writing() as session:
        session.execute(text("SELECT 1"))
    engine.dispose()
    assert [line for line in statements if line.startswith("BEGIN")] == [
        "BEGIN",
        "BEGIN IMMEDIATE",
    ]


def test_a_moment_needs_a_time_zone_and_comes_back_in_utc(engine: Engine) -> None:
    instant, dialect = Instant(), engine.dialect
    with pytest.raises(ValueError, match="no time zone"):
        instant.process_bind_param(datetime(2026, 1, 1), dialect)
    eastern = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    assert instant.process_bind_param(eastern, dialect) == datetime(2026, 1, 1, 10, tzinfo=UTC)
    naive = datetime(2026, 1, 1, 10)
    assert instant.process_result_value(naive, dialect) == datetime(2026, 1, 1, 10, tzinfo=UTC)
