"""Programs that find files of a test's own where /etc has others: hosts, resolver, authorities.

The files lie over those of /etc in a mount namespace, so nobody else sees them. See
mount_namespaces(7).
"""

from collections.abc import Sequence
from pathlib import Path

from tests.servers.requirements import program

_BIND = """
mount --bind "$0/hosts" /etc/hosts && mount --bind "$0/resolv.conf" /etc/resolv.conf || exit
if [ -e "$0/authorities.pem" ]; then
    mount --bind "$0/authorities.pem" /etc/ssl/certs/ca-certificates.crt || exit
fi
exec "$@"
"""


def with_own_etc(
    folder: Path,
    hosts: Sequence[str],
    *,
    authority: Path | None = None,
    options: Sequence[str] = (),
) -> list[str]:
    """Give what stands before a command for which the hosts (and no others) are 127.0.0.1.

    Args:
        folder: where the files are written.
        hosts: the names that exist.
        authority: the only one (PEM) that is trusted; those of the machine, where it is None.
        options: more for unshare(1).
    """
    lines = "".join(f"127.0.0.1 {host}\n" for host in hosts)
    (folder / "hosts").write_text(lines, encoding="utf-8")
    # Nobody answers there, so a host without a line above is found to be unknown after a second.
    resolver = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
    (folder / "resolv.conf").write_text(resolver, encoding="utf-8")
    if authority is not None:
        (folder / "authorities.pem").write_bytes(authority.read_bytes())
    return [program("unshare"), "--mount", *options, "sh", "-c", _BIND, f"{folder}"]
