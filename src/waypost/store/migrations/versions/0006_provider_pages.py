"""The provider's other pages: one nullable column, unknown to automx2."""

import sqlalchemy as sa
from alembic import context, op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the column, where no earlier try did on an engine that could not take it back."""
    if "pages" in context.config.attributes["existing"].get("provider", ()):
        return
    op.add_column("provider", sa.Column("pages", sa.JSON, nullable=True))
