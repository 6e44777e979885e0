"""The web servers of automx2's manual in front of Waypost, as printed and with TLS added."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.architecture.source import PACKAGE
from tests.docs.apache import apache
from tests.docs.nginx import documented
from tests.servers.authority import Authority
from tests.servers.nginx import listens
from tests.servers.patience import wait_for_log
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.waypost import free_port, waypost
from tests.web.public.test_autodiscover import question
from waypost.diagnostics.comparison.server import CheckedServer
from waypost.diagnostics.conformance.redirect_loops import check_redirect_loops
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.transport import SingleServerTransport

pytestmark = pytest.mark.servers
SAMPLES = PACKAGE / "demo/providers.toml"
NAMES = ("autoconfig.example.com", "autodiscover.example.com")
PROBE = "/autodiscover/autodiscover.xml"
PROFILE = "/mobileconfig/?emailaddress=alice@example.com"
CONFIG = "/mail/config-v1.1.xml?emailaddress=alice@example.com"

# From automx2 2026.2's manual, "Configuring a web server", and its contrib/.
NGINX_PLACES = """
    location /initdb { allow 127.0.0.1; deny all; }
    location / {
        proxy_pass http://127.0.0.1:4243/;
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-Proto http;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Real-IP $remote_addr;
    }
"""
APACHE_PLACES = """
    ServerName autoconfig.example.com
    ServerAlias autodiscover.example.com
    ProxyPreserveHost On
    ProxyPass "/" "http://127.0.0.1:4243/"
    ProxyPassReverse "/" "http://127.0.0.1:4243/"
    <Location /initdb>
        Order Deny,Allow
        Deny from all
        Allow from 127.0.0.1
    </Location>
"""


@dataclass(frozen=True, slots=True)
class Front:
    """A running web server: its ports by scheme, whom to trust, and Waypost's log behind it."""

    ports: dict[str, int]
    trust: ssl.SSLContext
    log: Path

    def ask(self, url: str, body: bytes | None = None) -> httpx.Response:
        """Send a request for a URL of a host."""
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        with httpx.Client(verify=self.trust) as client:
            return client.request(
                "GET" if body is None else "POST",
                f"{parts.scheme}://127.0.0.1:{self.ports[parts.scheme]}{parts.path}{query}",
                content=body,
                headers={"Host": parts.netloc},
                extensions={"sni_hostname": parts.netloc},
                timeout=10,
            )

    def follow(self, url: str) -> list[tuple[str, int]]:
        """Follow redirects, until an answer or a URL that was requested before."""
        asked: dict[str, int] = {}
        while url not in asked:
            answer = self.ask(url)
            asked[url] = answer.status_code
            url = answer.headers.get("location", url)
        return list(asked.items())


@pytest.fixture(name="front", scope="module", params=["nginx", "apache"])
def _front(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    require(programs=["nginx", "apache2"])
    folder = tmp_path_factory.mktemp("manual")
    authority = Authority.create(folder)
    pair = authority.issue("manual", list(NAMES))
    trust = ssl.create_default_context(cafile=f"{authority.certificate}")
    with waypost(folder, SAMPLES, proxies=1) as running:
        behind = {"127.0.0.1:4243": f"127.0.0.1:{running.port}"}
        if request.param == "nginx":
            keys = f"ssl_certificate {pair.certificate}; ssl_certificate_key {pair.key};"
            names = f"server_name {' '.join(NAMES)};"
            site = (
                f"server {{ listen 80; {names} {NGINX_PLACES} }}\n"
                f"server {{ listen 443 ssl; {keys} {names} {NGINX_PLACES} }}\n"
            )
            with documented(folder, site, behind) as (http, https):
                yield Front({"http": http, "https": https}, trust, running.log)
            return
        http, https = free_port(), free_port()
        keys = f"SSLEngine on\nSSLCertificateFile {pair.certificate}\n"
        keys += f"SSLCertificateKeyFile {pair.key}\n"
        site = (
            f"<VirtualHost 127.0.0.1:{http}>{APACHE_PLACES}</VirtualHost>\n"
            f"<VirtualHost 127.0.0.1:{https}>\n{keys}{APACHE_PLACES}</VirtualHost>\n"
        ).replace("127.0.0.1:4243", behind["127.0.0.1:4243"])
        places = (f"127.0.0.1:{http}", f"127.0.0.1:{https}")
        with Process(apache(folder, site, places), log=folder / "output") as process:
            process.wait_until(lambda: listens(http) and listens(https))
            yield Front({"http": http, "https": https}, trust, running.log)


@pytest.mark.rule("proxies-no-redirect-loop")
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", NAMES)
@pytest.mark.parametrize(("path", "status"), [(PROBE, 405), (PROFILE, 200), (CONFIG, 200)])
def test_no_redirect_loop(front: Front, scheme: str, host: str, path: str, status: int) -> None:
    """Every URL of a client ends with an answer, after one redirect at most."""
    asked = front.follow(f"{scheme}://{host}{path}")

    assert [code for _, code in asked] in ([status], [302, status])
    assert all(url.startswith(f"https://{host}/") for url, _ in asked[1:])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_outlook(front: Front, scheme: str) -> None:
    """Outlook's request is answered on both ports, and at the URL of the redirect."""
    for query in ("", "?redirected=1"):
        answer = front.ask(f"{scheme}://{NAMES[1]}{PROBE}{query}", question("alice@example.com"))
        assert (answer.status_code, "<Type>IMAP</Type>" in answer.text) == (200, True)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_initdb_is_closed(front: Front, scheme: str) -> None:
    """The manual's rule permits this machine, but Waypost refuses it."""
    assert front.ask(f"{scheme}://{NAMES[0]}/initdb/").status_code in {403, 404}


def test_conformance_names_the_cause(front: Front) -> None:
    """`waypost conformance` reports that https is read as http, and how to fix the server."""
    server = CheckedServer(True, "127.0.0.1", front.ports["https"], "")
    domains = ("example.com", "unserved.invalid")
    http = HttpClient(
        SingleServerTransport(server, domains), ExchangeLimits(), tls_context=front.trust
    )
    found = list(check_redirect_loops(ConformanceTarget(http, "alice", *domains)))

    assert any(f"https://{NAMES[1]}{PROBE} is redirected to the same URL" in one for one in found)
    causes = [one for one in found if "proxy_set_header X-Forwarded-Proto $scheme;" in one]
    assert causes == found[:1]


def test_warning(front: Front) -> None:
    """The log has one line about the cause, with the line for the web server."""
    for _ in range(3):
        front.follow(f"https://{NAMES[1]}{PROBE}")
    text = wait_for_log(front.log, "requests that came by https")

    assert (
        text.count("of requests that came by https") + text.count("for requests that came by https")
        == 1
    )
    assert "proxy_set_header X-Forwarded-Proto $scheme;" in text
