"""The limit for domains that `waypost apply` takes out of service."""

import sys
from dataclasses import dataclass, field
from typing import Annotated, Final

import typer

from waypost.cli.reporting import note
from waypost.errors import RemovalRefused
from waypost.model import Away, Domain

FREE_DOMAINS: Final = 10
"""At most so many domains are removed without `--allow-removal`."""
FREE_SHARE: Final = 0.5
"""At most this part of all domains is removed without it, if that is more than `FEW` of them."""
FEW: Final = 2
_NAMED: Final = 5

AllowRemovalFlag = Annotated[
    int | None,
    typer.Option(
        "--allow-removal",
        metavar="N",
        min=0,
        help="Let up to N domains go out of service. Without it: at most "
        f"{FREE_DOMAINS}, and at most half of the domains; a terminal is asked.",
        show_default=False,
    ),
]


@dataclass(slots=True)
class Removal:
    """The domains that a change takes out of service.

    Attributes:
        total: how many domains the database has now.
        removed: how many of these are removed, declined, or left without a service.
        names: the first of them.
    """

    total: int
    removed: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, old: Domain | None, new: Domain | None) -> None:
        """Count a domain that changes from `old` to `new`; None is absent."""
        if old is None or not _is_of_use(old) or (new is not None and _is_of_use(new)):
            return
        self.removed += 1
        if len(self.names) < _NAMED:
            self.names.append(old.pattern.text)

    def is_allowed(self, allowed: int | None) -> bool:
        """Return whether the change may be made.

        Args:
            allowed: the value of `--allow-removal`; None if it is not given.
        """
        if allowed is not None:
            return self.removed <= allowed
        too_large_a_part = self.removed > FEW and self.removed > self.total * FREE_SHARE
        return self.removed <= FREE_DOMAINS and not too_large_a_part

    def __str__(self) -> str:
        """Return how many domains of how many are concerned, and what the user can do."""
        named = ", ".join(self.names)
        more = ", ..." if self.removed > len(self.names) else ""
        return (
            f"{self.removed:,} of {self.total:,} domains would not be served any more "
            f"({named}{more}). --only-add keeps them and adds what is new; "
            f"--allow-removal {self.removed} removes them; --dry-run --all lists them"
        )

    def check(self, allowed: int | None) -> None:
        """Refuse a change that removes too much.

        Raises:
            RemovalRefused: with the number of domains, and what the user can do.
        """
        if not self.is_allowed(allowed):
            raise RemovalRefused(f"nothing was changed: {self}", self.removed)


def is_confirmed(refused: RemovalRefused) -> bool:
    """Ask the person at the terminal to type the number of domains; False without a terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    note(f"warning: {refused}")
    question = f"Type {refused.removed} to remove them, or press Enter to change nothing"
    typed: str = typer.prompt(question, default="", show_default=False, err=True)
    return typed.strip().replace(",", "") == str(refused.removed)


def _is_of_use(domain: Domain) -> bool:
    """Return whether clients get anything for a domain: services, or where it has moved."""
    away: Away | None = domain.away
    if away is None:
        return bool(domain.services)
    return away.address_domain is not None or away.url is not None
