"""A real BIND from Debian's package, with its own folder: one of several, or for a network."""

import os
import pwd
import re
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dns.exception import DNSException
from dns.message import make_query
from dns.query import inbound_xfr, udp
from dns.rdatatype import RdataType
from dns.zone import Zone

from tests.servers.accounts import account, folder_of
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import free_port

_HOST: Final = "127.0.0.1"
_CONFIGURATION = """
options {{
    directory "{folder}";
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{folder}/named.pid";
    session-keyfile "{folder}/session.key";
    lock-file none;
    recursion {recursion};
    dnssec-validation no;
    querylog yes;
    allow-transfer {{ 127.0.0.1; }};
}};
controls {{ }};
{zones}
"""
_ZONE = """
zone "{name}" {{ type primary; file "{folder}/{name}.zone"; {more} }};
"""
_AUTHORITY = """
{owner} 3600 IN SOA ns.{below} hostmaster.{below} {serial} 3600 600 86400 60
{owner} 3600 IN NS {name_server}
ns.{below} 3600 IN A 127.0.0.1
"""
_ASKED: Final = re.compile(r": query: (\S+) IN (\S+) ")
_ROOT: Final = "."
_RESOLVER_PORT: Final = 53


class Named:
    """A server of some zones.

    Attributes:
        port: its port on 127.0.0.1, UDP and TCP.
        folder: the folder of its zones and its log.
    """

    def __init__(self, folder: Path, user: str | None, port: int = 0) -> None:
        self.port = port or free_port()
        self.folder = folder
        self._user = user
        self._serial = 1
        self._process: Process | None = None

    def start(self, zones: Iterable[str], updated: Iterable[str]) -> None:
        """Start with empty zones; those `updated` may be changed by nsupdate."""
        more = {
            **dict.fromkeys(zones, ""),
            **dict.fromkeys(updated, "allow-update { 127.0.0.1; };"),
        }
        for name in more:
            self._write(name, "", ())
        text = "".join(
            _ZONE.format(name=name, folder=self.folder, more=extra) for name, extra in more.items()
        )
        configuration = self.folder / "named.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                folder=self.folder,
                port=self.port,
                # With it, an alias is resolved in another of the zones.
                recursion="yes" if _ROOT in more else "no",
                zones=text,
            ),
            encoding="ascii",
        )
        self._process = Process(
            [program("named"), "-f", "-g", "-n", "1", "-c", f"{configuration}"],
            log=self.folder / "named.log",
            folder=self.folder,
            user=self._user,
        )
        self._process.__enter__()
        first = next(iter(more))
        self._process.wait_until(
            lambda: self.serial(first) == self._serial, seconds=PATIENCE_SECONDS
        )

    @property
    def pid(self) -> int:
        """Return the id of its process; RuntimeError if it does not run."""
        if self._process is None:
            raise RuntimeError("BIND does not run")
        return self._process.pid

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            self._process.__exit__(None, None, None)

    def load(
        self, name: str, text: str, hosts: Iterable[str] = (), *, name_server: str = ""
    ) -> Zone:
        """Write lines into a zone, check and load the zone, and return the server's content.

        Args:
            name: the zone.
            text: lines of a zone file.
            hosts: names that the lines point to; those in the zone get an address.
            name_server: the name server of the zone; empty for one in the zone.
        """
        self._serial += 1
        path = self._write(name, text, hosts, name_server)
        check_zone(name, path)
        os.kill(int((self.folder / "named.pid").read_text(encoding="ascii")), signal.SIGHUP)
        end = time.monotonic() + PATIENCE_SECONDS
        while self.serial(name) != self._serial:
            if time.monotonic() > end:
                raise TimeoutError((self.folder / "named.log").read_text(encoding="utf-8")[-2000:])
            time.sleep(0.01)
        return self.zone(name)

    def zone(self, name: str) -> Zone:
        """Read a whole zone from the server."""
        zone = Zone(name)
        inbound_xfr(_HOST, zone, port=self.port)
        return zone

    def queries(self) -> list[str]:
        """Return the queries so far, such as `example.com MX`, oldest first.

        BIND logs a query before it answers.
        """
        log = (self.folder / "named.log").read_text(encoding="utf-8")
        return [f"{name} {kind}" for name, kind in _ASKED.findall(log)]

    def serial(self, name: str) -> int | None:
        """Return the server's version of a zone, or None if the server does not answer."""
        try:
            answer = udp(make_query(name, "SOA"), _HOST, port=self.port, timeout=1)
        except (DNSException, OSError):
            return None
        found = [rrset[0] for rrset in answer.answer if rrset.rdtype == RdataType.SOA]
        return found[0].serial if found else None

    def _write(self, name: str, text: str, hosts: Iterable[str], name_server: str = "") -> Path:
        below = "" if name == _ROOT else f"{name}."
        lines = _AUTHORITY.format(
            owner=below or _ROOT,
            below=below,
            serial=self._serial,
            name_server=f"{name_server}." if name_server else f"ns.{below}",
        )
        inside = {host for host in hosts if host == name or host.endswith(f".{name}")}
        lines += "".join(f"{host}. 3600 IN A 192.0.2.1\n" for host in sorted(inside))
        path = self.folder / f"{name}.zone"
        path.write_text(lines + text, encoding="utf-8")
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            os.chown(path, entry.pw_uid, entry.pw_gid)
        return path


def check_zone(name: str, path: Path) -> None:
    """Check with named-checkzone that a zone has no error and no warning."""
    done = subprocess.run(
        [program("named-checkzone"), "-i", "local", "-k", "fail", name, f"{path}"],
        check=False,
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stdout.splitlines() if "loaded serial" not in line]
    if done.returncode != 0 or said != ["OK"]:
        raise AssertionError(done.stdout + done.stderr + path.read_text(encoding="utf-8"))


@contextmanager
def named(zones: Iterable[str], updated: Iterable[str] = ()) -> Iterator[Named]:
    """Run a server; skip the test if BIND is not installed."""
    require(programs=["named", "named-checkzone", "nsupdate"])
    user = account("bind")
    with folder_of(user) as folder:
        server = Named(folder, user)
        try:
            server.start(zones, updated)
            yield server
        finally:
            server.stop()


@contextmanager
def name_server_of_a_network(zones: Iterable[str]) -> Iterator[Named]:
    """Run the server of a private network, at 127.0.0.1:53; skip if BIND is not installed.

    It has some zones, to be loaded, and the root: all names outside of them do not exist.
    """
    require(programs=["named", "named-checkzone"], root=True)
    # The change of user comes before the start, and another user may not listen on this port.
    with folder_of(None) as folder:
        server = Named(folder, None, _RESOLVER_PORT)
        try:
            server.start([_ROOT, *zones], ())
            yield server
        finally:
            server.stop()
