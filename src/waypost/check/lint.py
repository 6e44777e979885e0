"""What in an offer breaks which mail client, before any client has asked.

The facts stand in docs/clients.md, the codes in docs/lint.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from waypost.check.lint_checks import NAME_MAX_CHARS, SHORT_NAME_MAX_CHARS
from waypost.check.lint_clients import EVERY, Client
from waypost.check.lint_rule import Rule
from waypost.check.lint_rules import RULES
from waypost.check.offered import Offered
from waypost.model import Provider, Service, Users
from waypost.preference import ordered


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that breaks a client.

    Attributes:
        rule: what it is, for whom, and what cures it.
        where: the service or the text; empty where the whole offer is meant.
    """

    rule: Rule
    where: str = ""

    @property
    def code(self) -> str:
        """The name of the rule, which never changes."""
        return self.rule.code

    @property
    def clients(self) -> tuple[Client, ...]:
        """Whom it breaks, the most used first."""
        return self.rule.clients

    def __str__(self) -> str:
        """Give one line for people."""
        names = names_of(self.clients)
        where = f"{self.where}: " if self.where else ""
        rule = self.rule
        return (
            f"{rule.code} ({names}): {where}{rule.message}; {rule.fix}; see {self.clients[0].link}"
        )


def names_of(clients: tuple[Client, ...]) -> str:
    """Name clients for people."""
    return "every client" if clients == EVERY else ", ".join(client.name for client in clients)


def lint(
    provider: Provider | None, services: tuple[Service, ...], users: Users | None = None
) -> Iterator[Finding]:
    """Find what breaks clients in what a domain offers.

    Args:
        provider: whose names are looked at; None where nobody's are.
        services: as configured, with their placeholders.
        users: who is asked about users; tells which of their attributes have a default.

    Returns:
        The findings, in the order of docs/lint.md.
    """
    rules = () if users is None else users.directory.rules
    always = frozenset(rule.name for rule in rules if rule.default is not None)
    offered = Offered(provider, ordered(services), always, users is not None)
    for rule in RULES:
        for where in rule.check(offered):
            yield Finding(rule, where)


def provider_matters(provider: Provider) -> bool:
    """Tell whether findings may depend on a provider itself, and not on services alone."""
    is_long = len(provider.name) > NAME_MAX_CHARS or len(provider.short_name) > SHORT_NAME_MAX_CHARS
    return is_long or bool(provider.oauth2) or bool(provider.subaddress_separators)
