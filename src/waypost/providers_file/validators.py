"""The rules for the strings of a provider: names, hosts, URLs, login names."""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError
from waypost.core.model import LDAP_PORTS, LdapUrl
from waypost.core.placeholders import (
    attributes_in,
    expand,
    expand_url,
    has_placeholder,
    names_user,
    without_attributes,
)
from waypost.core.text_rules import invisible_in, is_never_text

# The width of the columns of automx2's database, in characters.
NAME_MAX_CHARS: Final = 128
SHORT_NAME_MAX_CHARS: Final = 32
HOST_MAX_CHARS: Final = 128
URL_MAX_CHARS: Final = 128
LOGIN_NAME_MAX_CHARS: Final = 64
DOMAIN_MAX_CHARS: Final = 128
ATTRIBUTE_MAX_CHARS: Final = 32
LABEL_MAX_CHARS: Final = 64
# The largest value that every database stores in a column of type INTEGER.
INTEGER_MAX: Final = 2**31 - 1

# Names that are already canonical; `DomainPattern.parse` needs five times as long for the same
# result. A hyphen in the third place may begin an A-label.
CANONICAL_DOMAIN: Final = re.compile(
    r"(?:[a-z0-9](?!.-)(?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}", re.ASCII
)
_SAMPLE: Final = EmailAddress("alice", DomainName("example.com"))
# RFC 3986 s2: unreserved, reserved, and the % that begins an encoded byte.
_URL_CHARS: Final = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]+")
_LIKE_PLACEHOLDER: Final = re.compile(r"%[A-Za-z_]{5,}%")


class RuleBroken(ValueError):
    """A string breaks a rule; the message completes "FILE: path: ...", without the string."""


def check_text(text: str, max_chars: int, *, may_be_empty: bool = False) -> str:
    """Check that every format and every database can store a string, and return the string.

    Raises:
        RuleBroken: the string is empty or too long, contains control characters, or begins or ends
            with a space.
    """
    stripped = text.strip()
    if not stripped and not (may_be_empty and text == ""):
        raise RuleBroken("must not be empty")
    if len(text) > max_chars:
        raise RuleBroken(f"is longer than {max_chars} characters")
    is_usual = text.isascii() and text.isprintable()
    if not is_usual and any(is_never_text(char) for char in text):
        raise RuleBroken("contains a control character or a line break")
    if text != stripped:
        raise RuleBroken("begins or ends with a space")
    return text


def check_lines(text: str, max_chars: int) -> str:
    """Check a text for users, which may have several lines, and return the text.

    Raises:
        RuleBroken: the text is empty or too long, or contains other control characters.
    """
    if not text.strip():
        raise RuleBroken("must not be empty")
    if len(text) > max_chars:
        raise RuleBroken(f"is longer than {max_chars} characters")
    if any(is_never_text(char) for char in text if char != "\n"):
        raise RuleBroken("contains a control character")
    return text


def check_login_name(text: str) -> str:
    """Check that a user can type a login name, and return the login name.

    Raises:
        RuleBroken: as in `check_text`, or the login name contains an invisible character.
    """
    if (invisible := invisible_in(text)) is not None:
        raise RuleBroken(f"contains the invisible character {invisible}")
    return check_text(text, LOGIN_NAME_MAX_CHARS, may_be_empty=True)


def check_host(text: str) -> str:
    """Read a host: a domain name, an IP address, or a template that becomes a domain name.

    Returns:
        The name in A-labels, the address in its shortest form, or the template unchanged.

    Raises:
        RuleBroken: the message names the rule.
    """
    check_text(text, HOST_MAX_CHARS)
    if CANONICAL_DOMAIN.fullmatch(text):
        return text
    if any(char.isspace() for char in text):
        raise RuleBroken("contains a space")
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
    """Check that a URL is absolute, is http or https, and has no userinfo and no fragment.

    Raises:
        RuleBroken: the message names the rule.
    """
    check_text(text, URL_MAX_CHARS)
    return check_web_url(text)


def check_web_url(text: str) -> str:
    """Check a URL as `check_url` does, without a limit of its length.

    Raises:
        RuleBroken: the message names the rule.
    """
    return _check_whole_url(text, ("https", "http"))


def check_ldap_url(text: str) -> str:
    """Check that the URL of an LDAP address book has only a server, a base and a scope.

    Raises:
        RuleBroken: the message names the rule.
    """
    check_text(text, URL_MAX_CHARS)
    _check_whole_url(text, tuple(reversed(LDAP_PORTS)))
    try:
        url = LdapUrl.parse(_expanded(text))
    except ValueError as error:
        raise RuleBroken(str(error)) from error
    if url.has_extras:
        raise RuleBroken("must not have attributes, a filter or extensions; no client gets them")
    return text


def _expanded(url: str) -> str:
    return expand_url(without_attributes(url, "a"), _SAMPLE.domain, _SAMPLE)


def _check_whole_url(text: str, schemes: tuple[str, ...]) -> str:
    if any(char.isspace() for char in text):
        raise RuleBroken("contains a space")
    expanded = _expanded(text)
    if not _URL_CHARS.fullmatch(expanded):
        raise RuleBroken("contains a character that must be percent-encoded (RFC 3986 s2.1)")
    try:
        parts = urlsplit(expanded)
        host = parts.hostname or ""
        has_bad_port = parts.port == 0
    except ValueError as error:
        raise RuleBroken(f"is not a URL: {error}") from error
    if parts.scheme not in schemes or not parts.netloc:
        raise RuleBroken(f"must be an absolute URL that begins with {':// or '.join(schemes)}://")
    if parts.username is not None or parts.password is not None:
        raise RuleBroken("must not contain a user name or a password before the host")
    if "#" in text:
        raise RuleBroken("must not have a fragment (#)")
    if has_bad_port:
        raise RuleBroken("has port 0")
    _check_url_host(host, in_brackets="[" in parts.netloc)
    return text


def _ip_address(text: str) -> str | None:
    try:
        # A zone (RFC 4007 s11), as in fe80::1%eth0, has no meaning on another machine.
        return None if "%" in text else str(ip_address(text))
    except ValueError:
        return None


def _check_url_host(host: str, *, in_brackets: bool) -> None:
    if _ip_address(host) is not None:
        return
    if in_brackets:
        raise RuleBroken("has a host in brackets that is not an IPv6 address")
    try:
        DomainName.parse(host)
    except DomainError as error:
        raise RuleBroken(f"has a host that is not a host name: {error}") from error


def is_same_for_all(text: str) -> bool:
    """Return whether a string is the same for all users of a domain."""
    return not names_user(text) and not attributes_in(text)


def unknown_placeholder(text: str) -> str | None:
    """Return the first word that looks like a placeholder but is not a known placeholder."""
    for match in _LIKE_PLACEHOLDER.finditer(text):
        if not has_placeholder(match[0]):
            return match[0]
    return None


def _known_placeholders() -> str:
    return "use %EMAILADDRESS%, %EMAILLOCALPART% or %EMAILDOMAIN%"
