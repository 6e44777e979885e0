"""The rules for single texts of a provider: names, hosts, URLs, login names."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from waypost.address import DomainName, EmailAddress
from waypost.characters import invisible_in, is_never_text
from waypost.errors import DomainError
from waypost.model import LDAP_PORTS, LdapUrl
from waypost.placeholders import (
    attributes_in,
    expand,
    expand_url,
    has_placeholder,
    names_user,
    without_attributes,
)

# What the columns of automx2's database hold, in characters.
NAME_MAX_CHARS: Final = 128
SHORT_NAME_MAX_CHARS: Final = 32
HOST_MAX_CHARS: Final = 128
URL_MAX_CHARS: Final = 128
LOGIN_NAME_MAX_CHARS: Final = 64
DOMAIN_MAX_CHARS: Final = 128
ATTRIBUTE_MAX_CHARS: Final = 32
# What a column of type INTEGER holds everywhere.
INTEGER_MAX: Final = 2**31 - 1

_SAMPLE: Final = EmailAddress("alice", DomainName("example.com"))
# RFC 3986 s2: unreserved, reserved, and the sign that begins an encoded byte.
_URL_CHARS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LIKE_PLACEHOLDER: Final = re.compile(r"%[A-Za-z_]{5,}%")


class RuleBroken(ValueError):
    """A text breaks a rule; the message completes "FILE: path: ...", without the text itself."""


def check_text(text: str, max_chars: int, *, may_be_empty: bool = False) -> str:
    """Return the text back if every format and every database can carry it.

    Raises:
        RuleBroken: empty, too long, with control characters in it, or with space around it.
    """
    if not text.strip() and not (may_be_empty and text == ""):
        raise RuleBroken("must not be empty")
    if len(text) > max_chars:
        raise RuleBroken(f"is longer than {max_chars} characters")
    if any(is_never_text(char) for char in text):
        raise RuleBroken("holds a control character or a line end")
    if text != text.strip():
        raise RuleBroken("begins or ends with a space")
    return text


def check_lines(text: str, max_chars: int) -> str:
    """Do the same with a text for people, in which lines may end.

    Raises:
        RuleBroken: empty, too long, or with other control characters in it.
    """
    if not text.strip():
        raise RuleBroken("must not be empty")
    if len(text) > max_chars:
        raise RuleBroken(f"is longer than {max_chars} characters")
    if any(is_never_text(char) for char in text if char != "\n"):
        raise RuleBroken("holds a control character")
    return text


def check_login_name(text: str) -> str:
    """Return a login name if a user can type it.

    Raises:
        RuleBroken: as `check_text`, or it has a character that no reader sees.
    """
    if (invisible := invisible_in(text)) is not None:
        raise RuleBroken(f"has the invisible character {invisible}")
    return check_text(text, LOGIN_NAME_MAX_CHARS, may_be_empty=True)


def check_host(text: str) -> str:
    """Read a host: a domain name, an IP address, or a template that becomes a domain name.

    Returns:
        The A-label name, the address in its shortest form, or the template as it was given.

    Raises:
        RuleBroken: names the rule.
    """
    check_text(text, HOST_MAX_CHARS)
    if any(char.isspace() for char in text):
        raise RuleBroken("holds a space")
    if "://" in text or "/" in text:
        raise RuleBroken("must be a host name only, without https:// and without a path")
    if (address := _ip_address(text)) is not None:
        return address
    if ":" in text:
        raise RuleBroken("must be a host name only; write the port as `port = ...`")
    if unknown := unknown_placeholder(text):
        raise RuleBroken(f"{unknown} is not a placeholder; {_known_placeholders()}")
    try:
        plain = without_attributes(text, "a")
        if has_placeholder(text) or plain != text:
            DomainName.parse(expand(plain, _SAMPLE.domain, _SAMPLE))
            return text
        host = DomainName.parse(text).ascii
    except DomainError as error:
        raise RuleBroken(f"is not a host name: {error}") from error
    return check_text(host, HOST_MAX_CHARS)


def check_url(text: str) -> str:
    """Return the URL back if it is absolute, http or https, and without userinfo and fragment.

    Raises:
        RuleBroken: names the rule.
    """
    check_text(text, URL_MAX_CHARS)
    return check_web_url(text)


def check_web_url(text: str) -> str:
    """Do the same without a limit of length.

    Raises:
        RuleBroken: names the rule.
    """
    return _check_whole_url(text, ("https", "http"))


def check_ldap_url(text: str) -> str:
    """Return the URL of an LDAP address book back if it names a server, a base and a scope alone.

    Raises:
        RuleBroken: names the rule.
    """
    check_text(text, URL_MAX_CHARS)
    _check_whole_url(text, tuple(reversed(LDAP_PORTS)))
    try:
        url = LdapUrl.parse(_expanded(text))
    except ValueError as error:
        raise RuleBroken(str(error)) from error
    if url.rest:
        raise RuleBroken("must not name attributes, a filter or extensions: no client is told them")
    return text


def _expanded(url: str) -> str:
    return expand_url(without_attributes(url, "a"), _SAMPLE.domain, _SAMPLE)


def _check_whole_url(text: str, schemes: tuple[str, ...]) -> str:
    if any(char.isspace() for char in text):
        raise RuleBroken("holds a space")
    expanded = _expanded(text)
    if not _URL_CHARS.fullmatch(expanded):
        raise RuleBroken("holds a character that a URL must encode (RFC 3986 s2.1)")
    try:
        parts = urlsplit(expanded)
        host = parts.hostname or ""
        has_bad_port = parts.port == 0
    except ValueError as error:
        raise RuleBroken(f"is not a URL: {error}") from error
    if parts.scheme not in schemes or not parts.netloc:
        raise RuleBroken(f"must be a whole URL that begins with {':// or '.join(schemes)}://")
    if parts.username is not None or parts.password is not None:
        raise RuleBroken("must not hold a user name or a password before the host")
    if "#" in text:
        raise RuleBroken("must not have a fragment (#)")
    if has_bad_port:
        raise RuleBroken("has port 0")
    _check_url_host(host, in_brackets="[" in parts.netloc)
    return text


def _ip_address(text: str) -> str | None:
    try:
        # A zone (RFC 4007 s11), as in fe80::1%eth0, means nothing on another machine.
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None


def _check_url_host(host: str, *, in_brackets: bool) -> None:
    if _ip_address(host) is not None:
        return
    if in_brackets:
        raise RuleBroken("has a host in brackets that is no IPv6 address")
    try:
        DomainName.parse(host)
    except DomainError as error:
        raise RuleBroken(f"has a host that is not a host name: {error}") from error


def is_same_for_all(text: str) -> bool:
    """Return whether a text is the same for all users of a domain."""
    return not names_user(text) and not attributes_in(text)


def unknown_placeholder(text: str) -> str | None:
    """Return the first word in the text that looks like a placeholder and is none."""
    for found in _LIKE_PLACEHOLDER.finditer(text):
        if not has_placeholder(found[0]):
            return found[0]
    return None


def _known_placeholders() -> str:
    return "known are %EMAILADDRESS%, %EMAILLOCALPART% and %EMAILDOMAIN%"
