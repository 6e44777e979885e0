"""Add pinned PACC documents: one nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column, unless an earlier try added it on an engine that cannot roll back.

    Earlier versions of this revision named the column `held_pacc`; 0010 renames it.
    """
    existing = context.config.attributes["existing"].get("domain", ())
    if not {"pinned_pacc", "held_pacc"}.intersection(existing):
        op.add_column("domain", sa.Column("pinned_pacc", sa.LargeBinary, nullable=True))
