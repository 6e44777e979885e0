"""Waypost's tables about administration.

They have separate metadata: `apply`, `import`, dumps and copies walk over the tables of
`schema`, and must never read or remove these rows. The indexes are in the migrations 0012 and 0013.
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

# In the next three tables, secrets are digests, and times are whole seconds since 1970, in UTC.
token = sa.Table(
    "admin_token",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("role", sa.String(8), nullable=False),
    # A list of patterns, as JSON; NULL for all.
    sa.Column("domains", sa.Text, nullable=True),
    sa.Column("provider", sa.String(128), nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.String(128), nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=True),
    sa.Column("last_used_at", sa.BigInteger, nullable=True),
    sa.Column("revoked_at", sa.BigInteger, nullable=True),
)

link = sa.Table(
    "admin_link",
    metadata,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("domains", sa.Text, nullable=True),
    sa.Column("provider", sa.String(128), nullable=True),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

session = sa.Table(
    "admin_session",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False, unique=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("domains", sa.Text, nullable=True),
    sa.Column("provider", sa.String(128), nullable=True),
    sa.Column("remote", sa.String(64), nullable=True),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_seen_at", sa.BigInteger, nullable=False),
)

# The requests of mail clients, for the overview of the admin pages: by hour, client and answer.
request_count = sa.Table(
    "admin_request_count",
    metadata,
    # The start of the hour, in seconds since 1970.
    sa.Column("hour", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("client", sa.String(64), primary_key=True),
    sa.Column("result", sa.String(32), primary_key=True),
    sa.Column("requests", sa.BigInteger, nullable=False),
)
