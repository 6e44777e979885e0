"""Files of /etc that only one program sees, for names that exist only for this program."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from subprocess import run
from typing import Final

from tests.servers.requirements import program

# Some search an authority in the bundle of this folder, some by its hash, so all of it is ours.
_CERTIFICATES: Final = "ssl/certs"
# In a separate mount namespace, each file of the folder is mounted over that of /etc.
_OVER_ETC: Final = f"""
for one in $(cd "$0" && find . -path './{_CERTIFICATES}' -prune -print -o -type f -print)
do mount --bind "$0/$one" "/etc/$one" || exit 1; done
exec "$@"
"""
NEEDED: Final = ("unshare", "mount", "openssl")
"""The programs that `over_etc` requires."""


def over_etc(folder: Path, command: Sequence[str], options: Sequence[str] = ()) -> list[str]:
    """Return a command that sees the files of a folder in place of the same names in /etc.

    Needs CAP_SYS_ADMIN, as a private network does.

    Args:
        folder: the folder with the files, and with folders of files.
        command: the command to run.
        options: more options for unshare(1).
    """
    inside = ["sh", "-c", _OVER_ETC, f"{folder}", *command]
    return [program("unshare"), "--mount", *options, *inside]


def write_names(folder: Path, hosts: Iterable[str] = (), *, authority: Path | None = None) -> Path:
    """Write files for `over_etc` that configure name resolution: first a list, then DNS.

    Args:
        folder: gets a new folder with the files, which is returned.
        hosts: the list; each name is 127.0.0.1. The name server is 127.0.0.1 as well. If no server
            answers there, a name that is not in the list is unknown after a second.
        authority: the only trusted authority (PEM); if None, those of the machine.
    """
    files = folder / "etc"
    files.mkdir()
    texts = {
        "hosts": "".join(f"127.0.0.1 {host}\n" for host in hosts),
        "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
        "nsswitch.conf": "hosts: files dns\n",
    }
    for name, text in texts.items():
        (files / name).write_text(text, encoding="ascii")
    if authority is not None:
        bundle = files / _CERTIFICATES / "ca-certificates.crt"
        bundle.parent.mkdir(parents=True)
        bundle.write_bytes(authority.read_bytes())
        run([program("openssl"), "rehash", f"{bundle.parent}"], check=True)
    return files
