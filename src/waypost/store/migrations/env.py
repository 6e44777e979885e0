"""What Alembic runs: the revisions, on the connection and in the transaction of the caller.

Offline there is no connection: the statements are printed, in a transaction where the engine has
one for tables.
"""

from alembic import context

attributes = context.config.attributes
if context.is_offline_mode():
    context.configure(dialect_name=attributes["dialect"], version_table=attributes["version_table"])
    with context.begin_transaction():
        context.run_migrations()
else:
    context.configure(
        connection=attributes["connection"], version_table=attributes["version_table"]
    )
    context.run_migrations()
