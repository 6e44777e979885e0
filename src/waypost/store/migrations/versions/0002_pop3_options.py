"""What a POP3 client shall do with mail on the server: a nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column, where no earlier try did on an engine that could not take it back."""
    if "pop3" in context.config.attributes["existing"].get("server", ()):
        return
    op.add_column("server", sa.Column("pop3", sa.String(128), nullable=True))
