"""Rename the column of pinned PACC documents, which was `held_pacc` in earlier versions."""

import sqlalchemy as sa
from alembic import context, op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Rename the column, unless it has the new name already."""
    if "held_pacc" in context.config.attributes["existing"].get("domain", ()):
        op.alter_column(
            "domain",
            "held_pacc",
            new_column_name="pinned_pacc",
            existing_type=sa.LargeBinary(),
            existing_nullable=True,
        )
