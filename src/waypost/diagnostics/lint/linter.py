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
    defaulted_attributes = frozenset(rule.name for rule in rules if rule.default is not None)
    target = LintTarget(provider, ordered(services), defaulted_attributes, users is not None)
    target_by_format: dict[Format | None, LintTarget] = {
        format_: target.for_format(format_) for format_ in Format
    }
    for rule in RULES:
        yield from _diagnostics(rule, target_by_format)


def _diagnostics(
    rule: Rule, target_by_format: Mapping[Format | None, LintTarget]
) -> Iterator[Diagnostic]:
    """Check a rule for each of its clients; clients of the same format are checked once."""
    clients_by_location: dict[str, list[MailClient]] = {}
    checked: list[tuple[LintTarget, list[str]]] = []
    for client in rule.clients:
        format_target = target_by_format[client.reads]
        locations = next(
            (
                locations_of_target
                for checked_target, locations_of_target in checked
                if checked_target is format_target
            ),
            None,
        )
        if locations is None:
            locations = list(dict.fromkeys(rule.check(format_target)))
            checked.append((format_target, locations))
        for location in locations:
            clients_by_location.setdefault(location, []).append(client)
    for location, clients in clients_by_location.items():
        yield Diagnostic(rule, location, clients=tuple(clients))


def provider_affects_diagnostics(provider: Provider) -> bool:
    """Return whether diagnostics may depend on the provider itself, in addition to its services."""
    is_long = len(provider.name) > NAME_MAX_CHARS or len(provider.short_name) > SHORT_NAME_MAX_CHARS
    return is_long or bool(provider.oauth2) or bool(provider.subaddress_separators)
