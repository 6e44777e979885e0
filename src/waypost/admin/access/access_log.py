"""Entries of the audit log about tokens, sign-in links and sessions. None has a secret."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from waypost.admin.access.scope import AccessScope
from waypost.admin.audit.entries import add_entry, who
from waypost.admin.principal import Principal
from waypost.database.engine import Connection
from waypost.store.sql.audit_log import AuditRow

AccessKind = Literal["token", "sign_in_link", "session"]
TOKEN: Final = "token"  # noqa: S105 -- a kind of object
LINK: Final = "sign_in_link"
SESSION: Final = "session"
ACCESS_KINDS: Final = (TOKEN, LINK, SESSION)
SIGN_OUT: Final = "sign_out"
SIGN_OUT_EVERYWHERE: Final = "sign_out_everywhere"
SignOut = Literal["sign_out", "sign_out_everywhere"]


@dataclass(frozen=True, slots=True)
class AccessChange:
    """A change of a token, a sign-in link or a session.

    Attributes:
        action: what was done.
        kind: of the object.
        name: of the token, or of the person. Names are not unique.
        before, after: the object before and after it, without secrets and their digests.
    """

    action: str
    kind: AccessKind
    name: str
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None


def note_access(
    connection: Connection, principal: Principal, change: AccessChange, retention_days: int
) -> None:
    """Add an entry in the transaction of the change.

    Args:
        connection: in the transaction.
        principal: who made the change.
        change: what was done.
        retention_days: how long the audit log keeps entries; 0 keeps all.
    """
    row = AuditRow(
        **who(principal),
        action=change.action,
        object_kind=change.kind,
        object_name=change.name,
        before=change.before,
        after=change.after,
    )
    add_entry(connection, row, retention_days)


def scope_data(scope: AccessScope) -> dict[str, Any]:
    """Return what an entry says about a scope."""
    return {
        "role": scope.role.value,
        "domains": [pattern.text for pattern in scope.domains],
        "provider": scope.provider,
    }


def own_kind(principal: Principal) -> str:
    """Return the kind of the entries that are about the principal itself; "" if none are."""
    return {"token": TOKEN, "person": SESSION}.get(principal.kind, "")


def is_about(principal: Principal, row: AuditRow) -> bool:
    """Return whether an entry is about the token or the session of the principal itself.

    The id identifies the token or the session: several tokens and several people may
    have the same name.
    """
    data = row.after or row.before or {}
    is_own_kind = row.object_kind is not None and row.object_kind == own_kind(principal)
    return is_own_kind and bool(principal.id) and data.get("id") == principal.id
