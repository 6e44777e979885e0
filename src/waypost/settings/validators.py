"""Checks of single values of options, before Pydantic converts them."""

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

# automx2 passes its `loglevel` to Python's logging, which supports these words too.
_LEVEL_WORDS = {"notset": "debug", "warn": "warning", "fatal": "critical"}

# unix(7): sun_path has 108 bytes, including the null byte at its end.
SOCKET_PATH_MAX_BYTES: Final = 107


def normalize_level(value: object) -> object:
    """Return a log level in its usual spelling."""
    if not isinstance(value, str):
        return value
    word = value.strip().lower()
    return _LEVEL_WORDS.get(word, word)


def lowercase(value: object) -> object:
    """Return a word in lower case."""
    return value.strip().lower() if isinstance(value, str) else value


def validate_uri(value: str) -> str:
    """Return a database URI, or raise ValueError."""
    # The form that SQLAlchemy reads: dialect[+driver]://...
    if not re.match(r"[A-Za-z][A-Za-z0-9_]*(\+[A-Za-z0-9_]+)?://", value):
        raise ValueError
    return value


def validate_host(value: str) -> str:
    """Return an address to listen on, or raise ValueError."""
    if not re.fullmatch(r"[A-Za-z0-9._:%-]+", value):
        raise ValueError
    return value


def validate_loopback(value: str) -> str:
    """Return a loopback address, or raise ValueError."""
    if not ip_address(value).is_loopback:
        raise ValueError
    return value


def validate_listen(value: str) -> str:
    """Return an address with a port, or raise ValueError."""
    # HOST:PORT, with an IPv6 address in brackets as in a URL (RFC 3986 s3.2.2).
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", value)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise ValueError
    return value


def validate_socket(value: Path) -> Path:
    """Return the path of a Unix socket, or raise ValueError."""
    if not value.is_absolute() or len(bytes(value)) > SOCKET_PATH_MAX_BYTES:
        raise ValueError
    return value


def validate_public_url(value: str) -> str:
    """Return an https URL of a host, without the slash at its end, or raise ValueError."""
    # RFC 3986 s3.2: a host name or an address, and optionally a port; no userinfo and no path.
    match = re.fullmatch(
        r"https://(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:([0-9]{1,5}))?/?", value.lower()
    )
    if match is None or (match[4] is not None and not 1 <= int(match[4]) <= 65535):
        raise ValueError
    return match[0].removesuffix("/")


def validate_trace_endpoint(value: str) -> str:
    """Return an http or https URL without user and password, or raise ValueError."""
    # RFC 3986 s3.2: without userinfo. A token belongs to OTEL_EXPORTER_OTLP_HEADERS.
    host = r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?)"
    match = re.fullmatch(rf"https?://{host}(:([0-9]{{1,5}}))?(/[A-Za-z0-9._~/-]*)?", value)
    if match is None or (match[4] is not None and not 1 <= int(match[4]) <= 65535):
        raise ValueError
    return value


def validate_hook(value: str) -> str:
    """Return an https URL, or an http URL of a loopback address, or raise ValueError."""
    parts = urlsplit(value)
    if parts.username is not None or parts.fragment or not parts.hostname or parts.port == 0:
        raise ValueError
    if parts.scheme == "http":
        # Another machine could read the password on its way.
        if parts.hostname != "localhost":
            validate_loopback(parts.hostname)
    elif parts.scheme != "https":
        raise ValueError
    return value


def validate_issuer(value: str) -> str:
    """Return the name of an OpenID provider, which is a URL, or raise ValueError."""
    # OpenID Connect Discovery 1.0 s2 and s3: no query and no fragment.
    if re.fullmatch(r"[!-~]{1,2048}", value) is None or "?" in value:
        raise ValueError
    return validate_hook(value)


def validate_command(value: tuple[str, ...]) -> tuple[str, ...]:
    """Return the absolute path of a program and its arguments, or raise ValueError."""
    if value and not value[0].startswith("/"):
        raise ValueError
    if any("\0" in part for part in value):
        raise ValueError
    return value


def in_memory(db_uri: str) -> bool:
    """Return whether the database is in the memory of one process."""
    match = re.match(r"sqlite(\+[a-z0-9_]+)?://(/(:memory:|file::memory:)?)?(\?.*)?$", db_uri)
    return match is not None


def server_kind(db_uri: str) -> str | None:
    """Return `postgresql` or `mysql`; None for a database without a server."""
    name = re.split(r"\+|:", db_uri, maxsplit=1)[0].lower()
    name = {"mariadb": "mysql", "postgres": "postgresql"}.get(name, name)
    return name if name in {"postgresql", "mysql"} else None
