"""Caddy, which gets certificates on demand, here from its internal authority."""

import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.nginx import listens
from tests.servers.own_files import over_etc, write_names
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program

_NOT_YET_VALID = 9  # X509_V_ERR_CERT_NOT_YET_VALID of OpenSSL
# Lines for the global options: no other listener, no files outside the folder, and Caddy's internal
# authority in place of a public one.
_GLOBAL = """
	admin off
	local_certs
	skip_install_trust
	default_bind 127.0.0.1
	http_port {http}
	https_port {https}
	storage file_system {storage}
"""


@dataclass(frozen=True, slots=True)
class Caddy:
    """A running Caddy.

    Attributes:
        http, https: its ports on 127.0.0.1.
        authority: the certificate (PEM) of its internal authority.
    """

    http: int
    https: int
    authority: Path
    storage: Path

    def certificates(self) -> set[str]:
        """Return the names that it has certificates for."""
        return {path.stem for path in (self.storage / "certificates").rglob("*.crt")}

    def shake_hands(self, host: str) -> set[str]:
        """Return the names in the certificate for a host; ssl.SSLError if there is none.

        A certificate that Caddy has just made is valid from this second on, and may be a few
        milliseconds too new for OpenSSL, whose clock has the precision of a tick.
        """
        try:
            return self._names(host)
        except ssl.SSLCertVerificationError as error:
            if error.verify_code != _NOT_YET_VALID:
                raise
            time.sleep(1)
            return self._names(host)

    def _names(self, host: str) -> set[str]:
        trust = ssl.create_default_context(cafile=f"{self.authority}")
        with (
            socket.create_connection(("127.0.0.1", self.https), timeout=PATIENCE_SECONDS) as plain,
            trust.wrap_socket(plain, server_hostname=host) as secured,
        ):
            certificate = secured.getpeercert() or {}
        names = certificate.get("subjectAltName", ())
        return {f"{name[1]}" for name in names if name[0] == "DNS"}


@contextmanager
def caddy(
    folder: Path,
    caddyfile: str,
    *,
    http: int = 80,
    https: int = 443,
    hosts: Sequence[str] | None = None,
) -> Iterator[Caddy]:
    """Run Caddy with a Caddyfile that begins with global options.

    If hosts are given, Caddy resolves only these, to 127.0.0.1.

    Raises TimeoutError with Caddy's output if it does not start.
    """
    storage = folder / "caddy"
    lines = _GLOBAL.format(http=http, https=https, storage=storage)
    text, found = re.subn(r"\A\{\n", "{\n" + lines.lstrip("\n"), caddyfile)
    assert found == 1, "the Caddyfile has no global options"
    (folder / "Caddyfile").write_text(text, encoding="utf-8")
    running = Caddy(http, https, storage / "pki/authorities/local/root.crt", storage)
    command = [program("caddy"), "run", "--config", f"{folder}/Caddyfile"]
    command += ["--adapter", "caddyfile"]
    if hosts is not None:
        command = over_etc(write_names(folder, hosts), command)
    process = Process(
        command,
        log=folder / "caddy.log",
        environment={"HOME": f"{folder}", "PATH": "/usr/bin:/bin"},
        folder=folder,
    )
    with process:
        process.wait_until(
            lambda: listens(https) and running.authority.exists(), seconds=PATIENCE_SECONDS
        )
        yield running


def adapted(caddyfile: Path) -> str:
    """Return a Caddyfile as Caddy's JSON; AssertionError with Caddy's output if it is invalid."""
    done = subprocess.run(
        [program("caddy"), "adapt", "--config", f"{caddyfile}", "--adapter", "caddyfile"],
        cwd=caddyfile.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
