"""The keys of a providers file for domains whose mail is not here."""

from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import DomainPattern, MatchKind, Redirect
from waypost.core.placeholders import has_placeholder
from waypost.providers_file.json_schema_parts import Schema, flag, text
from waypost.providers_file.validation import Table
from waypost.providers_file.validators import DOMAIN_MAX_CHARS, RuleBroken, check_web_url

AWAY_KEYS: Final = ("redirect_address", "redirect_url", "declined")
REDIRECT_URL_MAX_CHARS: Final = 255


def read_redirect(table: Table, default: Redirect | None = None) -> Redirect | None:
    """Read where the mail of a provider's domains, or of one domain, is.

    Args:
        table: a provider, or an entry of its domains.
        default: the value for a domain that sets none of the keys.
    """
    declined = table.flag("declined")
    domain = _domain(table)
    url = _url(table)
    said = [key for key in AWAY_KEYS if key in table]
    if len(said) > 1 and (declined is not False or len(said) > 2):
        table.problem(said[-1], f"cannot be combined with {said[0]}; use only one of them")
    if domain is not None or url is not None or declined:
        return Redirect(domain, url)
    return default if declined is None else None


def check_elsewhere(
    table: Table, at: str, pattern: DomainPattern, redirect: Redirect | None
) -> None:
    """Report a domain that redirects to itself."""
    if redirect is None or pattern.kind is not MatchKind.EXACT:
        return
    if not redirect.leads_back(DomainName(pattern.text)):
        return
    if redirect.url is None:
        table.problem(at, f"{pattern} cannot redirect to itself; use another redirect_address")
    else:
        table.problem(at, f"clients of {pattern} already ask at its redirect_url; use another one")


def redirect_data(redirect: Redirect | None) -> dict[str, object]:
    """Return the keys of a provider or a domain as plain data."""
    if redirect is None:
        return {}
    if redirect.address_domain is not None:
        return {"redirect_address": redirect.address_domain}
    return {"declined": True} if redirect.url is None else {"redirect_url": redirect.url}


def redirect_schema() -> Schema:
    """Return the JSON Schema of the keys, for editors."""
    url = text(REDIRECT_URL_MAX_CHARS, "Autodiscover redirects clients to this https URL.")
    return {
        "redirect_address": text(DOMAIN_MAX_CHARS, "The new domain of all addresses."),
        "redirect_url": {**url, "pattern": "^[Hh][Tt][Tt][Pp][Ss]://"},
        "declined": flag("Answer as if the domain were not configured."),
    }


def _domain(table: Table) -> str | None:
    given = table.text("redirect_address", DOMAIN_MAX_CHARS)
    if given is None:
        return None
    try:
        name = DomainName.parse(given).ascii
    except DomainError as error:
        table.problem("redirect_address", f"is not a domain: {error}")
        return None
    if len(name) > DOMAIN_MAX_CHARS:
        table.problem("redirect_address", f"is longer than {DOMAIN_MAX_CHARS} characters")
        return None
    return name


def _url(table: Table) -> str | None:
    given = table.text("redirect_url", REDIRECT_URL_MAX_CHARS)
    if given is None:
        return None
    try:
        check_web_url(given)
    except RuleBroken as broken:
        table.problem("redirect_url", str(broken))
        return None
    # MS-OXDSCLI, element RedirectUrl: clients follow it with a password in hand.
    if urlsplit(given).scheme.lower() != "https":
        table.problem("redirect_url", "must begin with https://")
        return None
    if has_placeholder(given) or "%{" in given:
        table.problem("redirect_url", "contains a placeholder; it must be the same for all users")
        return None
    return given
