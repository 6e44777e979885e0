"""Dovecot with the passdbs that the adapters in contrib/ describe."""

import imaplib
import os
import pwd
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.authority import KeyPair
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program
from tests.servers.waypost import free_port

_CONFIGURATION = """
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
log_path = {folder}/log
{tls}
auth_mechanisms = plain login
auth_failure_delay = 0
{passdbs}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
first_valid_gid = 0
mail_location = maildir:~/Maildir
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
    ssl = {is_tls}
  }}
}}
"""


@dataclass(frozen=True)
class Dovecot:
    """A running Dovecot. It reads a changed passwd-file in the next second."""

    port: int

    def accepts(self, user: str, password: str) -> bool:
        """Return whether a user can log in by IMAP, now or soon."""
        return self._becomes(user, password, expected=True)

    def refuses(self, user: str, password: str) -> bool:
        """Return whether a user cannot log in by IMAP, now or soon."""
        return self._becomes(user, password, expected=False)

    def _becomes(self, user: str, password: str, *, expected: bool) -> bool:
        end = time.monotonic() + PATIENCE_SECONDS
        while self._log_in(user, password) is not expected:
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    def _log_in(self, user: str, password: str) -> bool:
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=60)
        try:
            return client.login(user, password)[0] == "OK"
        except imaplib.IMAP4.error:
            return False
        finally:
            client.shutdown()


@contextmanager
def dovecot(passdbs: str, pair: KeyPair | None = None, *, tls: bool = False) -> Iterator[Dovecot]:
    """Run Dovecot with these passdbs; TimeoutError with its output if it does not start.

    Args:
        passdbs: in the form of its configuration.
        pair: its certificate and key; None to accept passwords without TLS.
        tls: whether TLS begins at once; if not, by STARTTLS.
    """
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        owner = pwd.getpwnam("nobody")  # codespell:ignore nobody
        (folder / "mail").mkdir()
        os.chown(folder / "mail", owner.pw_uid, owner.pw_gid)
        port, configuration = free_port(), folder / "dovecot.conf"
        text = _CONFIGURATION.format(
            folder=folder,
            passdbs=passdbs,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            port=port,
            is_tls="yes" if tls else "no",
            tls=(
                "ssl = no\ndisable_plaintext_auth = no"
                if pair is None
                else f"ssl = required\nssl_cert = <{pair.certificate}\nssl_key = <{pair.key}"
            ),
        )
        configuration.write_text(text, encoding="utf-8")
        command = [program("dovecot"), "-F", "-c", f"{configuration}"]
        with Process(command, log=folder / "output") as process:
            process.wait_until(lambda: listens(port))
            yield Dovecot(port)
