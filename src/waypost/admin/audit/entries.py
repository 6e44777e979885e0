"""How an entry is added to the audit log, in the transaction of its change."""

from datetime import UTC, datetime
from typing import Any

from waypost.admin.principal import Principal
from waypost.database.engine import Connection
from waypost.store.sql.audit_log import AuditRow, prune_audit, write_audit


def who(principal: Principal) -> dict[str, Any]:
    """Return the columns about the principal and the time."""
    return {
        "at": datetime.now(UTC).replace(microsecond=0),
        "principal": principal.name,
        "principal_kind": principal.kind,
        "remote": principal.remote,
    }


def add_entry(connection: Connection, row: AuditRow, retention_days: int) -> int:
    """Add an entry, remove some of the old ones, and return the id.

    Args:
        connection: in the transaction of the change.
        row: the entry.
        retention_days: how long the audit log keeps entries; 0 keeps all.
    """
    audit_id = write_audit(connection, row)
    prune_audit(connection, retention_days, row.at)
    return audit_id
