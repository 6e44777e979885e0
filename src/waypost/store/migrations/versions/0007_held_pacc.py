"""PACC documents that are held while DNS changes: one nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, where no earlier try did on an engine that could not take it back."""
    if "held_pacc" in context.config.attributes["existing"].get("domain", ()):
        return
    op.add_column("domain", sa.Column("held_pacc", sa.LargeBinary, nullable=True))
