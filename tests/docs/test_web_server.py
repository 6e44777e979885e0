"""The web server of the guide, in front of a real Waypost."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.docs.nginx import documented
from tests.docs.pages import ROOT, blocks
from tests.servers.authority import Authority
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.requirements import require
from tests.servers.waypost import waypost

pytestmark = pytest.mark.servers
SAMPLES = ROOT / "src/waypost/demo/providers.toml"
BARE = """
server {{
    listen 127.0.0.1:{{http}};
    server_name example.com;
{locations}
}}
"""


@pytest.fixture(name="front", scope="module")
def _front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int, ssl.SSLContext]]:
    """Run nginx with the guide's configuration; yield its ports and the authority to trust."""
    require(programs=["nginx"])
    folder = tmp_path_factory.mktemp("guide")
    authority = Authority.create(folder)
    pair = authority.issue("guide", ["autoconfig.example.com", "autodiscover.example.com"])
    live = "/etc/letsencrypt/live/autoconfig.example.com"
    site, locations, _ = (block.text for block in blocks(ROOT / "docs/guide.md", "nginx"))
    with waypost(folder, SAMPLES, proxies=1) as running:
        places = {
            f"{live}/fullchain.pem": f"{pair.certificate}",
            f"{live}/privkey.pem": f"{pair.key}",
            "127.0.0.1:4243": f"127.0.0.1:{running.port}",
        }
        with documented(folder, site, places, BARE.format(locations=locations)) as (http, https):
            yield http, https, ssl.create_default_context(cafile=f"{authority.certificate}")


Front = tuple[int, int, ssl.SSLContext]


def ask(front: Front, scheme: str, host: str, path: str) -> httpx.Response:
    """Send a request for a host name to nginx."""
    http, https, trust = front
    port = https if scheme == "https" else http
    with httpx.Client(verify=trust) as client:
        return client.get(
            f"{scheme}://127.0.0.1:{port}{path}",
            headers={"Host": host},
            extensions={"sni_hostname": host},
            timeout=PATIENCE_SECONDS,
        )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_host_decides_behind_nginx(front: Front, scheme: str) -> None:
    """Behind the guide's nginx the domain is taken from the name that the client used."""
    answer = ask(front, scheme, "autoconfig.example.com", "/mail/config-v1.1.xml")
    assert (answer.status_code, "<domain>example.com</domain>" in answer.text) == (200, True)


def test_redirect_probe_behind_nginx(front: Front) -> None:
    """Outlook's probe over http is sent to https, and there is no redirect loop over https."""
    path, host = "/autodiscover/autodiscover.xml", "autodiscover.example.com"
    answer = ask(front, "http", host, path)
    assert (answer.status_code, answer.headers["location"]) == (
        302,
        f"https://{host}{path}?redirected=1",
    )
    assert ask(front, "https", host, path).status_code == 405


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/.well-known/autoconfig/mail/config-v1.1.xml", 200),
        ("/AutoDiscover/AutoDiscover.xml", 302),
        ("/mobileconfig/?emailaddress=alice@example.com", 302),
        ("/email.mobileconfig?email=alice@example.com", 302),
        ("/mailinabox.mobileconfig", 302),
        ("/mobileconfig.php?only_email", 302),
        ("/.well-known//autoconfig/mail//config-v1.1.xml", 200),
        ("/initdb/", 404),
    ],
)
def test_paths_of_the_bare_domain(front: Front, path: str, status: int) -> None:
    """The web server of the domain itself passes on the requests of clients, and nothing else."""
    assert ask(front, "http", "example.com", path).status_code == status


def test_initdb_is_closed_behind_nginx(front: Front) -> None:
    """A request through the web server is not direct, so no client can empty the database."""
    answer = ask(front, "https", "autoconfig.example.com", "/initdb/")
    assert (answer.status_code, answer.text) == (404, "not found\n")


def test_guide_is_the_one_that_is_tested() -> None:
    """The guide has two configurations of nginx: a site, and locations for the domain itself."""
    site, locations, _ = blocks(ROOT / "docs/guide.md", "nginx")
    assert site.text.startswith("server {")
    assert locations.text.startswith("location ~* ")
    assert Path(ROOT / "docs/guide.md").is_file()
