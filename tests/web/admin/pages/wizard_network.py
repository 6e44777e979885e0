"""A private network for the wizard: BIND, nginx, Dovecot, a submission server and Waypost.

One address is public, as `waypost.net.addresses` sees it, and the other one is 127.0.0.1. Waypost
uses the resolver and the authority of the network, as if they were those of the machine.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.servers.authority import Authority
from tests.servers.dovecot import dovecot
from tests.servers.named import Named, name_server_of_a_network
from tests.servers.nginx import Site, nginx
from tests.servers.private_network import private_network, second_address
from tests.servers.requirements import require
from tests.servers.submission import submission
from tests.servers.waypost import free_port
from tests.web.admin.api.api_client import COMMAND
from tests.web.admin.pages.person import FORM, hidden
from tests.web.admin.pages.running import RunningPages, running_pages
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import Tokens
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern
from waypost.database.engine import open_engine
from waypost.web.admin.pages.security import COOKIE

PUBLIC: Final = "8.8.8.8"
UNUSED: Final = "8.8.4.4"
DATABASE: Final = "autoconfig.thunderbird.net"
_DAYS: Final = (-1.0, 60.0)
IDN: Final = "xn--bcher-kva.example"
_DOCUMENT: Final = """<clientConfig version="1.1"><emailProvider id="x"><domain>x.example</domain>
<displayName>{name}</displayName><incomingServer type="imap"><hostname>imap.own.example</hostname>
<port>993</port><socketType>SSL</socketType><authentication>password-cleartext</authentication>
<username>%EMAILADDRESS%</username></incomingServer><outgoingServer type="smtp">
<hostname>smtp.own.example</hostname><port>465</port><socketType>SSL</socketType>
<authentication>password-cleartext</authentication><username>%EMAILADDRESS%</username>
</outgoingServer></emailProvider></clientConfig>"""
# Of these domains, autoconfig.D is a web server; all have working servers in SRV records, too.
DOCUMENTS: Final = {
    "own.example": _DOCUMENT.format(name="Own Mail"),
    IDN: _DOCUMENT.format(name="B\u00fccher"),
    "malformed.example": "<html><body>Welcome</body>",
    "huge.example": _DOCUMENT.format(name="x") + " " * 2_000_000,
}
_SERVERS: Final = ("imap.own.example", "smtp.own.example", "mail.guess.example")
_ADDRESSES: Final = {
    **dict.fromkeys((*_SERVERS, "imap.wrong.example", "mx.first.example"), PUBLIC),
    **dict.fromkeys((f"autoconfig.{domain}" for domain in DOCUMENTS), PUBLIC),
    "autoconfig.plain.example": PUBLIC,
    "autoconfig.redirect.example": PUBLIC,
    "autoconfig.plain-redirect.example": PUBLIC,
    "autoconfig.stranger.example": PUBLIC,
    "autoconfig.downgrade.example": PUBLIC,
    "autoconfig.untrusted.example": PUBLIC,
    "autoconfig.private.example": "127.0.0.1",
    "imap.private.example": "127.0.0.1",
    "smtp.private.example": "127.0.0.1",
    "mx.hoster.example": UNUSED,
    "mx.other-hoster.example": UNUSED,
    "no-mail.example": PUBLIC,
    "inside.example": "127.0.0.1",
    "listed.example": UNUSED,
}
_SRV: Final = {
    **dict.fromkeys((*DOCUMENTS, "records.example", "redirect.example"), "own.example"),
    **dict.fromkeys(
        (
            "stranger.example",
            "downgrade.example",
            "untrusted.example",
            "plain.example",
            "plain-redirect.example",
        ),
        "own.example",
    ),
    "private.example": "private.example",
    "wrong.example": "wrong.example",
}
_MX: Final = {
    "hosted.example": "mx.hoster.example",
    "no-imap.example": "mx.other-hoster.example",
    "guess.example": "mail.guess.example",
    "first.example": "mx.first.example",
    "same.example": "mx.first.example",
}


def _zone() -> str:
    lines = [f"{name}. 3600 IN A {address}" for name, address in _ADDRESSES.items()]
    lines += [f"{domain}. 3600 IN MX 10 {host}." for domain, host in _MX.items()]
    lines += ["null.example. 3600 IN MX 0 ."]
    for domain, host in _SRV.items():
        lines.append(f"_imaps._tcp.{domain}. 3600 IN SRV 0 1 993 imap.{host}.")
        smtp = "own.example" if domain == "wrong.example" else host
        lines.append(f"_submissions._tcp.{domain}. 3600 IN SRV 0 1 465 smtp.{smtp}.")
        lines.append(f"{domain}. 3600 IN TXT present")
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class WizardNetwork:
    """The network.

    Attributes:
        pages: the Waypost.
        names: the name server.
        person: a browser of a person who is signed in.
        csrf: the text of the session.
    """

    pages: RunningPages
    names: Named
    person: httpx.Client
    csrf: str

    def post(self, path: str, **fields: str) -> httpx.Response:
        """Send a form of the wizard."""
        return self.person.post(f"/admin/wizard{path}", data={"csrf": self.csrf, **fields})

    def token(self, *domains: str) -> str:
        """Return a token of the API that may write, without limits or for some domains."""
        engine = open_engine(self.pages.uri)
        scope = AccessScope(Role.WRITE, tuple(map(DomainPattern, domains)))
        try:
            return Tokens(engine).create("test", scope, by=COMMAND)[0]
        finally:
            engine.dispose()

    def call(self, method: str, url: str, token: str, **body: Any) -> httpx.Response:
        """Send a request to the API."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        address = f"{self.pages.url}{url}"
        return httpx.request(method, address, headers=headers, timeout=120, **body)

    def search(self, domain: str, **fields: str) -> str:
        """Return the page with the proposals for a domain."""
        answer = self.post("", domain=domain, ispdb="1", **fields)
        assert answer.status_code == 200, answer.text
        return answer.text


