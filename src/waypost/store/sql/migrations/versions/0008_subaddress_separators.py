"""Add separators of sub-addresses: one nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, unless an earlier try added it on an engine that cannot roll back."""
    if "subaddress_separators" in context.config.attributes["existing"].get("provider", ()):
        return
    op.add_column("provider", sa.Column("subaddress_separators", sa.String(32), nullable=True))
