"""Changes by forms: what went wrong, next to the fields, and what to do about it."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from waypost.admin.results import ChangeResult, StoredObject
from waypost.core.errors import (
    AccessForbidden,
    ConfirmationNeeded,
    InvalidObject,
    ObjectInUse,
    StoreReadOnly,
    UndoRefused,
    VersionConflict,
)
from waypost.web.admin.pages.differences import differences
from waypost.web.admin.pages.routes import error_status

Translate = Callable[..., str]
_ITEM: Final = re.compile(r"(?<=\.authentication)\[\d+\]$")


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a change was refused.

    Attributes:
        error: the reason.
        differences: of the stored object and that of the person: key, theirs, mine.
        version: of the stored object, for another try.
    """

    error: Exception
    status: int
    differences: tuple[tuple[str, str, str], ...] = ()
    version: str = ""

    @property
    def mistakes(self) -> tuple[tuple[str, str], ...]:
        """The path of each mistake, which is that of its field, and the broken rule."""
        if not isinstance(self.error, InvalidObject):
            return ()
        # A field such as `services[0].authentication` has the items of a list.
        return tuple((_ITEM.sub("", path), rule) for path, rule in self.error.mistakes)

    @property
    def problems(self) -> dict[str, list[str]]:
        """The broken rules by path."""
        found: dict[str, list[str]] = {}
        for path, rule in self.mistakes:
            found.setdefault(path, []).append(rule)
        return found

    @property
    def message(self) -> str:
        """The text of the error."""
        return "" if self.is_conflict else str(self.error)

    @property
    def affected(self) -> tuple[str, ...]:
        """The first names of the other objects."""
        found = self.error
        return found.affected if isinstance(found, ConfirmationNeeded | ObjectInUse) else ()

    @property
    def count(self) -> int:
        """The number of the other objects."""
        return self.error.count if isinstance(self.error, ConfirmationNeeded) else 0

    @property
    def is_conflict(self) -> bool:
        """Whether another person has changed the object."""
        return isinstance(self.error, VersionConflict)

    @property
    def needs_confirmation(self) -> bool:
        """Whether the change can be confirmed."""
        return isinstance(self.error, ConfirmationNeeded)

    def title(self, translate: Translate) -> str:
        """Return the heading."""
        if self.is_conflict:
            return translate("Another person has changed this in the meantime")
        if self.needs_confirmation:
            return translate("This also changes other entries")
        if self.mistakes:
            return translate("Nothing was changed: please correct these fields")
        return translate("Nothing was changed")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A change that was made, or refused."""

    result: ChangeResult | None = None
    failure: Failure | None = None

    @property
    def done(self) -> dict[str, object]:
        """What the next page says."""
        if self.result is None or not self.result.written:
            return {"done": "unchanged"}
        word = "saved" if self.result.old is not None else "created"
        word = "deleted" if self.result.new is None else word
        return {"done": word, "undo": self.result.audit_id}


def attempt(change: Callable[[], ChangeResult]) -> Attempt:
    """Make a change. Errors that a person can act on become a failure; all others are raised."""
    try:
        return Attempt(change())
    except (
        AccessForbidden,
        ConfirmationNeeded,
        InvalidObject,
        ObjectInUse,
        StoreReadOnly,
        UndoRefused,
        VersionConflict,
    ) as error:
        return Attempt(failure=Failure(error, error_status(error)))


def with_differences(
    failure: Failure, stored: StoredObject | None, mine: Mapping[str, object]
) -> Failure:
    """Add both versions to a conflict.

    Args:
        failure: a conflict, or any other failure, which is returned as it is.
        stored: the object now; None if it was deleted.
        mine: the object that the person wants.
    """
    if not failure.is_conflict:
        return failure
    theirs: Mapping[str, Any] = {} if stored is None else stored.data
    version = "" if stored is None else stored.version
    return Failure(failure.error, failure.status, tuple(differences(theirs, mine)), version)
