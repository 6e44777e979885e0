"""The page about certificates: one nginx site with a certificate for each domain."""

import shutil
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.docs.nginx import documented
from tests.docs.pages import ROOT, blocks
from tests.docs.test_certificates import providers
from tests.servers.authority import Authority
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import require
from tests.servers.waypost import waypost

pytestmark = pytest.mark.servers
PAGE = ROOT / "docs/certificates.md"
KINDS = ("autoconfig", "autodiscover", "ua-auto-config")
DOMAINS = ("one.example", "xn--bcher-kva.example")
CHALLENGE = "/.well-known/acme-challenge/token"


@dataclass(frozen=True, slots=True)
class Front:
    """A running nginx, and the authority to trust."""

    http: int
    https: int
    live: Path
    authority: Authority

    def get(self, scheme: str, host: str, path: str) -> httpx.Response:
        """Send a request for a host name."""
        port = self.https if scheme == "https" else self.http
        trust = ssl.create_default_context(cafile=f"{self.authority.certificate}")
        with httpx.Client(verify=trust) as client:
            return client.get(
                f"{scheme}://127.0.0.1:{port}{path}",
                headers={"Host": host},
                extensions={"sni_hostname": host},
                timeout=PATIENCE_SECONDS,
            )


def certify(authority: Authority, live: Path, domain: str) -> None:
    """Write a domain's certificate to the folder that certbot uses."""
    pair = authority.issue(domain, [f"{kind}.{domain}" for kind in KINDS])
    folder = live / f"autoconfig.{domain}"
    folder.mkdir(parents=True)
    shutil.copy(pair.certificate, folder / "fullchain.pem")
    shutil.copy(pair.key, folder / "privkey.pem")


@pytest.fixture(name="front", scope="module")
def _front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Run nginx with the page's site, on the ports of the test."""
    require(programs=["nginx"])
    folder = tmp_path_factory.mktemp("many")
    authority = Authority.create(folder)
    live = folder / "live"
    for domain in DOMAINS:
        certify(authority, live, domain)
    challenge = folder / "acme" / CHALLENGE.removeprefix("/")
    challenge.parent.mkdir(parents=True)
    challenge.write_text("it is me", encoding="utf-8")
    mail = folder / "mail.toml"
    mail.write_text(providers(*DOMAINS, "late.example"), encoding="utf-8")
    with waypost(folder, mail, proxies=1) as running:
        (block,) = blocks(PAGE, "nginx")
        places = {
            "/etc/letsencrypt/live": f"{live}",
            "/var/www/acme": f"{folder}/acme",
            "127.0.0.1:4243": f"127.0.0.1:{running.port}",
        }
        with documented(folder, block.text, places) as (http, https):
            yield Front(http, https, live, authority)


@pytest.mark.parametrize("domain", DOMAINS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_name_has_the_certificate_of_its_domain(front: Front, kind: str, domain: str) -> None:
    """Each name of each domain is served with the certificate of that domain."""
    path = f"/mail/config-v1.1.xml?emailaddress=alice@{domain}"
    answer = front.get("https", f"{kind}.{domain}", path)
    assert (answer.status_code, f"<domain>{domain}</domain>" in answer.text) == (200, True)


def test_new_certificate_without_a_reload(front: Front) -> None:
    """A domain without a certificate gets no connection; a new certificate is used at once."""
    path, host = "/mail/config-v1.1.xml", "autoconfig.late.example"
    with pytest.raises(httpx.ConnectError):
        front.get("https", host, path)
    certify(front.authority, front.live, "late.example")
    assert front.get("https", host, path).status_code == 200


def test_plain_http(front: Front) -> None:
    """The authority finds its challenge, and the probe of Outlook is redirected to https."""
    host = "autodiscover.one.example"
    assert front.get("http", host, CHALLENGE).text == "it is me"
    answer = front.get("http", host, "/autodiscover/autodiscover.xml")
    assert answer.status_code == 302
    assert (
        answer.headers["location"] == f"https://{host}/autodiscover/autodiscover.xml?redirected=1"
    )
    assert front.get("http", host, "/mail/config-v1.1.xml").status_code == 200
