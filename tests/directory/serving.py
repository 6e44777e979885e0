"""A server with a directory, and requests to it."""

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from tests.servers.authority import Authority
from tests.servers.slapd import PASSWORD, READER, SUFFIX
from tests.servers.waypost import RunningWaypost, waypost

OUTLOOK = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/'
    '2006"><Request><EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>http://schemas.'
    "microsoft.com/exchange/autodiscover/outlook/responseschema/2006a</AcceptableResponseSchema>"
    "</Request></Autodiscover>"
)
DIRECTORY = """
[[directory]]
name = "staff"
kind = "ldap"
urls = ["{url}"]
search_base = "{suffix}"
bind_user = "{reader}"
bind_password = {password}
ca_file = "{authority}"
time_limit_seconds = {time_limit}
connect_timeout_seconds = {time_limit}
ttl_seconds = {ttl}
attributes = {{ mailHost = {{ pattern = "mx[0-9]+[.]example[.]com", default = "mx.example.com" }} }}

[[provider]]
name = "With"
domains = ["example.com"]
directory = "staff"
{policy}
services = [
  {{ type = "imap", host = "%{{mailHost}}" }},
  {{ type = "smtp", host = "smtp.example.com" }},
  {{ type = "caldav", url = "https://dav.example.com/%{{login_name}}/" }},
]

[[provider]]
name = "Without"
domains = ["example.org"]
services = [
  {{ type = "imap", host = "imap.example.org" }},
  {{ type = "smtp", host = "smtp.example.org" }},
]
"""


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def providers(
    folder: Path,
    url: str,
    authority: Authority,
    *,
    ttl: float = 60,
    time_limit: float = 5,
    policy: str = "",
) -> Path:
    """Write a providers file with one domain that has a directory, and one that has none."""
    path = folder / "mail.toml"
    text = DIRECTORY.format(
        url=url,
        suffix=SUFFIX,
        reader=READER,
        password=f"'{PASSWORD}'",
        authority=authority.certificate,
        time_limit=time_limit,
        ttl=ttl,
        policy=policy,
    )
    path.write_text(text, encoding="utf-8")
    return path


class Asking:
    """One connection to a server, which stays open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        self._connection.close()

    def autoconfig(self, address: str) -> Reply:
        return self._ask("GET", f"/mail/config-v1.1.xml?emailaddress={quote(address)}")

    def mobileconfig(self, address: str) -> Reply:
        return self._ask("GET", f"/mobileconfig?emailaddress={quote(address)}")

    def autodiscover(self, address: str) -> Reply:
        body = OUTLOOK.format(address=address)
        return self._ask("POST", "/autodiscover/autodiscover.xml", body)

    def _ask(self, method: str, path: str, body: str | None = None) -> Reply:
        headers = {} if body is None else {"Content-Type": "text/xml"}
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())


@contextmanager
def serving(folder: Path, path: Path) -> Iterator[tuple[RunningWaypost, Asking]]:
    """Run a server, and connect to it."""
    with waypost(folder, path) as server:
        asking = Asking(server.port)
        try:
            yield server, asking
        finally:
            asking.close()
