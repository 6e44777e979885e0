"""`waypost serve` with LDAP: from a mail client's request to slapd and back."""

import os
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.servers.authority import Authority
from tests.servers.nginx import listens
from tests.servers.process import Process
from tests.servers.slapd import PASSWORD, READER, SUFFIX, Slapd
from tests.servers.waypost import SOURCE, free_port

pytestmark = pytest.mark.servers
PROVIDERS = """
[[ldapserver]]
id = 1
name = "localhost"
port = {tls_port}
use_ssl = true
search_base = "{suffix}"
bind_user = "{reader}"
bind_password = '{password}'

[[directory]]
name = "staff"
kind = "ldap"
urls = ["{url}"]
search_base = "{suffix}"
bind_user = "{reader}"
bind_password_file = "{folder}/password"
attributes.mailHost = {{ pattern = '[a-z0-9]+\\.example\\.com', default = "mail.example.com" }}

[[provider]]
name = "By automx2's row"
domains = [{{ name = "example.com", ldapserver = 1 }}]
services = [
  {{ type = "imap", host = "imap.example.com" }},
  {{ type = "smtp", host = "smtp.example.com" }},
]

[[provider]]
name = "By a directory"
domains = [{{ name = "example.org", directory = "staff" }}]
services = [
  {{ type = "imap", host = "%{{mailHost}}" }},
  {{ type = "smtp", host = "smtp.example.com" }},
]
"""


@pytest.fixture(name="place", scope="module")
def _place(
    server: Slapd, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Run Waypost, and yield the base of its URLs."""
    tmp_path = tmp_path_factory.mktemp("serving")
    (tmp_path / "password").write_text(PASSWORD, encoding="utf-8")
    providers = tmp_path / "mail.toml"
    text = PROVIDERS.format(
        tls_port=server.tls_port,
        url=server.url,
        suffix=SUFFIX,
        reader=READER,
        password=PASSWORD,
        folder=tmp_path,
    ).replace("search_base", 'search_filter = "(|(mail={0})(uid={local_part}))"\nsearch_base')
    providers.write_text(text, encoding="utf-8")
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    environment = kept | {
        "PYTHONPATH": f"{SOURCE}",
        "WAYPOST_PROVIDERS": f"{providers}",
        "WAYPOST_PORT": f"{port}",
        "WAYPOST_ADMIN_PORT": "0",
        "WAYPOST_LDAP_CA_FILE": f"{authority.certificate}",
    }
    command = [sys.executable, "-m", "waypost", "serve"]
    log = tmp_path / "waypost.log"
    with Process(command, log=log, environment=environment, folder=tmp_path) as process:
        process.wait_until(lambda: listens(port))
        yield f"http://127.0.0.1:{port}/mail/config-v1.1.xml?emailaddress="
    assert PASSWORD not in log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("address", "host", "login"),
    [
        ("person7@example.com", "imap.example.com", "p7"),
        ("several@example.com", "imap.example.com", "first.login"),
        ("missing@example.com", "imap.example.com", "missing@example.com"),
        ("double@example.com", "imap.example.com", "double@example.com"),
        ("first.login@example.org", "mx7.example.com", "first.login"),
        ("p7@example.org", "mail.example.com", "p7"),
        ("missing@example.org", "mail.example.com", "missing@example.org"),
    ],
)
def test_login_name_is_answered(place: str, address: str, host: str, login: str) -> None:
    """A client gets the login name and the host that slapd has for the address."""
    answer = httpx.get(f"{place}{address}", timeout=10)
    assert answer.status_code == 200
    assert f"<hostname>{host}</hostname>" in answer.text
    assert f"<username>{login}</username>" in answer.text
