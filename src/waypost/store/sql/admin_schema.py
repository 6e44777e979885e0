"""Waypost's tables about administration.

They have metadata of their own: `apply`, `import`, dumps and copies walk over the tables of
`schema`, and must never read or remove these rows. The indexes of both are in migration 0012.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

audit = sa.Table(
    "admin_audit",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    # In UTC.
    sa.Column("at", sa.DateTime, nullable=False),
    sa.Column("principal", sa.String(255), nullable=False),
    sa.Column("principal_kind", sa.String(16), nullable=False),
    sa.Column("remote", sa.String(64), nullable=True),
    sa.Column("action", sa.String(32), nullable=False),
    sa.Column("object_kind", sa.String(16), nullable=True),
    sa.Column("object_name", sa.String(255), nullable=True),
    # The provider of a domain, so that its tenants find the entry.
    sa.Column("provider", sa.String(128), nullable=True),
    # JSON objects without secrets.
    sa.Column("before", sa.Text, nullable=True),
    sa.Column("after", sa.Text, nullable=True),
    sa.Column("undo_of", sa.Integer, nullable=True),
)
