"""Indexes that answer by themselves which services a domain has, without a look at the tables.

The links of one domain lie far apart where many domains share a few services, so that each of them
costs a page. InnoDB's indexes hold the primary key anyway.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the two indexes anew with both columns."""
    if op.get_context().dialect.name == "mysql":
        return
    for service in ("server", "davserver"):
        table = f"{service}_domain"
        op.drop_index(f"ix_{table}_domain", table)
        op.create_index(f"ix_{table}_domain", table, ["domain_id", f"{service}_id"])
