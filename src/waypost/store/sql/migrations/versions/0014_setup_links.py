"""Add the table of one-time links. automx2 does not know it."""

import sqlalchemy as sa
from alembic import context, op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Create the table, unless an earlier try created it on an engine that cannot roll back."""
    if "setup_link" in context.config.attributes["existing"]:
        return
    op.create_table(
        "setup_link",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("display_name", sa.String(128), nullable=False),
        sa.Column("aliases", sa.Text, nullable=False),
        sa.Column("device", sa.String(64), nullable=False),
        sa.Column("secret", sa.Text, nullable=True),
        sa.Column("uses_left", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("leased_until", sa.BigInteger, nullable=True),
        sa.Column("lease", sa.String(32), nullable=True),
        sa.Column("used_at", sa.BigInteger, nullable=True),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
