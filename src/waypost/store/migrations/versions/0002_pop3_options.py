"""What a POP3 client shall do with mail on the server: a nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("server", sa.Column("pop3", sa.String(128), nullable=True))
