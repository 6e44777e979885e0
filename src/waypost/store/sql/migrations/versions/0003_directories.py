"""Add directories other than automx2's, and the use of them by domains; unknown to automx2."""

from typing import Any, Final

import sqlalchemy as sa
from alembic import context, op

revision = "0003"
down_revision = "0002"

# Texts may contain any character.
_MYSQL: Final[dict[str, Any]] = {"mysql_engine": "InnoDB", "mysql_charset": "utf8mb4"}


def upgrade() -> None:
    """Add the table and the columns, unless an earlier try added them without a roll-back."""
    existing = context.config.attributes["existing"]
    if "directory" not in existing:
        op.create_table("directory", *_directory(), **_MYSQL)
    for column in _domain():
        if column.name not in existing.get("domain", ()):
            op.add_column("domain", column)


def _directory() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("label", sa.String(64), nullable=False, unique=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("options", sa.Text, nullable=False),
        sa.Column("secret", sa.Text, nullable=True),
    ]


def _domain() -> list[sa.Column[Any]]:
    """Return the columns without a foreign key, which SQLite cannot add to a table."""
    return [
        sa.Column("directory_id", sa.Integer, nullable=True),
        sa.Column("unknown_user", sa.String(16), nullable=True),
        sa.Column("show_display_name", sa.Boolean, nullable=False, server_default=sa.false()),
    ]
