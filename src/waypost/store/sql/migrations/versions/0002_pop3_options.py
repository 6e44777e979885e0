"""Add options for POP3 clients: a nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, unless an earlier try added it on an engine that cannot roll back."""
    if "pop3" in context.config.attributes["existing"].get("server", ()):
        return
    op.add_column("server", sa.Column("pop3", sa.String(128), nullable=True))
