"""What the use cases return."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, Literal, TypedDict

from waypost.admin.access.duration import utc_text
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.providers_file.plan import Plan

Data = dict[str, Any]
"""An object as plain JSON data, in the words of the providers file."""
ObjectKind = Literal["domain", "provider", "directory", "setup_link"]
MANY_ACTIONS: Final = ("services", "apply")
"""The actions that change many objects; not all entries have the state before."""
OMITTED: Final = "omitted"
"""The key of an entry of the audit log that says why it does not have the state before."""
NEW_OBJECT = "*"
"""As `if_none_match`: the object must not exist yet (RFC 9110 s13.1.2)."""


class DeleteArguments(TypedDict, total=False):
    """How a caller wants an object to be deleted, which never changes others.

    Attributes:
        if_match: the version that is changed; `*` for any.
        dry_run: whether the change is only planned.
    """

    if_match: str | None
    dry_run: bool


class ChangeArguments(DeleteArguments, total=False):
    """How a caller wants a change to be made.

    Attributes:
        if_none_match: `*` if the object must not exist.
        confirm: whether other objects may change, too.
    """

    if_none_match: str | None
    confirm: bool


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as it is stored, without secrets.

    Attributes:
        data: plain JSON data.
        version: a strong validator, which changes with each change of the object.
    """

    data: Data
    version: str


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list.

    Attributes:
        items: in the order of their names.
        next: the cursor of the next part; None for the last part.
    """

    items: tuple[StoredObject, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """A change that was made, or would be made.

    Attributes:
        plan: the changes, as `waypost apply` lists them.
        old: the object before the change; None if there was none.
        new: the object after the change; None if it was deleted.
        warnings: values that are allowed, but perhaps not intended.
        written: whether the change was made; False for a dry run, and if nothing changed.
        audit_id: the id of the entry in the audit log; None if nothing was written.
    """

    plan: Plan
    old: StoredObject | None
    new: StoredObject | None
    warnings: tuple[str, ...] = ()
    written: bool = False
    audit_id: int | None = None


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How many lines of a bulk change have been read."""

    lines: int


@dataclass(frozen=True, slots=True)
class BulkMistake:
    """A mistake in a line of a bulk change.

    Attributes:
        line: the number of the line, from 1.
        path: of the mistake, such as `services[0].port`; "" for the whole line.
        rule: the broken rule.
        code: the code of the error.
    """

    line: int
    path: str
    rule: str
    code: str


@dataclass(frozen=True, slots=True)
class BulkEnd:
    """The end of a bulk change.

    Attributes:
        lines: the number of lines.
        plan: the changes; only the first ones are listed.
        mistakes: the number of mistakes, also of those that were not reported.
        written: whether the changes were made; all of them or none.
        aliases: the number of aliases that change with their domains. Those that have a line are
            not counted, and the plan does not list the others.
    """

    lines: int
    plan: Plan
    mistakes: int
    written: bool
    aliases: int = 0


BulkEvent = BulkProgress | BulkMistake | BulkEnd


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """An entry of the audit log. Secrets are masked.

    Attributes:
        at: in UTC, with its zone.
        principal, principal_kind, remote: who made the change, and from where.
        action: `put`, `patch`, `delete`, `rename`, `undo`, `bulk`, `apply`, `sign_in`, ...
        object_kind, object_name: what was changed; None for many objects.
        before, after: the object; None if it did not exist. `after` of `apply` has counts.
        undo_of: the id of the entry that this one undid, or None.
        can_be_undone: whether undo would work for the principal that reads the entry.
    """

    id: int
    at: datetime
    principal: str
    principal_kind: str
    remote: str | None
    action: str
    object_kind: str | None
    object_name: str | None
    before: Data | None
    after: Data | None
    undo_of: int | None
    can_be_undone: bool

    @property
    def time_text(self) -> str:
        """The time as RFC 3339 text in UTC."""
        return utc_text(int(self.at.timestamp()))

    def data(self) -> Data:
        """Return the entry as plain JSON data."""
        data = {one.name: getattr(self, one.name) for one in fields(self)}
        return data | {"at": self.time_text}


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A part of the audit log, newest entries first."""

    items: tuple[AuditEntry, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a client receives.

    Attributes:
        content_type: the value of Content-Type.
        body: byte for byte.
    """

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class LintReport:
    """What `waypost lint --domain` finds.

    Attributes:
        data: as its --json.
        diagnostics: the findings.
    """

    data: Mapping[str, object]
    diagnostics: tuple[Diagnostic, ...]
