"""Samba's Active Directory server from Debian's packages, with a test domain.

Its ports are fixed, so it has a separate address.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.authority import Authority
from tests.servers.process import Process
from tests.servers.requirements import program, require

ADDRESS: Final = "127.0.0.88"
REALM: Final = "corp.example.com"
SUFFIX: Final = "DC=corp,DC=example,DC=com"
LOGIN: Final = f"administrator@{REALM}"
PASSWORD: Final = "S3cret-p@ss word"

_OPTIONS: Final = """[global]
    interfaces = {address}/8
    bind interfaces only = yes
    server services = ldap
    dcerpc endpoint servers =
    tls certfile = {certificate}
    tls keyfile = {key}
    tls cafile = {authority}
    log file = {folder}/log
    pid directory = {folder}
    ncalrpc dir = {folder}/ncalrpc
    lock directory = {folder}
    state directory = {folder}/state
    cache directory = {folder}/cache
    private dir = {folder}/private
    realm = {realm}
    workgroup = CORP
    netbios name = DC1
    server role = active directory domain controller
"""
PEOPLE: Final = f"""
dn: CN=Anna Beispiel,CN=Users,{SUFFIX}
objectClass: user
sAMAccountName: abeispiel
userPrincipalName: anna@{REALM}
displayName: Anna Beispiel
mail: anna@example.com
proxyAddresses: SMTP:anna@example.com
proxyAddresses: smtp:a.beispiel@example.com

dn: CN=Bernd Beispiel,CN=Users,{SUFFIX}
objectClass: user
sAMAccountName: bbeispiel
mail: bernd@example.com
"""


@dataclass(frozen=True, slots=True)
class Samba:
    """A running server.

    Attributes:
        url: the URL of LDAP, which accepts a bind with a password over TLS only.
        tls_url: the URL of LDAP over TLS.
    """

    url: str = f"ldap://{ADDRESS}"
    tls_url: str = f"ldaps://{ADDRESS}"


@contextmanager
def samba(authority: Authority) -> Iterator[Samba]:
    """Provision a domain with two people, and serve it; skip if that is not possible."""
    require(programs=["samba", "samba-tool", "ldapadd"], modules=["ldap"], root=True)
    folder = Path(tempfile.mkdtemp(prefix="waypost-samba-"))
    try:
        configuration = _provision(folder, authority)
        command = [program("samba"), "-F", "-i", "--no-process-group", "-M", "single"]
        environment = _environment(authority)
        with Process(
            [*command, "-s", f"{configuration}"],
            log=folder / "samba.log",
            environment=environment,
            folder=folder,
        ) as process:
            ask = ["ldapsearch", "-x", "-H", f"ldaps://{ADDRESS}", "-s", "base", "-b", ""]
            process.wait_until(lambda: _succeeds(ask, environment))
            _add_people(environment)
            yield Samba()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _provision(folder: Path, authority: Authority) -> Path:
    """Create the domain, and return the configuration file."""
    done = subprocess.run(
        [
            *(program("samba-tool"), "domain", "provision", f"--targetdir={folder}"),
            *(f"--realm={REALM.upper()}", "--domain=CORP", f"--adminpass={PASSWORD}"),
            *("--server-role=dc", "--dns-backend=NONE", "--host-name=dc1"),
            f"--host-ip={ADDRESS}",
        ],
        check=False,
        capture_output=True,
        text=True,
        env=_environment(authority),
        cwd=folder,
    )
    if done.returncode != 0:
        raise RuntimeError(f"samba-tool: {done.stderr[-2000:]}")
    pair = authority.issue("samba", [ADDRESS])
    configuration = folder / "waypost.conf"
    configuration.write_text(
        _OPTIONS.format(
            address=ADDRESS,
            certificate=pair.certificate,
            key=pair.key,
            authority=authority.certificate,
            folder=folder,
            realm=REALM.upper(),
        ),
        encoding="utf-8",
    )
    return configuration


def _add_people(environment: Mapping[str, str]) -> None:
    command = ["ldapadd", "-x", "-H", f"ldaps://{ADDRESS}", "-D", LOGIN, "-w", PASSWORD]
    done = subprocess.run(
        command, input=PEOPLE, check=False, capture_output=True, text=True, env=environment
    )
    if done.returncode != 0:
        raise RuntimeError(f"ldapadd: {done.stderr}")


def _succeeds(command: list[str], environment: Mapping[str, str]) -> bool:
    done = subprocess.run(command, check=False, capture_output=True, env=environment)
    return done.returncode == 0


def _environment(authority: Authority) -> dict[str, str]:
    """Return an environment where Samba's tools find their Python, and trust the tests' CA."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    own = f"{Path(sys.executable).parent}"
    path = os.pathsep.join(
        one for one in kept.get("PATH", "").split(os.pathsep) if one not in {"", own}
    )
    return {
        **{name: value for name, value in kept.items() if name != "VIRTUAL_ENV"},
        "PATH": f"/usr/bin:/usr/sbin:{path}",
        "LDAPTLS_CACERT": f"{authority.certificate}",
    }
