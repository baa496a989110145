"""Alembic's entry: runs the versions on the connection that `bring_up_to_date` hands over."""

from alembic import context

from townhall.storage.schema import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
