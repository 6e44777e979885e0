"""The page about certificates: certbot and lego get those that `waypost hostnames` lists.

The authority is Caddy's, which requests the answer to its challenge over http, as public ones do.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from tests.docs.pages import ROOT, blocks
from tests.servers.caddy import Caddy, caddy
from tests.servers.private_network import private_network
from tests.servers.requirements import require

pytestmark = pytest.mark.servers
PAGE = ROOT / "docs/certificates.md"
WEBROOT = "/var/www/acme"
HOOK = "/usr/local/sbin/waypost-certificates"
PROVIDERS = """
[[provider]]
name = "Own"
domains = [{domains}]
services = [{{ type = "imap", host = "a.example" }}, {{ type = "smtp", host = "b.example" }}]
"""
KINDS = ("autoconfig", "autodiscover", "ua-auto-config")
CERTIFICATES = {
    f"autoconfig.{domain}": {f"{kind}.{domain}" for kind in KINDS}
    for domain in ("example.com", "xn--bcher-kva.example")
}
ADDED = "mta-sts.example.com"
# An authority, and the web server of the operator who wants its certificates.
CADDYFILE = """{{
}}

localhost {{
	acme_server
}}

http:// {{
	root * {webroot}
	file_server
}}
"""


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator's machine, with a certificate authority."""

    home: Path
    authority: Caddy

    @property
    def directory(self) -> str:
        """The URL of the authority's ACME directory (RFC 8555 s7.1.1)."""
        return "https://localhost/acme/local/directory"

    def serve(self, *domains: str) -> None:
        """Serve these domains from now on."""
        text = PROVIDERS.format(domains=", ".join(f'"{domain}"' for domain in domains))
        (self.home / "mail.toml").write_text(text, encoding="utf-8")

    def translated(self, command: str) -> str:
        """Return a command of the page with a webroot and a hook of this machine."""
        text = command.replace(WEBROOT, f"{self.home}/webroot")
        return text.replace(HOOK, f"{self.home}/{Path(HOOK).name}")

    def write_hook(self) -> None:
        """Write the script of the page that certbot runs; the group is that of this process."""
        (script,) = (one.text for one in blocks(PAGE, "sh") if "chgrp" in one.text)
        text = script.replace("/etc/letsencrypt", f"{self.home}/config-dir")
        path = self.home / Path(HOOK).name
        path.write_text(text.replace("www-data", f"{os.getgid()}"), encoding="utf-8")
        path.chmod(0o755)

    def run(self, command: str, **environment: str) -> None:
        """Run a command of the page."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("WAYPOST_", "XDG_"))}
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.translated(command)],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.home,
            env={
                **kept,
                "HOME": f"{self.home}",
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
                "WAYPOST_PROVIDERS": f"{self.home}/mail.toml",
                # certbot and lego trust this authority in addition to the public ones.
                "REQUESTS_CA_BUNDLE": f"{self.authority.authority}",
                "LEGO_CA_CERTIFICATES": f"{self.authority.authority}",
                **environment,
            },
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


@pytest.fixture(name="operator", scope="module")
def _operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Run the authority, which resolves the names to this machine."""
    require(programs=["caddy", "unshare", "mount"], private_network=True)
    home = tmp_path_factory.mktemp("acme")
    (home / "webroot").mkdir()
    hosts = [ADDED, *(host for names in CERTIFICATES.values() for host in names)]
    text = CADDYFILE.format(webroot=home / "webroot")
    with private_network(), caddy(home, text, hosts=hosts) as authority:
        yield Operator(home, authority)


@pytest.fixture(autouse=True)
def _served(operator: Operator) -> None:
    """Serve two domains; one of them has an umlaut."""
    operator.serve("example.com", "bücher.example")


def page_commands(word: str) -> list[str]:
    """Return the commands for root in the block of the page that has this word."""
    (block,) = (one for one in blocks(PAGE, "console") if word in one.text)
    lines = block.text.replace("\\\n", " ").splitlines()
    return [line.removeprefix("# ") for line in lines]


def names_in(certificate: Path) -> set[str]:
    """Return the host names that a certificate is for."""
    found = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName))


def test_certbot(operator: Operator) -> None:
    """The page's commands get a certificate for each domain, and add new names to an old one."""
    require(programs=["certbot"])
    folder = operator.home / ".config/letsencrypt"
    folder.mkdir(parents=True)
    places = [f"{name} = {operator.home}/{name}" for name in ("config-dir", "work-dir", "logs-dir")]
    lines = [f"server = {operator.directory}", *places]
    (folder / "cli.ini").write_text("\n".join(lines), encoding="utf-8")
    operator.write_hook()
    register, certonly = page_commands("certbot certonly")
    operator.run(register)
    operator.run(certonly)
    live = operator.home / "config-dir/live"
    got = {path.parent.name: names_in(path) for path in live.glob("*/cert.pem")}
    assert got == CERTIFICATES
    keys = list(live.glob("*/privkey.pem"))
    assert len(keys) == len(CERTIFICATES)
    assert all(key.stat().st_mode & stat.S_IRGRP for key in keys)

    operator.serve("example.com")
    operator.run(certonly, WAYPOST_TLS_NAMES=f"mta-sts,{','.join(KINDS)}")
    got = {path.parent.name: names_in(path) for path in live.glob("*/cert.pem")}
    changed = {"autoconfig.example.com": {ADDED, *CERTIFICATES["autoconfig.example.com"]}}
    assert got == CERTIFICATES | changed


def test_lego(operator: Operator) -> None:
    """The page's command for lego before version 5 gets a certificate for each domain's names."""
    require(programs=["lego"])
    (command,) = page_commands("$names run")
    operator.run(command.replace("lego --accept", f"lego --server {operator.directory} --accept"))
    folder = operator.home / ".lego/certificates"
    got = {
        path.stem: names_in(path)
        for path in folder.glob("*.crt")
        if not path.name.endswith(".issuer.crt")
    }
    assert got == CERTIFICATES
