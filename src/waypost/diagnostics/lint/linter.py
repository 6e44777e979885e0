"""The linter: it finds what in a configuration breaks which mail client.

The facts are in docs/clients.md, the codes in docs/lint.md.
"""

from collections.abc import Iterator, Mapping

from waypost.core.clients import MailClient
from waypost.core.model import DirectoryPolicy, Format, Provider, Service
from waypost.core.preference import ordered
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.lint.checks import NAME_MAX_CHARS, SHORT_NAME_MAX_CHARS
from waypost.diagnostics.lint.rule import Rule
from waypost.diagnostics.lint.rules import RULES
from waypost.diagnostics.lint.target import LintTarget


def lint(
    provider: Provider | None, services: tuple[Service, ...], users: DirectoryPolicy | None = None
) -> Iterator[Diagnostic]:
    """Yield what breaks clients in the services of a domain.

    Args:
        provider: its names are checked; None to check only services.
        services: as configured, with their placeholders.
        users: the directory of users; its rules say which attributes have a default.

    Returns:
        The diagnostics, in the order of docs/lint.md. The place is a service or a text; it is empty
        for all services. The clients are those of the rule whose format contains the service.
    """
    rules = () if users is None else users.directory.rules
    always = frozenset(rule.name for rule in rules if rule.default is not None)
    offered = LintTarget(provider, ordered(services), always, users is not None)
    views: dict[Format | None, LintTarget] = {form: offered.within(form) for form in Format}
    for rule in RULES:
        yield from _diagnostics(rule, views)


def _diagnostics(rule: Rule, views: Mapping[Format | None, LintTarget]) -> Iterator[Diagnostic]:
    """Check a rule for each of its clients; clients of the same format are checked once."""
    found: dict[str, list[MailClient]] = {}
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
        yield Diagnostic(rule, where, clients=tuple(clients))


def provider_matters(provider: Provider) -> bool:
    """Return whether diagnostics may depend on the provider itself, in addition to its services."""
    is_long = len(provider.name) > NAME_MAX_CHARS or len(provider.short_name) > SHORT_NAME_MAX_CHARS
    return is_long or bool(provider.oauth2) or bool(provider.subaddress_separators)
