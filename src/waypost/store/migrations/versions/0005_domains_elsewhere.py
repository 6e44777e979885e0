"""Domains that moved or are declined; unknown to automx2, which goes on serving them."""

import sqlalchemy as sa
from alembic import context, op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns that no earlier try did, on engines that keep half of it."""
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
