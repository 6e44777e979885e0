"""The limit for domains that `waypost apply` takes out of service."""

import sys
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from waypost.cli.output import print_stderr
from waypost.core.errors import RemovalRefused
from waypost.core.model import Domain, Redirect

FREE_DOMAINS: Final = 10
"""The number of domains that may be removed without `--allow-removal`."""
FREE_SHARE: Final = 0.5
"""The part of all domains that may be removed without it, if that is more than `FEW` domains."""
FEW: Final = 2
_NAMED: Final = 5

AllowRemovalFlag = Annotated[
    int | None,
    typer.Option(
        "--allow-removal",
        metavar="N",
        min=0,
        help=f"Remove up to N domains from service. Without this option: up to {FREE_DOMAINS}, and "
        "up to half of the domains; on a terminal, the command asks.",
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
        if old is None or not _is_of_use(old) or (new is not None and _is_of_use(new)):
            return
        self.removed += 1
        if len(self.names) < _NAMED:
            self.names.append(old.pattern.text)

    def is_allowed(self, allowed: int | None) -> bool:
        """Return whether the change is allowed.

        Args:
            allowed: the value of `--allow-removal`; None if it is not given.
        """
        if allowed is not None:
            return self.removed <= allowed
        too_large_a_part = self.removed > FEW and self.removed > self.total * FREE_SHARE
        return self.removed <= FREE_DOMAINS and not too_large_a_part

    def __str__(self) -> str:
        """Return how many domains are removed, and what the user can do."""
        named = ", ".join(self.names)
        more = ", ..." if self.removed > len(self.names) else ""
        return (
            f"{self.removed:,} of {self.total:,} domains would not be served any more "
            f"({named}{more}). Use --only-add to keep them and to add new domains, "
            f"--allow-removal {self.removed} to remove them, or --dry-run --all to list them"
        )

    def check(self, allowed: int | None) -> None:
        """Raise an error if the change removes too many domains.

        Raises:
            RemovalRefused: with the number of domains, and what the user can do.
        """
        if not self.is_allowed(allowed):
            raise RemovalRefused(f"nothing was changed: {self}", self.removed)


def is_confirmed(refused: RemovalRefused) -> bool:
    """Return whether the user at the terminal types the number of domains."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print_stderr(f"warning: {refused}")
    question = f"Type {refused.removed} to remove them, or press Enter to change nothing"
    typed: str = typer.prompt(question, default="", show_default=False, err=True)
    return typed.strip().replace(",", "") == str(refused.removed)


def _is_of_use(domain: Domain) -> bool:
    """Return whether clients get services or a redirect for a domain."""
    redirect: Redirect | None = domain.redirect
    if redirect is None:
        return bool(domain.services)
    return redirect.address_domain is not None or redirect.url is not None
