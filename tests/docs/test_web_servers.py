"""HAProxy and Apache with the guide's configuration, in front of a real Waypost."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.docs.apache import apache
from tests.docs.pages import ROOT, blocks
from tests.servers.authority import Authority, KeyPair
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from tests.servers.process import Process
from tests.servers.requirements import program, require
from tests.servers.waypost import free_port, waypost

pytestmark = pytest.mark.servers
SAMPLES = ROOT / "src/waypost/demo/providers.toml"
PROBE = "/autodiscover/autodiscover.xml"
PROFILE = "/email.mobileconfig?email=alice@example.com"
FORGED = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "autoconfig.example.net",
    "Forwarded": "for=203.0.113.9;proto=https;host=autoconfig.example.net",
}


@dataclass(frozen=True, slots=True)
class Front:
    """A running web server: its ports, the authority to trust, and Waypost's log."""

    http: int
    https: int
    trust: ssl.SSLContext
    log: Path

    def ask(
        self, scheme: str, host: str, path: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send a request for a host name."""
        port = self.https if scheme == "https" else self.http
        with httpx.Client(verify=self.trust) as client:
            return client.get(
                f"{scheme}://127.0.0.1:{port}{path}",
                headers={"Host": host} | (headers or {}),
                extensions={"sni_hostname": host},
                timeout=PATIENCE_SECONDS,
            )


def haproxy(folder: Path, pair: KeyPair, places: Mapping[str, str]) -> list[str]:
    """Write the configuration of HAProxy, and return the command that runs it."""
    certificates = folder / "certificates"
    certificates.mkdir()
    both = pair.certificate.read_text(encoding="utf-8") + pair.key.read_text(encoding="utf-8")
    (certificates / "example.com.pem").write_text(both, encoding="utf-8")
    changes = {
        "bind :80\n": f"bind {places['http']}\n",
        "bind :443 ssl": f"bind {places['https']} ssl",
        "/etc/haproxy/certificates/": f"{certificates}/",
        "127.0.0.1:4243": places["waypost"],
    }
    configuration = folder / "haproxy.cfg"
    configuration.write_text(guides("haproxy", changes), encoding="utf-8")
    return [program("haproxy"), "-db", "-f", f"{configuration}"]


def apache_of_the_guide(folder: Path, pair: KeyPair, places: Mapping[str, str]) -> list[str]:
    """Write the configuration of Apache, and return the command that runs it."""
    live = "/etc/letsencrypt/live/autoconfig.example.com"
    changes = {
        "*:80>": f"{places['http']}>",
        "*:443>": f"{places['https']}>",
        f"{live}/fullchain.pem": f"{pair.certificate}",
        f"{live}/privkey.pem": f"{pair.key}",
        "127.0.0.1:4243": places["waypost"],
    }
    return apache(folder, guides("apache", changes), [places["http"], places["https"]])


def guides(language: str, changes: Mapping[str, str]) -> str:
    """Return the guide's configuration for a web server, with the test's paths and ports."""
    (text,) = (block.text for block in blocks(ROOT / "docs/guide.md", language))
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture(
    name="front", scope="module", params=[haproxy, apache_of_the_guide], ids=["haproxy", "apache"]
)
def _front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    require(programs=["haproxy", "apache2"])
    folder = tmp_path_factory.mktemp("front")
    authority = Authority.create(folder)
    pair = authority.issue("guide", ["autoconfig.example.com", "autodiscover.example.com"])
    http, https = free_port(), free_port()
    with waypost(folder, SAMPLES, proxies=1) as running:
        ports = {"http": http, "https": https, "waypost": running.port}
        places = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
        command: list[str] = request.param(folder, pair, places)
        with Process(command, log=folder / "output") as process:
            process.wait_until(lambda: listens(http) and listens(https))
            trust = ssl.create_default_context(cafile=f"{authority.certificate}")
            yield Front(http, https, trust, running.log)


@pytest.mark.parametrize("headers", [{}, FORGED])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_host_decides(front: Front, scheme: str, headers: dict[str, str]) -> None:
    """The domain is taken from the name that the client used, not from its forwarding headers."""
    answer = front.ask(scheme, "autoconfig.example.com", "/mail/config-v1.1.xml", headers)
    assert (answer.status_code, "<domain>example.com</domain>" in answer.text) == (200, True)


def test_address_decides_over_host(front: Front) -> None:
    """A request to the name of another domain gets the document of the address."""
    path = "/mail/config-v1.1.xml?emailaddress=alice@example.org"
    answer = front.ask("https", "autoconfig.example.com", path)
    assert (answer.status_code, "<domain>example.org</domain>" in answer.text) == (200, True)


@pytest.mark.parametrize(("path", "status"), [(PROBE, 405), (PROFILE, 200)])
def test_http_leads_to_https(front: Front, path: str, status: int) -> None:
    """Outlook's probe and a profile are redirected from http to https; there is no loop."""
    host = "autodiscover.example.com"
    answer = front.ask("http", host, path)
    marked = f"{path}{'&' if '?' in path else '?'}redirected=1"
    assert (answer.status_code, answer.headers["location"]) == (302, f"https://{host}{marked}")
    for asked in (path, marked):
        assert front.ask("https", host, asked).status_code == status


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(("path", "status"), [(PROBE, 405), (PROFILE, 200)])
def test_client_that_says_https(front: Front, scheme: str, path: str, status: int) -> None:
    """A client whose header says https is not redirected; the other clients still are."""
    host = "autodiscover.example.com"
    assert front.ask(scheme, host, path, FORGED).status_code == status
    assert front.ask("http", host, path).status_code == 302


def test_peer_in_the_log(front: Front) -> None:
    """The log has the address of the client, and not the address in its header."""
    front.ask("https", "autoconfig.example.com", "/in-the-log", FORGED)
    log = wait_for_log(front.log, "/in-the-log")
    (line,) = (line for line in log.splitlines() if "/in-the-log" in line)
    assert "127.0.0.1" in line
    assert "203.0.113.9" not in line


def test_initdb_is_closed(front: Front) -> None:
    """A request through the web server is not direct, even with Host: localhost."""
    for host in ("autoconfig.example.com", "localhost"):
        answer = front.ask("http", host, "/initdb/")
        assert (answer.status_code, answer.text) == (404, "not found\n")


def test_one_host(front: Front) -> None:
    """A request with two Host headers gets a 400 and no document."""
    request = (
        "GET /mail/config-v1.1.xml HTTP/1.1\r\nHost: autoconfig.example.com\r\n"
        "Host: autoconfig.example.org\r\nConnection: close\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", front.http), timeout=PATIENCE_SECONDS) as asking:
        asking.sendall(request.encode())
        answer = asking.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
