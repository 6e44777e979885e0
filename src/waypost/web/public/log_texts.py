"""What the log may show of the texts that a client sends: no address, however it is encoded.

A text is logged unchanged only if its characters cannot form an address. There are too many ways to
write an `@` to search for them all: `%40`, `%2540`, `%EF%BC%A0`, `=40`, `&#64;`.
"""

import re
from typing import Final

PATH_MAX_CHARS: Final = 100
HIDDEN: Final = "(hidden: may hold an address)"
# RFC 3986 s2.3, unreserved, and what separates a path; `*` is a path of OPTIONS (RFC 9112 s3.2.4).
_PATH: Final = re.compile(rb"[A-Za-z0-9/._~*-]*")
_HOST_MAX_CHARS: Final = 253
_HOST: Final = re.compile(r"[A-Za-z0-9._*:\[\]-]*")
# RFC 7239 s6: an IP address (with a zone, RFC 4007 s11), `unknown`, or an obfuscated identifier.
_PEER: Final = re.compile(
    r"[0-9A-Fa-f:.]{1,45}(?:%[A-Za-z0-9._-]{1,16})?|unknown|_[A-Za-z0-9._-]{1,40}"
)


def path_for_log(raw_path: bytes) -> str:
    """Return a path as it was sent, without its query; or a text that says that it is hidden."""
    path = raw_path.partition(b"?")[0]
    if _PATH.fullmatch(path) is None:
        return HIDDEN
    text = path[: PATH_MAX_CHARS + 1].decode("ascii")
    return text if len(text) <= PATH_MAX_CHARS else f"{text[:PATH_MAX_CHARS]}…"


def host_for_log(host: str) -> str:
    """Return the host that a client names, with its port; or a text that says that it is hidden."""
    return host[:_HOST_MAX_CHARS] if _HOST.fullmatch(host) is not None else HIDDEN


def peer_for_log(peer: str | None) -> str | None:
    """Return the client's address, which a trusted proxy may have copied from a client's header."""
    return peer if peer is None or _PEER.fullmatch(peer) is not None else HIDDEN
