"""Add the provider's other pages: one nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, unless an earlier try added it on an engine that cannot roll back."""
    if "pages" in context.config.attributes["existing"].get("provider", ()):
        return
    op.add_column("provider", sa.Column("pages", sa.JSON, nullable=True))
