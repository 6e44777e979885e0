"""Hide secrets in texts for people: URIs of databases, URLs, messages of drivers, log lines.

A password that was not percent-encoded can contain every delimiter of a URI. So a URI is shown in
full only if it can be split in one way; of any other URI only the scheme and the part after the
last `@` are shown. Query parameters are shown by an allowlist, because any of them may be a
password (`password`, `sslpassword`, libpq's `options`, a token).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, unquote_plus

MASK: Final = "***"
_PARTS_MIN_CHARS: Final = 3

_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9.+_-]*)://", re.ASCII)
# A URI whose `://` is mistyped: `postgresql:/…`, `mysql+pymysql//…`.
_LIKE_SCHEME: Final = re.compile(
    r"(?:sqlite|postgres(?:ql)?|mysql|mariadb|https?|ldaps?)(?:\+\w*)?(?:[:;]{1,2}|(?=[/\\]))"
    r"[/\\]{0,3}",
    re.IGNORECASE | re.ASCII,
)
_HOST: Final = r"(?:\[[0-9A-Fa-f:.%]*\]|[\w.%-]*)(?::[0-9]{0,5})?"
# libpq accepts several hosts (its manual, s34.1.1.2).
_HOSTS: Final = rf"{_HOST}(?:,{_HOST})*"
# RFC 3986 s3.2. A user name has none of the delimiters; a password may have a colon.
_WHOLE: Final = re.compile(
    r"(?:(?P<user>[^:/?#@\s]*)(?::(?P<password>[^/?#@\s]*))?@)?"
    rf"(?P<location>{_HOSTS}(?P<path>/[^?@]*)?)(?:\?(?P<query>.*))?",
    re.DOTALL,
)
# A colon in a path (`dom/alice:…`), or one in a user name, or an `@` in a host, that was encoded.
_DELIMITER: Final = re.compile(r"/[^\n]*[:#]|%3a|\n.*%40", re.IGNORECASE | re.DOTALL)
_USER: Final = re.compile(r"[^:/?#@\s]*:")
_FILE: Final = re.compile(r"(?:~|\.{0,2})/[^@:=\s]*|[^@:=/\s]+\.(?:sqlite3?|db)", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}", re.ASCII)
_VALUE: Final = re.compile(r"[\w./,:%+~-]*")
_ADDRESS: Final = re.compile(r"[\w.%+@-]*")
_CUTS: Final = re.compile(r"[:/?#@&=;,\s\"'\\\[\]]+")

# In these schemes all of the part before the `@` may be a secret, and a path may have a colon.
_WEB: Final = frozenset({"http", "https", "ldap", "ldaps", "ldapi"})
_SHOWN_TEXT_PARAMETERS: Final = frozenset(
    {"application_name", "charset", "client_encoding", "gssencmode", "host", "mode", "sslcert"}
    | {"sslmode", "sslrootcert", "ssl_ca", "ssl_cert", "ssl_verify_cert", "ssl_verify_identity"}
    | {"target_session_attrs", "unix_socket", "uri", "user"}
)
_SHOWN_NUMBER_PARAMETERS: Final = frozenset(
    {"connect_timeout", "keepalives", "keepalives_count", "keepalives_idle", "port", "timeout"}
    | {"keepalives_interval", "read_timeout", "tcp_user_timeout", "write_timeout"}
)
_ADDRESS_PARAMETERS: Final = frozenset({"address", "domain", "email", "emailaddress"})


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    is_hidden: bool = False


def redact_uri(text: str) -> str:
    """Return a URI, or a text that was meant as one, with all possible secrets masked.

    A file name is not changed; any other text that is not a URI is masked, up to the part after its
    last `@`.
    """
    return "".join(MASK if piece.is_hidden else piece.text for piece in _pieces(text))


def redact_if_url(text: str) -> str:
    """Return a text unchanged if it is not like a URL; otherwise with its secrets masked."""
    return redact_uri(text) if "://" in text or "@" in text else text


def redact_message(text: str, secrets: Iterable[str]) -> str:
    """Return a message of a driver or a library with each of the secrets masked.

    Args:
        text: the message.
        secrets: from `secrets_of`, or passwords.
    """
    return redact_patterns(text, secret_patterns(secrets))


def secret_patterns(secrets: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Return what `redact_patterns` masks, for secrets that are searched in many texts."""
    patterns = []
    for secret in sorted({secret for secret in secrets if secret}, key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) <= _PARTS_MIN_CHARS:  # Not inside words.
            pattern = rf"(?<!\w){pattern}(?!\w)"
        patterns.append(re.compile(pattern, re.IGNORECASE))
    return tuple(patterns)


def redact_patterns(text: str, patterns: Iterable[re.Pattern[str]]) -> str:
    """Return a text with all matches of `secret_patterns` masked."""
    for pattern in patterns:
        text = pattern.sub(MASK, text)
    return text


