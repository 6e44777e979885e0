"""Add columns for domains that moved or are declined; automx2 continues to serve them."""

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns, unless an earlier try added them on an engine that cannot roll back."""
    existing = context.config.attributes["existing"]
    for column in _domain():
        if column.name not in existing.get("domain", ()):
            op.add_column("domain", column)


def _domain() -> list[sa.Column[str] | sa.Column[bool]]:
    return [
        sa.Column("redirect_address", sa.String(128), nullable=True),
        sa.Column("redirect_url", sa.String(255), nullable=True),
        sa.Column("declined", sa.Boolean, nullable=False, server_default=sa.false()),
    ]
