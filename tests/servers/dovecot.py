"""Dovecot: a real IMAP server with TLS (993) and STARTTLS (143), for any user and any password."""

import os
import pwd
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.authority import KeyPair
from tests.servers.login import Login
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program

_CONFIGURATION = """
protocols = imap
listen = {addresses}
base_dir = {folder}/run
log_path = {folder}/log
ssl = required
ssl_cert = <{certificate}
ssl_key = <{key}
auth_mechanisms = plain login
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
first_valid_gid = 0
mail_location = maildir:~/Maildir
namespace inbox {{
  inbox = yes
  mailbox Sent {{
    auto = create
    special_use = \\Sent
  }}
}}
auth_username_format = %u
auth_username_chars =
login_log_format_elements = user=<%u> port=%a host=<%{{local_name}}>
login_log_format = %$: %s
"""
_LOGIN = re.compile(r"imap-login: Info: Login: (.*)")
_ELEMENT = re.compile(r"(\w+)=(?:<(.*?)>|([^,]*))(?:, |$)")


class Dovecot:
    """A running Dovecot."""

    def __init__(self, log: Path) -> None:
        self._log = log

    def logins(self) -> list[Login]:
        """Return all logins so far, oldest first."""
        logins = []
        for line in _LOGIN.findall(self._log.read_text(encoding="utf-8")):
            shown = {name: quoted or plain for name, quoted, plain in _ELEMENT.findall(line)}
            logins.append(Login(shown.get("host", ""), int(shown["port"]), shown["user"]))
        return logins


@contextmanager
def dovecot(pair: KeyPair, *addresses: str) -> Iterator[Dovecot]:
    """Run Dovecot on 127.0.0.1, and on more addresses.

    Raises TimeoutError with its output if it does not start.
    """
    # Dovecot's processes run as other users, which must be able to read their files.
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        owner = pwd.getpwnam("nobody")  # codespell:ignore nobody
        (folder / "mail").mkdir()
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
        configuration = folder / "dovecot.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=folder,
                addresses=", ".join(("127.0.0.1", *addresses)),
                certificate=pair.certificate,
                key=pair.key,
                uid=owner.pw_uid,
                gid=owner.pw_gid,
            ),
            encoding="utf-8",
        )
        process = Process(
            [program("dovecot"), "-F", "-c", f"{configuration}"], log=folder / "output"
        )
        with process:
            process.wait_until(lambda: listens(143) and listens(993))
            yield Dovecot(folder / "log")
