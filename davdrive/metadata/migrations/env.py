"""Alembic's environment: runs inside `davdrive.metadata.migrate`, on the connection that it hands in."""

from alembic import context

from davdrive.metadata.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
