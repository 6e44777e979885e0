"""Normalization of the texts of an answer, so that equal meanings compare as equal."""

from urllib.parse import urlsplit, urlunsplit

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError
from waypost.core.placeholders import expand


def expand_placeholders(text: str, address: EmailAddress) -> str:
    """Return a text with its placeholders replaced by the address, as every client does."""
    return expand(text, address.domain, address)


def normalize_login(text: str, address: EmailAddress) -> str:
    """Return a login name without placeholders; its domain is normalized."""
    login = expand_placeholders(text, address)
    local_part, at, domain = login.rpartition("@")
    if not at:
        return login
    try:
        return f"{local_part}@{DomainName.parse(domain).ascii}"
    except DomainError:
        return login


def normalize_host_or_url(text: str) -> str:
    """Return a host in lower case, or a URL without its port and without `/` as the whole path."""
    if "://" not in text:
        return text.lower()
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return text
    path = "" if parts.path == "/" else parts.path
    return urlunsplit((parts.scheme.lower(), host, path, parts.query, ""))


def url_port(url: str) -> int:
    """Return the port of a URL, or of its scheme; 0 if it is no URL."""
    try:
        parts = urlsplit(url)
        return parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return 0


def parse_port(text: str) -> int:
    """Return a port as a number; 0 if the text is no port."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