@contextmanager
def wizard_network(folder: Path, authority: Authority) -> Iterator[WizardNetwork]:
    """Run all servers in a separate network; skip if something is missing."""
    programs = ("nginx", "dovecot", "named", "unshare", "mount")
    require(programs=programs, private_network=True, root=True)
    inside_port = free_port()
    sites = [*_files(folder), *_redirects(inside_port)]
    hosts = sorted(
        {site.host for site in sites if site.scheme == "https"} - {"autoconfig.untrusted.example"}
    )
    web = authority.issue("wizard-web", hosts, days=_DAYS)
    mail = authority.issue(
        "wizard-mail", [*_SERVERS, "imap.private.example", "smtp.private.example"], days=_DAYS
    )
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n", encoding="ascii")
    script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"'
    with (
        private_network(),
        second_address(PUBLIC),
        name_server_of_a_network(["example", "thunderbird.net"]) as names,
        nginx(folder, authority, sites, waypost_port=inside_port, pair=web, address=PUBLIC),
        dovecot(mail, PUBLIC),
        submission(mail, PUBLIC),
        running_pages(
            folder,
            runner=["unshare", "--mount", "sh", "-c", script, f"{resolver}"],
            environment={"SSL_CERT_FILE": f"{authority.certificate}"},
        ) as pages,
    ):
        names.load("example", _zone())
        names.load("thunderbird.net", f"{DATABASE}. 3600 IN A {PUBLIC}\n")
        with _signed_in(pages) as (person, csrf):
            yield WizardNetwork(pages, names, person, csrf)


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    return folder


def _files(folder: Path) -> Iterator[Site]:
    """Yield the sites of the documents, and of the public database."""
    for domain, text in DOCUMENTS.items():
        files = _folder(folder, domain)
        _folder(files, "mail").joinpath("config-v1.1.xml").write_text(text, encoding="utf-8")
        yield Site("https", f"autoconfig.{domain}", files=files)
    yield Site("https", "autoconfig.untrusted.example", files=folder / "own.example")
    yield Site("http", "autoconfig.plain.example", files=folder / "own.example")
    database = _folder(folder, "database")
    for domain, name in {"listed.example": "Listed", "hoster.example": "Hoster"}.items():
        path = _folder(database, "v1.1") if not (database / "v1.1").exists() else database / "v1.1"
        (path / domain).write_text(_DOCUMENT.format(name=name), encoding="utf-8")
    yield Site("https", DATABASE, files=database)


def _redirects(port: int) -> Iterator[Site]:
    """Yield sites that redirect to a server inside, by its address and by a name."""
    for label, host in (("redirect", "127.0.0.1"), ("stranger", "inside.example")):
        moved = f"302 https://{host}:{port}/inside"
        yield Site("https", f"autoconfig.{label}.example", moved=moved)
    moved = f"302 http://127.0.0.1:{port}/inside"
    yield Site("https", "autoconfig.downgrade.example", moved=moved)
    yield Site("http", "autoconfig.plain-redirect.example", moved=moved)


@contextmanager
def _signed_in(pages: RunningPages) -> Iterator[tuple[httpx.Client, str]]:
    with httpx.Client(base_url=pages.url, timeout=60, headers=FORM) as client:
        link = pages.link().rpartition("=")[2]
        answer = client.post("/admin/sign-in", data={"link": link})
        secret = answer.headers["set-cookie"].partition(f"{COOKIE}=")[2].partition(";")[0]
        client.headers["cookie"] = f"{COOKIE}={secret}"
        yield client, hidden(client.get("/admin/wizard").text, "csrf")
