"""The rules for single texts of a directory: filters, queries, URLs, patterns."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

from waypost.transfer.ldap_filter import check_form
from waypost.transfer.rules import RuleBroken, check_host

QUERY_MAX_CHARS: Final = 8000
URI_MAX_CHARS: Final = 1000
PATTERN_MAX_CHARS: Final = 500
LDAP_URL_MAX_CHARS: Final = 255
# At least one of them makes a filter find different users for different addresses.
_FILTER_PLACEHOLDERS: Final = ("{0}", "{local_part}")
_QUERY_NAMES: Final = ("address", "local_part", "domain")
_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
_BOUND: Final = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)")
# How automx2, Dovecot and Postfix put texts into statements: without binding them.
_BUILT: Final = re.compile(r"%[sundw](?![\w%])|%\(\w*\)s|\{\w*\}|%\{\w+\}|\$\{?\w+\}?|\?")


def check_filter(text: str) -> str:
    """Give a search filter back if the address has its place in it and its form is right.

    Raises:
        RuleBroken: names the rule.
    """
    if not any(placeholder in text for placeholder in _FILTER_PLACEHOLDERS):
        raise RuleBroken("must hold {0} where the address goes")
    check_form(text)
    return text


def check_ldap_url(text: str) -> str:
    """Give the URL of an LDAP server back: scheme, host and port, or the path of a socket.

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
    """Give a regular expression back.

    Raises:
        RuleBroken: it is none.
    """
    try:
        re.compile(text)
    except re.error as error:
        raise RuleBroken(f"is not a regular expression: {error}") from error
    return text


def check_query(text: str, names: tuple[str, ...] = _QUERY_NAMES) -> str:
    """Give a SELECT back whose values are bound.

    Args:
        text: one statement.
        names: what may be bound; at least one of them must be.

    Raises:
        RuleBroken: names the rule.
    """
    bare = _QUOTED.sub("''", text).strip().rstrip(";").strip()
    if not re.match(r"(select|with)\b", bare, re.IGNORECASE):
        raise RuleBroken("must be a SELECT")
    if ";" in bare:
        raise RuleBroken("must be one statement")
    if "--" in bare or "/*" in bare:
        raise RuleBroken("must not hold a comment")
    if built := _BUILT.search(_without_like(text)):
        known = ", ".join(f":{name}" for name in names)
        raise RuleBroken(f"holds {built[0]}, which would not be bound; write {known} instead")
    bound = _BOUND.findall(bare)
    if unknown := [name for name in bound if name not in names]:
        known = ", ".join(f":{name}" for name in names)
        raise RuleBroken(f":{unknown[0]} is not known; known are {known}")
    quoted = {name for part in _QUOTED.findall(text) for name in _BOUND.findall(part)}
    if inside := quoted.intersection(names):
        raise RuleBroken(f":{min(inside)} must stand without quotes around it")
    # Whoever is asked for, the local part of the address must count.
    if not set(bound).intersection({"address", "local_part"} & set(names) or names):
        raise RuleBroken(f"must hold :{names[0]}")
    return text


def _without_like(text: str) -> str:
    """Give a statement without percent signs that stand at an end of a quoted text, as in LIKE."""
    return re.sub(r"'%|%'|''", "'", text)
