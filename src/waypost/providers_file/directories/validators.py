"""The rules for the strings of a directory: filters, queries, URLs, patterns."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from waypost.providers_file.directories.ldap_filter import check_filter_syntax
from waypost.providers_file.validators import RuleBroken, check_host

QUERY_MAX_CHARS: Final = 8000
URI_MAX_CHARS: Final = 1000
PATH_MAX_CHARS: Final = 1024
PATTERN_MAX_CHARS: Final = 500
LDAP_URL_MAX_CHARS: Final = 255
# A filter needs at least one of them to find different users for different addresses.
_FILTER_PLACEHOLDERS: Final = ("{0}", "{local_part}")


def check_filter(text: str) -> str:
    """Check that a search filter contains the address and has valid syntax; return the filter.

    Raises:
        RuleBroken: the message names the rule.
    """
    if not any(placeholder in text for placeholder in _FILTER_PLACEHOLDERS):
        raise RuleBroken("must contain {0} where the address goes")
    check_filter_syntax(text)
    return text


def check_ldap_url(text: str) -> str:
    """Check the URL of an LDAP server, and return the URL.

    It has a scheme, a host and a port, or the path of a socket. The other parts that RFC 4516 s2
    allows in a URL are separate keys.

    Raises:
        RuleBroken: the message names the rule.
    """
    scheme, separator, rest = text.partition("://")
    if not separator or scheme.lower() not in {"ldap", "ldaps", "ldapi"}:
        raise RuleBroken("must begin with ldaps://, ldap:// or ldapi://")
    if scheme.lower() == "ldapi":
        if not unquote(rest).startswith("/") or "/" in rest.rstrip("/"):
            raise RuleBroken(
                "must name a socket with its slashes encoded, such as ldapi://%2Frun%2Fldapi"
            )
        return text
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise RuleBroken(f"is not a URL: {error}") from error
    if not host or port == 0:
        raise RuleBroken(
            "must have a host, and a port from 1 to 65535 if it is not the default port"
        )
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        raise RuleBroken("must be a scheme, a host and a port only; use other keys for the rest")
    check_host(host)
    return text


def check_pattern(text: str) -> str:
    """Check a regular expression, and return it.

    Raises:
        RuleBroken: the string is not a regular expression.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise RuleBroken(f"is not a regular expression: {error}") from error
    return text
