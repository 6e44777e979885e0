"""The column of pinned PACC documents has that name, also where it was made as `held_pacc`."""

import sqlalchemy as sa
from alembic import context, op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Rename the column, unless it has its name already."""
    if "held_pacc" in context.config.attributes["existing"].get("domain", ()):
        op.alter_column(
            "domain",
            "held_pacc",
            new_column_name="pinned_pacc",
            existing_type=sa.LargeBinary(),
            existing_nullable=True,
        )
