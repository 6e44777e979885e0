"""Add the table of the requests by hour, for the admin pages. automx2 does not know it."""

import sqlalchemy as sa
from alembic import context, op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Create the table, unless an earlier try created it on an engine that cannot roll back."""
    if "admin_request_count" in context.config.attributes["existing"]:
        return
    op.create_table(
        "admin_request_count",
        sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("client", sa.String(64), primary_key=True),
        sa.Column("result", sa.String(32), primary_key=True),
        sa.Column("requests", sa.BigInteger, nullable=False),
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
    )
