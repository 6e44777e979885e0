"""The linter: it finds what in a configuration breaks which mail client.

The facts are in docs/clients.md, the codes in docs/lint.md.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from waypost.core.model import DirectoryPolicy, Format, Provider, Service
from waypost.core.preference import ordered
from waypost.diagnostics.lint.checks import NAME_MAX_CHARS, SHORT_NAME_MAX_CHARS
from waypost.diagnostics.lint.clients import EVERY, LintClient
from waypost.diagnostics.lint.rule import Rule
from waypost.diagnostics.lint.rules import RULES
from waypost.diagnostics.lint.target import LintTarget


@dataclass(frozen=True, slots=True)
class LintFinding:
    """Something that breaks a client.

    Attributes:
        rule: what is wrong, and how to fix it.
        where: the service or the text; empty for the whole offer.
        clients: the clients that it breaks, the most used first; only those clients of the rule
            whose format contains the service.
    """

    rule: Rule
    where: str
    clients: tuple[LintClient, ...]

    @property
    def code(self) -> str:
        """Return the code of the rule, which never changes."""
        return self.rule.code

    def __str__(self) -> str:
        """Return one line for people."""
        names = names_of(self.clients)
        where = f"{self.where}: " if self.where else ""
        rule = self.rule
        return (
            f"{rule.code} ({names}): {where}{rule.message}; {rule.fix}; see {self.clients[0].link}"
        )


def names_of(clients: tuple[LintClient, ...]) -> str:
    """Return the names of clients for people."""
    return "every client" if clients == EVERY else ", ".join(client.name for client in clients)


def lint(
    provider: Provider | None, services: tuple[Service, ...], users: DirectoryPolicy | None = None
) -> Iterator[LintFinding]:
    """Yield what breaks clients in the services of a domain.

    Args:
        provider: its names are checked; None to check only services.
        services: as configured, with their placeholders.
        users: the directory of users; its rules say which attributes have a default.

    Returns:
        The findings, in the order of docs/lint.md.
    """
    rules = () if users is None else users.directory.rules
    always = frozenset(rule.name for rule in rules if rule.default is not None)
    offered = LintTarget(provider, ordered(services), always, users is not None)
    views = {form: offered.within(form) for form in Format}
    for rule in RULES:
        yield from _findings(rule, views)


def _findings(rule: Rule, views: Mapping[Format, LintTarget]) -> Iterator[LintFinding]:
    """Check a rule for each of its clients; clients of the same format are checked once."""
    found: dict[str, list[LintClient]] = {}
    checked: list[tuple[LintTarget, list[str]]] = []
    for client in rule.clients:
        view = views[client.reads]
        places = next((known for one, known in checked if one is view), None)
        if places is None:
            places = list(dict.fromkeys(rule.check(view)))
            checked.append((view, places))
        for where in places:
            found.setdefault(where, []).append(client)
    for where, clients in found.items():
        yield LintFinding(rule, where, tuple(clients))


def provider_matters(provider: Provider) -> bool:
    """Return whether findings may depend on the provider itself, in addition to its services."""
    is_long = len(provider.name) > NAME_MAX_CHARS or len(provider.short_name) > SHORT_NAME_MAX_CHARS
    return is_long or bool(provider.oauth2) or bool(provider.subaddress_separators)
