"""The rules for single texts of a directory: filters, queries, URLs, patterns."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from waypost.transfer.ldap_filter import check_form
from waypost.transfer.rules import RuleBroken, check_host

QUERY_MAX_CHARS: Final = 8000
URI_MAX_CHARS: Final = 1000
PATH_MAX_CHARS: Final = 1024
PATTERN_MAX_CHARS: Final = 500
LDAP_URL_MAX_CHARS: Final = 255
# At least one of them makes a filter find different users for different addresses.
_FILTER_PLACEHOLDERS: Final = ("{0}", "{local_part}")


def check_filter(text: str) -> str:
    """Return a search filter back if the address has its place in it and its form is right.

    Raises:
        RuleBroken: names the rule.
    """
    if not any(placeholder in text for placeholder in _FILTER_PLACEHOLDERS):
        raise RuleBroken("must hold {0} where the address goes")
    check_form(text)
    return text


def check_ldap_url(text: str) -> str:
    """Return the URL of an LDAP server back: scheme, host and port, or the path of a socket.

    What else RFC 4516 s2 allows in it has keys of its own.

    Raises:
        RuleBroken: names the rule.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in {"ldap", "ldaps", "ldapi"}:
        raise RuleBroken("must begin with ldaps://, ldap:// or ldapi://")
    if scheme.lower() == "ldapi":
        if not unquote(rest).startswith("/") or "/" in rest.rstrip("/"):
            raise RuleBroken(
                "must name a socket with its slashes encoded, as ldapi://%2Frun%2Fldapi"
            )
        return text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise RuleBroken(f"is not a URL: {error}") from error
    if not host or port == 0:
        raise RuleBroken(
            "must name a host, and a port from 1 to 65535 where it is not the usual one"
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise RuleBroken("must be a scheme, a host and a port only; the rest has keys of its own")
    check_host(host)
    return text


def check_pattern(text: str) -> str:
    """Return a regular expression back.

    Raises:
        RuleBroken: it is none.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise RuleBroken(f"is not a regular expression: {error}") from error
    return text
