"""Services that some formats leave out: a nullable column of each table, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns, where no earlier try did on an engine that could not take them back."""
    existing = context.config.attributes["existing"]
    for table in ("server", "davserver"):
        if "formats" not in existing.get(table, ()):
            op.add_column(table, sa.Column("formats", sa.String(128), nullable=True))
