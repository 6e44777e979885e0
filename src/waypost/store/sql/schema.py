"""The tables: automx2's seven, and Waypost's additions.

Waypost's columns are nullable or have a server default, so that automx2, which names its columns in
inserts, can still run on the same database.
"""

import sqlalchemy as sa

metadata = sa.MetaData()

provider = sa.Table(
    "provider",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("short_name", sa.String(32), nullable=False),
    # Waypost's: lists of objects, or NULL for none.
    sa.Column("documentation", sa.JSON(none_as_null=True), nullable=True),
    sa.Column("oauth2", sa.JSON(none_as_null=True), nullable=True),
    # Waypost's since 0006: an object with the provider's other pages, or NULL.
    sa.Column("pages", sa.JSON(none_as_null=True), nullable=True),
    # Waypost's since 0008: separators of user and detail (RFC 5233); NULL or empty for none.
    sa.Column("subaddress_separators", sa.String(32), nullable=True),
)

server = sa.Table(
    "server",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("prio", sa.Integer, nullable=False, server_default="10"),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("socket_type", sa.String(32), nullable=False),
    sa.Column("user_name", sa.String(64), nullable=False),
    sa.Column("authentication", sa.String(32), nullable=False),
    # Waypost's: the whole ordered list of methods if the column `authentication` cannot express
    # it; separated by spaces.
    sa.Column("authentication_methods", sa.String(512), nullable=True),
    sa.Column("domain_required", sa.Boolean, nullable=False, server_default=sa.false()),
    # Waypost's since 0002: a JSON object, as a text, so that rows can be compared; or NULL.
    sa.Column("pop3", sa.String(128), nullable=True),
    # Waypost's since 0009: the formats that describe it, separated by spaces; NULL for all.
    sa.Column("formats", sa.String(128), nullable=True),
)

davserver = sa.Table(
    "davserver",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("url", sa.String(128), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("type", sa.String(32), nullable=False),
    sa.Column("use_ssl", sa.Boolean, nullable=False),
    sa.Column("domain_required", sa.Boolean, nullable=False),
    sa.Column("user_name", sa.String(64), nullable=True),
    # Waypost's.
    sa.Column("prio", sa.Integer, nullable=False, server_default="10"),
    sa.Column("authentication_methods", sa.String(512), nullable=True),
    sa.Column("formats", sa.String(128), nullable=True),
)

ldapserver = sa.Table(
    "ldapserver",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(128), nullable=False),
    sa.Column("port", sa.Integer, nullable=False),
    sa.Column("use_ssl", sa.Boolean, nullable=False),
    sa.Column("search_base", sa.String(128), nullable=False),
    sa.Column("search_filter", sa.String(128), nullable=False),
    sa.Column("attr_uid", sa.String(32), nullable=False),
    sa.Column("attr_cn", sa.String(32), nullable=True),
    sa.Column("bind_password", sa.String(128), nullable=True),
    sa.Column("bind_user", sa.String(128), nullable=True),
)

# Waypost's since 0003: directories that automx2 does not support.
directory = sa.Table(
    "directory",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("label", sa.String(64), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    # A JSON object, as a text, so that rows can be compared.
    sa.Column("options", sa.Text, nullable=False),
    # The bind password or the URI.
    sa.Column("secret", sa.Text, nullable=True),
)

domain = sa.Table(
    "domain",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(128), nullable=False, unique=True),
    sa.Column("provider_id", sa.Integer, sa.ForeignKey("provider.id"), nullable=False),
    sa.Column("ldapserver_id", sa.Integer, sa.ForeignKey("ldapserver.id"), nullable=True),
    # Waypost's since 0003; SQLite cannot add a foreign key to a table.
    sa.Column("directory_id", sa.Integer, nullable=True),
    sa.Column("unknown_user", sa.String(16), nullable=True),
    sa.Column("show_display_name", sa.Boolean, nullable=False, server_default=sa.false()),
    # Waypost's since 0005: domains whose mail is elsewhere.
    sa.Column("redirect_address", sa.String(128), nullable=True),
    sa.Column("redirect_url", sa.String(255), nullable=True),
    sa.Column("declined", sa.Boolean, nullable=False, server_default=sa.false()),
    # Waypost's since 0007: the PACC document to send, byte for byte, until DNS has the next digest.
    sa.Column("pinned_pacc", sa.LargeBinary, nullable=True),
    # Waypost's since 0011: the domain whose mailboxes the users have.
    sa.Column("alias_of", sa.String(128), nullable=True),
)
# automx2 compared names with their case, and operators may have stored any. MySQL's comparisons
# ignore case, so that the index of the constraint is enough; MariaDB has no indexes of expressions.
sa.Index("ix_domain_name_lower", sa.func.lower(domain.c.name))

server_domain = sa.Table(
    "server_domain",
    metadata,
    sa.Column("server_id", sa.Integer, sa.ForeignKey("server.id"), primary_key=True),
    sa.Column("domain_id", sa.Integer, sa.ForeignKey("domain.id"), primary_key=True),
)
sa.Index("ix_server_domain_domain", server_domain.c.domain_id, server_domain.c.server_id)

davserver_domain = sa.Table(
    "davserver_domain",
    metadata,
    sa.Column("davserver_id", sa.Integer, sa.ForeignKey("davserver.id"), primary_key=True),
    sa.Column("domain_id", sa.Integer, sa.ForeignKey("domain.id"), primary_key=True),
)
sa.Index(
    "ix_davserver_domain_domain", davserver_domain.c.domain_id, davserver_domain.c.davserver_id
)

# Waypost's since 0014: one-time links. Providers files and automx2's tools do not have them, so
# they are no part of `metadata`: what copies, empties or compares the domains leaves them alone.
setup_link = sa.Table(
    "setup_link",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    # SHA-256 of the token, in hexadecimal.
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("address", sa.String(320), nullable=False),
    sa.Column("display_name", sa.String(128), nullable=False),
    # A JSON list, as a text.
    sa.Column("aliases", sa.Text, nullable=False),
    sa.Column("device", sa.String(64), nullable=False),
    # The app password, encrypted with the operator's key; NULL if there is none, or after its use.
    sa.Column("secret", sa.Text, nullable=True),
    sa.Column("uses_left", sa.Integer, nullable=False),
    # Times are seconds since the epoch.
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("leased_until", sa.BigInteger, nullable=True),
    sa.Column("lease", sa.String(32), nullable=True),
    sa.Column("used_at", sa.BigInteger, nullable=True),
)
