"""A private network with all that a new mail domain needs: DNS, mail servers, an authority."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.authority import Authority
from tests.servers.caddy import caddy
from tests.servers.dovecot import dovecot
from tests.servers.named import name_server_of_a_network
from tests.servers.private_network import private_network, second_address
from tests.servers.requirements import require
from tests.servers.submission import submission

DOMAIN: Final = "example.com"
NAMES: Final = tuple(
    f"{kind}.{DOMAIN}" for kind in ("autoconfig", "autodiscover", "ua-auto-config")
)
_ACME_PORT: Final = 8443
_ZONE: Final = f"""
{DOMAIN}. 3600 IN MX 10 mx.{DOMAIN}.
mx.{DOMAIN}. 3600 IN A 127.0.0.1
imap.{DOMAIN}. 3600 IN A 127.0.0.1
smtp.{DOMAIN}. 3600 IN A 127.0.0.1
""" + "".join(f"{name}. 3600 IN A 127.0.0.1\n" for name in NAMES)
_AUTHORITY: Final = "{\n}\n\nlocalhost {\n\tacme_server\n}\n"
_CERTBOT: Final = f"""\
server = https://localhost:{_ACME_PORT}/acme/local/directory
non-interactive = true
agree-tos = true
register-unsafely-without-email = true
"""


@dataclass(frozen=True, slots=True)
class MailNetwork:
    """The network of this thread and of the programs that it starts.

    Attributes:
        trust: the authorities of this network (PEM).
        certbot: what `/etc/letsencrypt/cli.ini` must have, so that certbot uses the authority.
    """

    trust: Path
    certbot: str = _CERTBOT


@contextmanager
def mail_network(folder: Path) -> Iterator[MailNetwork]:
    """Run the servers of DOMAIN in a private network, where all its names are 127.0.0.1.

    The name server is 127.0.0.1, and port 80 and 443 are free for a web server. The test is skipped
    if the machine lacks a program.

    Args:
        folder: for the files of the servers; each folder above it can be entered by other users.
    """
    require(programs=["caddy", "named", "dovecot"], private_network=True, root=True)
    with ExitStack() as stack:
        stack.enter_context(private_network())
        stack.enter_context(second_address())
        names = stack.enter_context(name_server_of_a_network([DOMAIN]))
        names.load(DOMAIN, _ZONE)
        own = Authority.create(folder)
        pair = own.issue("mail", [f"imap.{DOMAIN}", f"smtp.{DOMAIN}"])
        stack.enter_context(dovecot(pair))
        stack.enter_context(submission(pair))
        acme = stack.enter_context(
            caddy(folder, _AUTHORITY, http=8080, https=_ACME_PORT, hosts=("localhost", *NAMES))
        )
        trust = folder / "trust.pem"
        trust.write_bytes(acme.authority.read_bytes() + own.certificate.read_bytes())
        trust.chmod(0o644)
        yield MailNetwork(trust)
