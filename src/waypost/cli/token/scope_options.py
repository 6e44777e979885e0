"""The options that limit a token or a sign-in link, and their values."""

from typing import Annotated

import typer

from waypost.admin.access.duration import parse_duration
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import NAME_MAX_CHARS
from waypost.admin.principal import Role
from waypost.core.errors import ProvidersError, SettingsError
from waypost.core.model import DomainPattern
from waypost.providers_file.models.domain import parse_pattern
from waypost.providers_file.validators import RuleBroken

RoleFlag = Annotated[
    Role, typer.Option("--role", help="Whether changes are allowed: read, or read and write.")
]
DomainsFlag = Annotated[
    list[str] | None,
    typer.Option(
        "--domains",
        metavar="PATTERN",
        help="Only these domains, such as '*.example.com'; can be repeated.",
    ),
]
ProviderFlag = Annotated[
    str | None,
    typer.Option("--provider", metavar="NAME", help="Only the domains of this provider."),
]


def read_scope_options(role: Role, domains: list[str] | None, provider: str | None) -> AccessScope:
    """Return the scope of the options.

    Raises:
        ProvidersError: a pattern is not valid.
    """
    patterns = tuple(dict.fromkeys(_pattern(text) for text in domains or ()))
    # An empty name, perhaps of an empty variable, must not mean no limit.
    limit = None if provider is None else check_name(provider, "--provider")
    return AccessScope(role, patterns, limit)


def check_name(text: str, option: str) -> str:
    """Return a name without spaces around it.

    Raises:
        SettingsError: the name is empty, too long, or has characters that cannot be printed.
    """
    name = text.strip()
    if not name or len(name) > NAME_MAX_CHARS or not name.isprintable():
        message = f"{option}: must be a text of 1 to {NAME_MAX_CHARS} printable characters"
        raise SettingsError([message])
    return name


def read_expiry(text: str | None) -> int | None:
    """Return the value of --expires in seconds; None if the option is absent.

    Raises:
        SettingsError: the value is no duration.
    """
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise SettingsError([f"--expires: {error}"]) from error


def _pattern(text: str) -> DomainPattern:
    try:
        return parse_pattern(text)
    except RuleBroken as error:
        raise ProvidersError([f"--domains: {text}: {error}"]) from error
