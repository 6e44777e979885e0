"""Sub-addresses, whose users log in without a detail: one nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column, where no earlier try did on an engine that could not take it back."""
    if "subaddress_separators" in context.config.attributes["existing"].get("provider", ()):
        return
    op.add_column("provider", sa.Column("subaddress_separators", sa.String(32), nullable=True))
