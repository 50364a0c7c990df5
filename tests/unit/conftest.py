"""Fixtures of the unit tests."""

from tests.fixtures.databases import (  # noqa: F401 - fixtures are found by their names
    catalogue,
    database_url,
    empty_engine,
    engine,
    sessions,
)
