"""The script that Alembic runs: revisions on the caller's connection and in its transaction.

Offline there is no connection: the statements are printed, in a transaction if the engine has
transactions for tables.
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
