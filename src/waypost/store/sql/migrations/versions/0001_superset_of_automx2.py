"""Create automx2's seven tables if they are missing, and add Waypost's columns to them.

An upgrade only adds columns with a default or NULL, and indexes, so that automx2 can still run on
the database.
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0001"
down_revision = None

# Foreign keys and transactions need InnoDB; the default collation ignores case.
_MYSQL: Mapping[str, Any] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}


def upgrade() -> None:
    """Create what is missing. A database of any release of automx2 keeps its content.

    Alembic's attribute `existing` has the existing tables and columns, so that the upgrade runs
    offline, and again after a failure on an engine without transactions for tables.
    """
    existing: Mapping[str, set[str]] = context.config.attributes["existing"]
    for name, columns in (_independent_tables() | _dependent_tables()).items():
        if name not in existing:
            op.create_table(name, *columns, *_constraints(name), **_MYSQL)
            continue
        for column in columns:
            if column.name not in existing[name]:
                op.add_column(name, column)
    for index, table, expression in _indexes():
        # MySQL's comparisons ignore case; MariaDB has no indexes of expressions.
        is_supported = isinstance(expression, str) or op.get_context().dialect.name != "mysql"
        if is_supported and index not in existing.get(table, ()):
            op.create_index(index, table, [expression])


def _indexes() -> list[tuple[str, str, str | sa.TextClause]]:
    """Return name, table, and column or expression of each index."""
    return [
        ("ix_domain_name_lower", "domain", sa.text("lower(name)")),
        ("ix_server_domain_domain", "server_domain", "domain_id"),
        ("ix_davserver_domain_domain", "davserver_domain", "domain_id"),
    ]


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _independent_tables() -> dict[str, list[sa.Column[Any]]]:
    """Return the tables without foreign keys; Waypost's columns come last."""
    return {
        "provider": [
            _id(),
            sa.Column("name", sa.String(128), nullable=False),
            sa.Column("short_name", sa.String(32), nullable=False),
            sa.Column("documentation", sa.JSON, nullable=True),
            sa.Column("oauth2", sa.JSON, nullable=True),
        ],
        "server": [
            _id(),
            sa.Column("prio", sa.Integer, nullable=False, server_default="10"),
            sa.Column("name", sa.String(128), nullable=False),
            sa.Column("port", sa.Integer, nullable=False),
            sa.Column("type", sa.String(32), nullable=False),
            sa.Column("socket_type", sa.String(32), nullable=False),
            sa.Column("user_name", sa.String(64), nullable=False),
            sa.Column("authentication", sa.String(32), nullable=False),
            sa.Column("authentication_methods", sa.String(512), nullable=True),
            sa.Column("domain_required", sa.Boolean, nullable=False, server_default=sa.false()),
        ],
        "davserver": [
            _id(),
            sa.Column("url", sa.String(128), nullable=False),
            sa.Column("port", sa.Integer, nullable=False),
            sa.Column("type", sa.String(32), nullable=False),
            sa.Column("use_ssl", sa.Boolean, nullable=False),
            sa.Column("domain_required", sa.Boolean, nullable=False),
            sa.Column("user_name", sa.String(64), nullable=True),
            sa.Column("prio", sa.Integer, nullable=False, server_default="10"),
            sa.Column("authentication_methods", sa.String(512), nullable=True),
        ],
        "ldapserver": [
            _id(),
            sa.Column("name", sa.String(128), nullable=False),
            sa.Column("port", sa.Integer, nullable=False),
            sa.Column("use_ssl", sa.Boolean, nullable=False),
            sa.Column("search_base", sa.String(128), nullable=False),
            sa.Column("search_filter", sa.String(128), nullable=False),
            sa.Column("attr_uid", sa.String(32), nullable=False),
            sa.Column("attr_cn", sa.String(32), nullable=True),
            sa.Column("bind_password", sa.String(128), nullable=True),
            sa.Column("bind_user", sa.String(128), nullable=True),
        ],
    }


def _dependent_tables() -> dict[str, list[sa.Column[Any]]]:
    """Return the tables with foreign keys, each after the tables that it refers to."""
    return {
        "domain": [
            _id(),
            sa.Column("name", sa.String(128), nullable=False),
            sa.Column("provider_id", sa.Integer, nullable=False),
            sa.Column("ldapserver_id", sa.Integer, nullable=True),
        ],
        "server_domain": [
            sa.Column("server_id", sa.Integer, primary_key=True),
            sa.Column("domain_id", sa.Integer, primary_key=True),
        ],
        "davserver_domain": [
            sa.Column("davserver_id", sa.Integer, primary_key=True),
            sa.Column("domain_id", sa.Integer, primary_key=True),
        ],
    }


def _constraints(table: str) -> list[sa.Constraint]:
    if table == "domain":
        return [
            sa.UniqueConstraint("name"),
            sa.ForeignKeyConstraint(["provider_id"], ["provider.id"]),
            sa.ForeignKeyConstraint(["ldapserver_id"], ["ldapserver.id"]),
        ]
    if table.endswith("_domain"):
        service = table.removesuffix("_domain")
        return [
            sa.ForeignKeyConstraint([f"{service}_id"], [f"{service}.id"]),
            sa.ForeignKeyConstraint(["domain_id"], ["domain.id"]),
        ]
    return []
