"""Tests that the records of five clients agree with the real programs.

These are Thunderbird, Delta Chat, Evolution, KMail and Geary. A record and its program get the same
answers: those of Waypost with providers.toml, and documents of other servers, good and bad ones.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.conftest import DATABASE, MailServers
from tests.clients.deltachat import DeltaChat
from tests.clients.evolution import Evolution, Server
from tests.clients.geary import Geary
from tests.clients.geary import Server as GearyServer
from tests.clients.kmail import KMail
from tests.clients.kmail import Server as KMailServer
from tests.clients.recorded import Application
from tests.clients.sites import DOCUMENTS, all_sites
from tests.clients.thunderbird import Account, Thunderbird
from tests.servers.nginx import Site
from tests.web.asgi import Client as Asker
from waypost.diagnostics.simulated_clients import (
    DELTA_CHAT,
    EVOLUTION_3_46,
    GEARY,
    KMAIL_22_12,
    THUNDERBIRD,
)
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    MailServer,
    Outcome,
    ServerAnswer,
    ServerSecurity,
    run_session,
)
from waypost.providers_file.load import read_providers_path

pytestmark = pytest.mark.clients

PROVIDERS = Path(__file__).parent / "providers.toml"
# The test of each client checks how it treats an invalid port.
OF_SOME = {"port-too-high.example"}
NAMES = sorted({f"{folder.name}.example" for folder in DOCUMENTS.iterdir()} - OF_SOME)
SECURITY: dict[str, ServerSecurity] = {"SSL": "tls", "STARTTLS": "starttls", "plain": "none"}


@pytest.fixture(name="asker", scope="module")
def _asker() -> Iterator[Asker]:
    """Return Waypost in this process, for the records."""
    asker = Asker(read_providers_path(PROVIDERS).catalog)
    yield asker
    asker.close()


def recorded(client: SimulatedClient, asker: Asker, address: str) -> Outcome:
    """Return the outcome of a record that gets the answers of nginx."""
    user = ClientUser.parse(address)
    sites = all_sites(DATABASE)

    def answer(request: ClientRequest) -> ServerAnswer:
        for site in sites:
            if (site.scheme, site.host) == (request.scheme, request.host):
                return _from_site(site, request, Application(asker, user.domain))
        return NO_ANSWER

    return run_session(client.search(user), answer).outcome


def _from_site(site: Site, request: ClientRequest, application: Application) -> ServerAnswer:
    if site.files:
        file = site.files / request.path.lstrip("/")
        found = request.method == "GET" and file.is_file()
        return ServerAnswer(200, "text/xml", body=file.read_bytes()) if found else ServerAnswer(404)
    return application.answer(request) if request.path.startswith(site.path) else ServerAnswer(404)


def expected(account: Account) -> list[MailServer]:
    """Return an account of Thunderbird, in the words of the records."""
    return [
        MailServer(
            server.type,
            server.host,
            server.port,
            SECURITY[server.socket_type],
            server.authentication,
            server.login_name,
        )
        for server in (account.incoming, account.outgoing)
    ]


@pytest.mark.parametrize(
    "domain",
    [
        *("everywhere.example", "starttls.example", "starttls-autodiscover.example"),
        *("by-autodiscover-root.example", "careful.example", "choice.example"),
        *("choice-autodiscover.example", "fetched.example", "xn--bcher-kva.example"),
        "known.example",
        *("unknown.example", "port-too-high.example", *NAMES),
    ],
)
def test_thunderbird(mail_client: Thunderbird, asker: Asker, domain: str) -> None:
    """Thunderbird sets up the account of its record, or none if the record has none."""
    address = f"Alice+tag@{domain}"
    real = mail_client.set_up(address)
    account = recorded(THUNDERBIRD, asker, address).account

    assert (account is None) == (real is None)
    if account and real:
        assert expected(real) == [account.incoming, account.outgoing]


@pytest.mark.parametrize(
    "domain",
    [
        *("everywhere.example", "by-well-known.example", "starttls.example"),
        *("lower-case-socket.example", "spaced-id.example", "without-domain.example"),
        *("oauth2-only.example", "bad-section-first.example", "pop3-first.example"),
        "port-too-high.example",
    ],
)
def test_delta_chat(chat_client: DeltaChat, asker: Asker, domain: str) -> None:
    """Delta Chat uses the servers of its record."""
    address = f"chatter@{domain}"
    used = chat_client.set_up(address)
    account = recorded(DELTA_CHAT, asker, address).account

    assert account is not None
    for server in (account.incoming, account.outgoing):
        assert f"{server.kind}:[{server.host}:{server.port}:{server.security}" in used


def in_evolution(expected: MailServer) -> Server:
    """Convert a record to Evolution's words; for IMAP and POP3 a password is no mechanism."""
    plain = "LOGIN" if expected.kind == "smtp" else ""
    mechanisms = {"password-cleartext": plain, "password-encrypted": "CRAM-MD5", "": ""}
    mechanism = mechanisms[expected.method]
    return Server(
        expected.kind, expected.host, expected.port, expected.security, mechanism, expected.login
    )


