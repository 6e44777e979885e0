"""Make the indexes of links covering: they answer which services a domain has without the table.

If many domains share a few services, the links of one domain are far apart, and reading each link
costs a page. InnoDB's indexes contain the primary key anyway.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the two indexes again, with both columns."""
    if op.get_context().dialect.name == "mysql":
        return
    for service in ("server", "davserver"):
        table = f"{service}_domain"
        op.drop_index(f"ix_{table}_domain", table)
        op.create_index(f"ix_{table}_domain", table, ["domain_id", f"{service}_id"])
