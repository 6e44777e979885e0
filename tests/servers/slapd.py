"""A real slapd from Debian's package, on private ports, with its own folder."""

import base64
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.servers.accounts import account, folder_of
from tests.servers.authority import Authority, KeyPair
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import free_port

SUFFIX: Final = "dc=example,dc=com"
PEOPLE: Final = f"ou=people,{SUFFIX}"
PUBLIC: Final = f"ou=public,{SUFFIX}"
READER: Final = f"cn=reader,{SUFFIX}"
"""The user who may read everything; its password is PASSWORD."""
WRITER: Final = f"cn=writer,{SUFFIX}"
"""The user who may also change passwords; its password is PASSWORD."""
POOR: Final = f"cn=poor,{SUFFIX}"
"""The user who may bind with the same password, and read nothing."""
PASSWORD: Final = "s3cret p@ss\\word ü"
CLIENT_NAME: Final = "client"
"""The common name of a client certificate whose owner may read everything."""
COUNT: Final = 10_000
_SCHEMAS: Final = ("core", "cosine", "inetorgperson", "misc")

Attributes = Mapping[str, Sequence[str]]

_CONFIGURATION = """
{includes}
# Of Active Directory, as [MS-ADA1] to [MS-ADA3] and [MS-ADSC] say.
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName'
    EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName'
    EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses'
    EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP inetOrgPerson STRUCTURAL
    MAY ( sAMAccountName $ userPrincipalName $ proxyAddresses ) )
pidfile {folder}/slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
sizelimit unlimited
TLSCACertificateFile {authority}
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSVerifyClient allow
# Strength of a ldapi connection; for `security` below.
localSSF 128
{security}

database mdb
suffix "{suffix}"
rootdn "cn=admin,{suffix}"
directory {folder}/data
maxsize 268435456
dbnosync
index objectClass,mail,uid,sAMAccountName,userPrincipalName,proxyAddresses eq
access to dn.subtree="{public}" by * read
access to attrs=userPassword by dn.exact="{writer}" write by anonymous auth by * none
access to *
    by dn.exact="{reader}" read
    by dn.exact="{writer}" read
    by dn.regex="cn=peercred,cn=external,cn=auth$" read
    by dn.regex="^cn={client}$" read
    by dn.exact="{poor}" disclose
    by anonymous none
"""


class Slapd:
    """A server that can be stopped, killed and started again.

    Attributes:
        port: the port of ldap with StartTLS, on 127.0.0.1.
        tls_port: the port of ldaps.
        folder: the folder of its socket, its database and its log.
    """

    def __init__(self, folder: Path, user: str | None) -> None:
        self.port = free_port()
        self.tls_port = free_port()
        self.folder = folder
        self._user = user
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """Return the URL of plain LDAP."""
        return f"ldap://localhost:{self.port}"

    @property
    def tls_url(self) -> str:
        """Return the URL of LDAP over TLS."""
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def socket_url(self) -> str:
        """Return the URL of the Unix socket."""
        return f"ldapi://{quote(str(self.folder / 'ldapi'), safe='')}"

    def configure(self, authority: Path, pair: KeyPair, security: str = "") -> None:
        """Write the configuration, with copies of certificate and key."""
        for source, name in ((authority, "ca"), (pair.certificate, "cert"), (pair.key, "key")):
            self._own(Path(shutil.copy(source, self.folder / f"{name}.pem")))
        includes = "".join(f"include /etc/ldap/schema/{name}.schema\n" for name in _SCHEMAS)
        (self.folder / "slapd.conf").write_text(
            _CONFIGURATION.format(
                includes=includes,
                folder=self.folder,
                authority=self.folder / "ca.pem",
                certificate=self.folder / "cert.pem",
                key=self.folder / "key.pem",
                security=security,
                suffix=SUFFIX,
                public=PUBLIC,
                reader=READER,
                writer=WRITER,
                poor=POOR,
                client=CLIENT_NAME,
            ),
            encoding="utf-8",
        )

    def load(self, entries: Iterable[tuple[str, Attributes]]) -> None:
        """Create and fill a database."""
        data = self.folder / "data"
        data.mkdir()
        self._own(data)
        ldif = self.folder / "people.ldif"
        ldif.write_text("".join(_ldif(dn, values) for dn, values in entries), encoding="ascii")
        self._own(ldif)
        command = [program("slapadd"), "-q", "-f", f"{self.folder}/slapd.conf", "-l", f"{ldif}"]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )
        if done.returncode != 0:
            raise RuntimeError(f"slapadd: {done.stderr.strip()}")

    def start(self) -> None:
        """Start, and wait until it answers."""
        urls = f"ldap://127.0.0.1:{self.port} ldaps://127.0.0.1:{self.tls_port} {self.socket_url}"
        self._process = Process(
            [program("slapd"), "-d", "0", "-h", urls, "-f", f"{self.folder}/slapd.conf"],
            log=self.folder / "slapd.log",
            folder=self.folder,
            user=self._user,
            stop=signal.SIGTERM,
        )
        self._process.__enter__()
        self._process.wait_until(lambda: listens(self.port))

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            self._process.__exit__(None, None, None)
            self._process = None

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
        self.stop()

    @property
    def pid(self) -> int:
        """Return the id of its process."""
        return int((self.folder / "slapd.pid").read_text(encoding="ascii"))

    def connections(self) -> int:
        """Return the number of its TCP connections, on both ports."""
        ports = {f"{self.port:04X}", f"{self.tls_port:04X}"}
        lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        fields = [line.split() for line in lines]
        # The table may change while it is read, and list a connection twice.
        open_ones = {
            (one[1], one[2])
            for one in fields
            if one[1].rpartition(":")[2] in ports and one[3] == "01"
        }
        return len(open_ones)

    def _own(self, path: Path) -> None:
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(path, entry.pw_uid, entry.pw_gid)


@contextmanager
def slapd(
    authority: Authority, pair: KeyPair, entries: Iterable[tuple[str, Attributes]], **options: str
) -> Iterator[Slapd]:
    """Run a server; skip if it is not installed."""
    require(programs=["slapd", "slapadd"], modules=["ldap"])
    user = account("openldap")
    with folder_of(user) as folder:
        server = Slapd(folder, user)
        server.configure(authority.certificate, pair, **options)
        server.load(entries)
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _ldif(dn: str, attributes: Attributes) -> str:
    lines = [f"dn:: {_base64(dn)}"]
    lines += [f"{name}:: {_base64(one)}" for name, values in attributes.items() for one in values]
    return "\n".join([*lines, "", ""])


def _base64(text: str) -> str:
    # Bytes that are not UTF-8 are written as lone surrogates.
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()
