"""Add the domain that a domain is an alias of: one nullable column. automx2 does not know it."""

import sqlalchemy as sa
from alembic import context, op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column, unless an earlier try added it on an engine that cannot roll back."""
    if "alias_of" not in context.config.attributes["existing"].get("domain", ()):
        op.add_column("domain", sa.Column("alias_of", sa.String(128), nullable=True))
