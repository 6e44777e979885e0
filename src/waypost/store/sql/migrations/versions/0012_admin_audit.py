"""Add the audit log of administration, and the indexes that it needs to find the domains of a row.

The table is Waypost's; automx2 does not know it. Without the indexes, a change of one domain of a
million would read all of them.
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import context, op

revision = "0012"
down_revision = "0011"

_MYSQL: Final[dict[str, Any]] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}
_DATA: Final = "admin_audit"


def upgrade() -> None:
    """Add the table and the indexes, unless an earlier try added them without a roll-back."""
    existing = context.config.attributes["existing"]
    dialect = op.get_context().dialect.name
    if _DATA not in existing:
        op.create_table(_DATA, *_columns(dialect), **_MYSQL)
    for name, column in (("at", "at"), ("object", "object_name"), ("undo", "undo_of")):
        if f"ix_{_DATA}_{name}" not in existing.get(_DATA, ()):
            _create_index(f"ix_{_DATA}_{name}", _DATA, column)
    for index, expression, condition in _domain_indexes(dialect):
        if index in existing.get("domain", ()):
            continue
        where = {} if condition is None else {f"{dialect}_where": sa.text(condition)}
        _create_index(index, "domain", expression, **where)


def _create_index(
    name: str,
    table: str,
    expression: str | sa.TextClause,
    **options: Any,  # noqa: ANN401 -- of an engine
) -> None:
    # MySQL has no IF NOT EXISTS here; its indexes are known.
    has_check = op.get_context().dialect.name != "mysql"
    op.create_index(name, table, [expression], if_not_exists=has_check or None, **options)


def _columns(dialect: str) -> list[sa.Column[Any]]:
    # MySQL's TEXT has at most 64 KB, less than an object may have.
    data = sa.Text(2**24 - 1) if dialect == "mysql" else sa.Text()
    return [
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("principal", sa.String(255), nullable=False),
        sa.Column("principal_kind", sa.String(16), nullable=False),
        sa.Column("remote", sa.String(64), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("object_kind", sa.String(16), nullable=True),
        sa.Column("object_name", sa.String(255), nullable=True),
        sa.Column("provider", sa.String(128), nullable=True),
        sa.Column("before", data, nullable=True),
        sa.Column("after", data, nullable=True),
        sa.Column("undo_of", sa.Integer, nullable=True),
    ]


def _domain_indexes(dialect: str) -> list[tuple[str, str | sa.TextClause, str | None]]:
    """Return name, column or expression, and condition of each index.

    MySQL has no indexes with a condition, and MariaDB none of expressions. It has an index of each
    column with a foreign key.
    """
    if dialect == "mysql":
        return [
            ("ix_domain_directory", "directory_id", None),
            ("ix_domain_alias", "alias_of", None),
        ]
    indexes: list[tuple[str, str | sa.TextClause, str | None]] = [
        ("ix_domain_provider", "provider_id", None),
        ("ix_domain_ldapserver", "ldapserver_id", "ldapserver_id IS NOT NULL"),
        ("ix_domain_directory", "directory_id", "directory_id IS NOT NULL"),
        ("ix_domain_alias", sa.text("lower(alias_of)"), "alias_of IS NOT NULL"),
    ]
    if dialect == "postgresql":
        # Lists are sorted by bytes; the order of the database may ignore punctuation.
        indexes.append(("ix_domain_name_bytes", sa.text('lower(name) COLLATE "C"'), None))
    return indexes