@pytest.mark.parametrize(
    "domain",
    [
        *("everywhere.example", "by-well-known.example", "by-http.example"),
        *("by-http-well-known.example", "starttls.example", "careful.example"),
        *("modern.example", "choice.example", "fetched.example", "xn--bcher-kva.example"),
        "known.example",
        *NAMES,
    ],
)
def test_evolution(gnome_client: Evolution, asker: Asker, domain: str) -> None:
    """Evolution sets up the account of its record; an incomplete one ends the search."""
    address = f"Alice+tag@{domain}"
    real = gnome_client.set_up(address)
    outcome = recorded(EVOLUTION_3_46, asker, address)

    if outcome.account is None:
        assert outcome.has_stopped
        assert not (real.incoming and real.outgoing)
    else:
        assert real.incoming == in_evolution(outcome.account.incoming)
        assert real.outgoing == in_evolution(outcome.account.outgoing)


def in_kmail(expected: MailServer) -> KMailServer:
    """Convert a record to KMail's words; a plain password is the default."""
    methods = {"password-encrypted": "CramMD5", "OAuth2": "OAuth2"}
    method = methods.get(expected.method, "plain")
    return KMailServer(
        expected.kind, expected.host, expected.port, expected.security, method, expected.login
    )


@pytest.mark.parametrize(
    "domain",
    [
        *("everywhere.example", "by-well-known.example", "by-http.example"),
        *("starttls.example", "careful.example", "modern.example", "choice.example"),
        *("fetched.example", "xn--bcher-kva.example", "known.example", *NAMES),
    ],
)
def test_kmail(kde_client: KMail, asker: Asker, domain: str) -> None:
    """KMail's first servers are those of its record; an incomplete account ends the search."""
    address = f"Alice+tag@{domain}"
    real = kde_client.set_up(address)
    outcome = recorded(KMAIL_22_12, asker, address)

    first = {one.kind: one for one in reversed(real)}
    incoming, outgoing = first.get("imap") or first.get("pop3"), first.get("smtp")
    if outcome.account is None:
        assert outcome.has_stopped
        assert not (incoming and outgoing)
    else:
        assert incoming == in_kmail(outcome.account.incoming)
        assert outgoing == in_kmail(outcome.account.outgoing)


def in_geary(expected: MailServer) -> GearyServer:
    """Convert a record to Geary's words."""
    return GearyServer(f"{expected.host}:{expected.port}", expected.security, expected.login)


@pytest.mark.parametrize(
    "domain",
    [
        # Left out, because the real program keeps a placeholder in a host (boxes.example), accepts
        # 70000 as a port (port-too-high.example) and follows a redirect (renamed.example).
        *("everywhere.example", "by-well-known.example", "by-http.example"),
        *("starttls.example", "careful.example", "modern.example", "choice.example"),
        *("fetched.example", "groupware.example", "xn--bcher-kva.example", "known.example"),
        *("unknown.example", "unserved.example", *NAMES),
    ],
)
def test_geary(gtk_client: Geary, asker: Asker, domain: str) -> None:
    """Geary proposes the account of its record, and guesses only if the record has none."""
    address = f"Alice+tag@{domain}"
    real = gtk_client.search(address)
    record = recorded(GEARY, asker, address).account

    assert (record is None) == real.imap.is_guess
    if record:
        assert real.imap == in_geary(record.incoming)
        assert real.smtp == in_geary(record.outgoing)


def test_placeholders_are_case_sensitive(
    chat_client: DeltaChat, mail_servers: MailServers, asker: Asker
) -> None:
    """A placeholder in lower case is not replaced, by Delta Chat too."""
    address = "chatter@small-placeholder.example"
    account = recorded(DELTA_CHAT, asker, address).account
    chat_client.set_up(address)

    assert account is not None
    assert account.incoming.login == "%emaillocalpart%"
    assert mail_servers.imap.logins()[-1].login_name == account.incoming.login
