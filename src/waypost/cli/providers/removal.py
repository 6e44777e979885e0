"""The limit for domains that `waypost apply` takes out of service."""

import sys
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from waypost.cli.output import print_stderr
from waypost.core.errors import RemovalRefused
from waypost.core.model import Domain, Redirect

DEFAULT_MAX_REMOVED: Final = 10
"""How many domains a change may remove without `--allow-removal`."""
DEFAULT_MAX_REMOVED_SHARE: Final = 0.5
"""The part of all domains that a change may remove without `--allow-removal`."""
ALWAYS_ALLOWED: Final = 2
"""So many domains may be removed even if they are a larger part of all domains."""
_MAX_NAMES: Final = 5

AllowRemovalFlag = Annotated[
    int | None,
    typer.Option(
        "--allow-removal",
        metavar="N",
        min=0,
        help="Remove up to N domains from service. Without this option: up to "
        f"{DEFAULT_MAX_REMOVED}, and up to half of the domains; on a terminal, the command asks.",
        show_default=False,
    ),
]


@dataclass(slots=True)
class Removal:
    """The domains that a change takes out of service.

    Attributes:
        total: how many domains the database has now.
        removed: how many of these are removed, declined, or without services after the change.
        names: the first of the removed domains.
    """

    total: int
    removed: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, old: Domain | None, new: Domain | None) -> None:
        """Add a domain that changes from `old` to `new`; None is absent."""
        if old is None or not _is_served(old) or (new is not None and _is_served(new)):
            return
        self.removed += 1
        if len(self.names) < _MAX_NAMES:
            self.names.append(old.pattern.text)

    def is_allowed(self, max_removed: int | None) -> bool:
        """Return whether the change is allowed.

        Args:
            max_removed: the value of `--allow-removal`; None if it is not given.
        """
        if max_removed is not None:
            return self.removed <= max_removed
        exceeds_share = (
            self.removed > ALWAYS_ALLOWED and self.removed > self.total * DEFAULT_MAX_REMOVED_SHARE
        )
        return self.removed <= DEFAULT_MAX_REMOVED and not exceeds_share

    def __str__(self) -> str:
        """Return how many domains are removed, and what the user can do."""
        names = ", ".join(self.names)
        more = ", ..." if self.removed > len(self.names) else ""
        return (
            f"{self.removed:,} of {self.total:,} domains would not be served any more "
            f"({names}{more}). Use --only-add to keep them and to add new domains, "
            f"--allow-removal {self.removed} to remove them, or --dry-run --all to list them"
        )

    def check(self, max_removed: int | None) -> None:
        """Raise an error if the change removes too many domains.

        Raises:
            RemovalRefused: with the number of domains, and what the user can do.
        """
        if not self.is_allowed(max_removed):
            raise RemovalRefused(f"nothing was changed: {self}", self.removed)


def is_confirmed(refusal: RemovalRefused) -> bool:
    """Return whether the user at the terminal types the number of domains."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print_stderr(f"warning: {refusal}")
    question = f"Type {refusal.removed} to remove them, or press Enter to change nothing"
    answer: str = typer.prompt(question, default="", show_default=False, err=True)
    return answer.strip().replace(",", "") == str(refusal.removed)


def _is_served(domain: Domain) -> bool:
    """Return whether clients get services or a redirect for a domain."""
    redirect: Redirect | None = domain.redirect
    if redirect is None:
        return bool(domain.services)
    return redirect.address_domain is not None or redirect.url is not None