def secrets_of(uri: str) -> frozenset[str]:
    """Return what `redact_uri` masks, in each form that a driver may repeat.

    A driver that splits the URI in another way repeats a part, and most decode it first.
    """
    secrets: set[str] = set()
    for piece in _pieces(uri):
        if not piece.is_hidden:
            continue
        for whole in (piece.text, unquote(piece.text), unquote_plus(piece.text)):
            secrets.add(whole)
            secrets.update(part for part in _CUTS.split(whole) if len(part) >= _PARTS_MIN_CHARS)
    return frozenset(secrets - {""})


def _pieces(text: str) -> Iterator[_Piece]:
    match = _SCHEME.match(text)
    if match is None:
        yield from _without_scheme(text)
        return
    rest = text[match.end() :]
    scheme = match[1].lower()
    yield _Piece(match[0])
    yield from _certain(scheme, rest) or _uncertain(scheme, rest)


def _certain(scheme: str, rest: str) -> list[_Piece]:
    """Return the pieces after a scheme, or none if the URI can be split in several ways."""
    # SQLite has no user and no host, only a path.
    is_file = scheme.partition("+")[0] == "sqlite" and rest.startswith(("/", "?"))
    if is_file:
        path, mark, query = rest.partition("?")
        parameters = _parameters(query, is_web=False) if mark else []
        return [_Piece(path), *parameters] if parameters is not None else []
    match = _WHOLE.fullmatch(rest)
    if match is None:
        return []
    is_web = scheme in _WEB
    if not is_web and _DELIMITER.search(f"{match['user'] or ''}\n{match['location']}"):
        return []
    query = match["query"]
    parameters = [] if query is None else _parameters(query, is_web=is_web)
    if parameters is None:
        return []
    return [
        *_login(match["user"], match["password"], is_web),
        _Piece(match["location"]),
        *parameters,
    ]


def _login(user: str | None, password: str | None, is_web: bool) -> list[_Piece]:
    if user is None:
        return []
    if is_web:
        whole = user if password is None else f"{user}:{password}"
        return [_Piece(whole, is_hidden=True), _Piece("@")]
    if password is None:
        return [_Piece(f"{user}@")]
    return [_Piece(f"{user}:"), _Piece(password, is_hidden=True), _Piece("@")]


def _parameters(query: str, *, is_web: bool) -> list[_Piece] | None:
    """Return the pieces of a query with its `?`; None if an `@` in it may end a password."""
    pieces, mark = [], "?"
    for part in re.split("([&;])", query):
        if part in {"&", ";"}:
            mark = part
            continue
        name, equals, value = part.partition("=")
        is_address = is_web and name.lower() in _ADDRESS_PARAMETERS and _ADDRESS.fullmatch(value)
        if "@" in part and not is_address:
            return None
        if not part:
            pieces.append(_Piece(mark))
        elif not equals or not _NAME.fullmatch(name):
            pieces += [_Piece(mark), _Piece(part, is_hidden=True)]
        elif is_address or _is_shown(name.lower(), value):
            pieces.append(_Piece(f"{mark}{part}"))
        else:
            pieces += [_Piece(f"{mark}{name}="), _Piece(value, is_hidden=True)]
    return pieces


def _is_shown(name: str, value: str) -> bool:
    if name in _SHOWN_NUMBER_PARAMETERS:
        return value.isdecimal()
    return name in _SHOWN_TEXT_PARAMETERS and _VALUE.fullmatch(value) is not None


def _uncertain(scheme: str, rest: str) -> list[_Piece]:
    """Return the user, if it is certain, and the part after the last `@`."""
    before = rest.partition("?")[0]
    if before != rest and ":" not in before and (pieces := _host_pieces(scheme, before)):
        # Nothing before the query can be a password.
        return [*pieces, _Piece("?"), _Piece(rest[len(before) + 1 :], is_hidden=True)]
    head, at, tail = rest.rpartition("@")
    # In `h:1/d?password=a@b` the last `@` may be in a value.
    host_pieces = _host_pieces(scheme, tail) if at and not re.search(r"\?[\w.-]+=", head) else []
    if not host_pieces:
        return [_Piece(rest, is_hidden=True)]
    user = _USER.match(head) if scheme not in _WEB else None
    end = 0 if user is None else user.end()
    return [_Piece(head[:end]), _Piece(head[end:], is_hidden=True), _Piece("@"), *host_pieces]


def _host_pieces(scheme: str, tail: str) -> list[_Piece]:
    """Return the pieces of a host with port, path and query, or none if the text is not one."""
    match = _WHOLE.fullmatch(tail)
    return _certain(scheme, tail) if match is not None and match["user"] is None else []


def _without_scheme(text: str) -> Iterator[_Piece]:
    match = _LIKE_SCHEME.match(text)
    begin = "" if match is None else match[0]
    rest = text[len(begin) :]
    path = text[len(begin.rstrip("/\\")) :]
    head, at, tail = rest.rpartition("@")
    if at:
        host_pieces = _host_pieces("", tail)
        yield _Piece(begin)
        yield _Piece(head if host_pieces else rest, is_hidden=True)
        yield from [_Piece("@"), *host_pieces] if host_pieces else []
    elif not text or _FILE.fullmatch(text) or _FILE.fullmatch(path):
        yield _Piece(text)
    else:
        yield _Piece(begin)
        yield _Piece(rest, is_hidden=True)
