"""The path below which Waypost is mounted in another site.

It is `root_path` of ASGI and SCRIPT_NAME of WSGI (PEP 3333).

Clients ask at fixed paths, so an operator usually mounts Waypost at `/`. Below another path, all
links and redirects of Waypost to itself begin with that path.
"""

import re
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import quote, unquote_to_bytes

_SLASHES: Final = re.compile("/{2,}")


@dataclass(frozen=True, slots=True)
class Mount:
    """A place in a site.

    Attributes:
        path: decoded; empty for the whole site. Any other path begins with a slash, and has none
            at its end.
    """

    path: str = ""

    @classmethod
    def of(cls, root_path: str) -> Self:
        """Return the place for a value that a server sends; the whole site if it is no path.

        A value that does not begin with a slash would change the host of a URL that begins with it.
        """
        plain = _SLASHES.sub("/", root_path).rstrip("/")
        return cls(plain if plain.startswith("/") else "")

    @property
    def url_path(self) -> str:
        """The path percent-encoded, for a URL (RFC 3986 s3.3)."""
        return quote(self.path)


def below_mount(path: str, raw_path: bytes, mount: Mount) -> tuple[str, bytes]:
    """Return a path and its undecoded form without the path of the mount.

    Servers and frameworks disagree whether `path` contains `root_path`. A path that does not begin
    with it is returned unchanged, as Starlette does.

    Args:
        path: decoded.
        raw_path: the same as the client sent it.
        mount: below another path than `/`.
    """
    if path != mount.path and not path.startswith(f"{mount.path}/"):
        return path, raw_path
    rest = path.removeprefix(mount.path) or "/"
    return rest, _raw_rest(raw_path, mount) or rest.encode()


def _raw_rest(raw_path: bytes, mount: Mount) -> bytes:
    """Return what follows the mount in an undecoded path; empty if the mount is not found."""
    mount_path = mount.path.encode()
    # A byte is encoded as three.
    for end in range(len(mount_path), min(len(raw_path), 3 * len(mount_path)) + 1):
        at_slash = end == len(raw_path) or raw_path[end : end + 1] == b"/"
        if at_slash and unquote_to_bytes(raw_path[:end]) == mount_path:
            return raw_path[end:]
    return b""
