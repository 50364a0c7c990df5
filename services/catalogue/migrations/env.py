"""Tells Alembic which tables there are; `upgrade_database` brings the connection."""

from alembic import context

from services.catalogue import tables as _catalogue_tables  # noqa: F401 - fills Base.metadata
from services.database import Base
from services.operations import tables as _operations_tables  # noqa: F401 - fills Base.metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
