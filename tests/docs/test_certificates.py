"""The page about certificates: with its Caddyfile, Caddy gets them on demand from Waypost."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.cli.serve.test_serve_reload import until
from tests.docs.pages import ROOT, blocks
from tests.servers.caddy import Caddy, caddy
from tests.servers.forked import run_waypost
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import require
from tests.servers.waypost import RunningWaypost, free_port, waypost

pytestmark = pytest.mark.servers
PAGE = ROOT / "docs/certificates.md"
PATH = "/mail/config-v1.1.xml?emailaddress=alice@"


def providers(*domains: str) -> str:
    """Return a providers file."""
    return (
        f'[[provider]]\nname = "Own"\ndomains = {list(domains)!r}\n'
        'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]'
    )


@dataclass(frozen=True, slots=True)
class Front:
    """Caddy in front of Waypost, and the file that is served."""

    caddy: Caddy
    waypost: RunningWaypost
    file: Path

    def get(self, scheme: str, host: str, path: str) -> httpx.Response:
        """Send a request to Caddy for a host name; only its authority is trusted."""
        port = self.caddy.https if scheme == "https" else self.caddy.http
        trust = ssl.create_default_context(cafile=f"{self.caddy.authority}")
        if scheme == "https":
            self.caddy.shake_hands(host)
        with httpx.Client(verify=trust) as client:
            return client.get(
                f"{scheme}://127.0.0.1:{port}{path}",
                headers={"Host": host},
                extensions={"sni_hostname": host},
                timeout=PATIENCE_SECONDS,
            )


@pytest.fixture(name="front", scope="module")
def _front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """Run Caddy with the page's Caddyfile, on the ports of the test."""
    require(programs=["caddy"])
    folder = tmp_path_factory.mktemp("certificates")
    file = folder / "mail.toml"
    file.write_text(providers("first.example"), encoding="utf-8")
    text = blocks(PAGE, "caddyfile")[0].text
    with waypost(folder, file, proxies=1, admin_port=free_port()) as running:
        assert "127.0.0.1:4243" in text
        assert "127.0.0.1:4244" in text
        text = text.replace("127.0.0.1:4243", f"127.0.0.1:{running.port}")
        text = text.replace("127.0.0.1:4244", f"127.0.0.1:{running.admin_port}")
        with caddy(folder, text, http=free_port(), https=free_port()) as server:
            yield Front(server, running, file)


@pytest.mark.rule("proxies-caddy")
def test_new_domain_gets_a_certificate(front: Front) -> None:
    """A new domain is served with a certificate that did not exist before."""
    host = "autoconfig.new.example"
    with pytest.raises(ssl.SSLError):
        front.caddy.shake_hands(host)
    assert host not in front.caddy.certificates()
    front.file.write_text(providers("first.example", "new.example"), encoding="utf-8")
    front.waypost.wait_for_domain("new.example")
    answer = front.get("https", host, f"{PATH}new.example")
    assert (answer.status_code, "<domain>new.example</domain>" in answer.text) == (200, True)
    assert front.caddy.shake_hands(host) == {host}
    assert host in front.caddy.certificates()


@pytest.mark.rule("proxies-caddy")
@pytest.mark.parametrize(
    "host",
    [
        "autoconfig.unserved.example",
        "www.first.example",
        "first.example",
        "mta-sts.first.example",
        "autoconfig.first.example.stranger.example",
    ],
)
def test_others_get_none(front: Front, host: str) -> None:
    """A name of no served domain gets no certificate, and leaves no file."""
    with pytest.raises(ssl.SSLError):
        front.caddy.shake_hands(host)
    assert host not in front.caddy.certificates()


@pytest.mark.parametrize("host", ["autoconfig.first.example", "AutoConfig.First.Example"])
def test_host_decides_behind_caddy(front: Front, host: str) -> None:
    """Behind the page's Caddy the domain is taken from the name that the client used."""
    for scheme in ("https", "http"):
        answer = front.get(scheme, host, "/mail/config-v1.1.xml")
        assert (answer.status_code, "<domain>first.example</domain>" in answer.text) == (200, True)


@pytest.mark.rule("autodiscover-probe")
def test_redirect_probe_behind_caddy(front: Front) -> None:
    """Outlook's probe over http is sent to https, and there is no redirect loop over https."""
    path, host = "/autodiscover/autodiscover.xml", "autodiscover.first.example"
    answer = front.get("http", host, path)
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        f"https://{host}{path}?redirected=1",
    )
    assert front.get("https", host, path).status_code == 405


def test_operators_are_not_behind_caddy(front: Front) -> None:
    """The admin listener cannot be reached by the names of domains."""
    assert front.get("https", "autoconfig.first.example", "/tls/ask").status_code == 404


def handshake(server: Caddy, host: str) -> set[str]:
    """Return the names in the certificate for a host; none if there is no certificate."""
    try:
        return server.shake_hands(host)
    except ssl.SSLError:
        return set()


def test_import_of_the_page(tmp_path: Path) -> None:
    """With the page's other Caddyfile and the printed names, Outlook's probe succeeds."""
    require(programs=["caddy"])
    mail = tmp_path / "mail.toml"
    mail.write_text(providers("example.com"), encoding="utf-8")
    environment = {"PYTHONPATH": f"{ROOT / 'src'}", "HOME": f"{tmp_path}"}
    command = ("hostnames", "--format", "caddy", "--providers", f"{mail}")
    printed = run_waypost(*command, environment=environment, folder=tmp_path, check=True)
    (tmp_path / "waypost-names").write_text(printed.stdout, encoding="utf-8")
    path, host = "/autodiscover/autodiscover.xml", "autodiscover.example.com"
    with waypost(tmp_path, mail, proxies=1) as running:
        text = blocks(PAGE, "caddyfile")[1].text
        assert "127.0.0.1:4243" in text
        text = "{\n}\n\n" + text.replace("127.0.0.1:4243", f"127.0.0.1:{running.port}")
        with caddy(tmp_path, text, http=free_port(), https=free_port()) as server:
            front = Front(server, running, mail)
            until(lambda: host in handshake(server, host), "its certificate")
            assert front.get("https", host, f"{PATH}example.com").status_code == 200
            answer = front.get("http", host, path)
            assert (answer.status_code, answer.headers["location"]) == (
                302,
                f"https://{host}{path}?redirected=1",
            )
            assert front.get("http", host, f"{PATH}example.com").status_code == 200
