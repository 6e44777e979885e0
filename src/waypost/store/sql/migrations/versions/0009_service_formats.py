"""Add the formats that describe a service: one nullable column in each of the two tables.

automx2 does not know these columns.
"""

import sqlalchemy as sa
from alembic import context, op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns, unless an earlier try added them on an engine that cannot roll back."""
    existing = context.config.attributes["existing"]
    for table in ("server", "davserver"):
        if "formats" not in existing.get(table, ()):
            op.add_column(table, sa.Column("formats", sa.String(128), nullable=True))
