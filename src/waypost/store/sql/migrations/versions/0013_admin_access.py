"""Add the tokens of the API, and the sign-in links and sessions of the admin pages."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import context, op

revision = "0013"
down_revision = "0012"

_MYSQL: Final[dict[str, Any]] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}


def upgrade() -> None:
    """Add the tables, unless an earlier try added them without a roll-back."""
    existing = context.config.attributes["existing"]
    for name, columns in _tables().items():
        if name not in existing:
            op.create_table(name, *columns, **_MYSQL)


def _tables() -> dict[str, list[sa.Column[Any]]]:
    return {
        "admin_token": [
            sa.Column("id", sa.String(16), primary_key=True),
            sa.Column("name", sa.String(128), nullable=False),
            sa.Column("digest", sa.String(64), nullable=False, unique=True),
            *_scope(),
            sa.Column("created_at", sa.BigInteger, nullable=False),
            sa.Column("created_by", sa.String(128), nullable=False),
            sa.Column("expires_at", sa.BigInteger, nullable=True),
            sa.Column("last_used_at", sa.BigInteger, nullable=True),
            sa.Column("revoked_at", sa.BigInteger, nullable=True),
        ],
        "admin_link": [
            sa.Column("digest", sa.String(64), primary_key=True),
            sa.Column("name", sa.String(128), nullable=False),
            *_scope(),
            sa.Column("expires_at", sa.BigInteger, nullable=False),
        ],
        "admin_session": [
            sa.Column("id", sa.String(16), primary_key=True),
            sa.Column("digest", sa.String(64), nullable=False, unique=True),
            sa.Column("name", sa.String(128), nullable=False),
            *_scope(),
            sa.Column("remote", sa.String(64), nullable=True),
            sa.Column("created_at", sa.BigInteger, nullable=False),
            sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        ],
    }


def _scope() -> list[sa.Column[Any]]:
    return [
        sa.Column("role", sa.String(8), nullable=False),
        sa.Column("domains", sa.Text, nullable=True),
        sa.Column("provider", sa.String(128), nullable=True),
    ]
