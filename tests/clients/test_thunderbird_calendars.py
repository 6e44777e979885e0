"""Thunderbird searches for calendars and address books after setup: by DNS, then by https."""

import pytest

from tests.clients.conftest import Front, MailServers
from tests.clients.sites import DAV_HOST
from tests.clients.thunderbird import Groupware, Thunderbird, found
from tests.servers.dav import Dav, DavRequest
from tests.servers.named import Named
from tests.servers.nginx import Request

pytestmark = pytest.mark.clients

# The incoming server of the domains without their own incoming server.
HOST = "imap.tls.example"
NOTHING = Groupware({}, {})


def of_alice(domain: str, host: str) -> Groupware:
    """Return the calendars and address books of alice@domain at a host."""
    below, own = f"https://{host}/dav", f"alice@{domain}/one/"
    return Groupware(
        {"Friends": f"{below}/books/{own}"}, {"Appointments": f"{below}/calendars/{own}"}
    )


def requests_to(front: Front, *, after: int) -> list[tuple[str, int]]:
    """Return the requests by PROPFIND for well-known places, and how each was answered."""
    return [
        (f"{request}", request.status)
        for request in front.log.requests()[after:]
        if _is_search(request)
    ]


def _is_search(request: Request) -> bool:
    return request.method == "PROPFIND" and request.target.startswith("/.well-known/")


@pytest.mark.usefixtures("calendar_server")
def test_dialog_lists_calendars_and_address_books(
    mail_client: Thunderbird,
    mail_servers: MailServers,  # noqa: ARG001 -- where it logs in
) -> None:
    """After the login, the dialog lists the address book and the calendar of the user."""
    account = found(mail_client.set_up_in_dialog("alice@dav-here.example"))
    assert account.offered == ("Friends", "Appointments")


@pytest.mark.rule("dns-dav-well-known")
@pytest.mark.usefixtures("calendar_server")
def test_a_redirect_on_the_same_host(mail_client: Thunderbird, front: Front) -> None:
    """If they are on the host of the domain, Thunderbird finds them by Waypost's 307."""
    domain = "dav-here.example"
    before = len(front.log.requests())
    assert mail_client.look_for_groupware(f"alice@{domain}", HOST) == of_alice(domain, domain)
    place = f"PROPFIND https://{domain}/.well-known"
    assert requests_to(front, after=before) == [(f"{place}/carddav", 307), (f"{place}/caldav", 307)]


@pytest.mark.usefixtures("calendar_server")
def test_incoming_host_is_requested_too(
    mail_client: Thunderbird, front: Front, name_server: Named
) -> None:
    """If the domain does not answer, Thunderbird asks the IMAP host if it is in that domain."""
    domain = "dav-by-mail-host.example"
    host = f"mail.{domain}"
    before, known = len(front.log.requests()), len(name_server.queries())
    assert mail_client.look_for_groupware(f"alice@{domain}", host) == of_alice(domain, host)
    place = f"PROPFIND https://{host}/.well-known"
    assert requests_to(front, after=before) == [(f"{place}/carddav", 307), (f"{place}/caldav", 307)]
    records = {
        f"_{kind}._tcp.{at} SRV" for kind in ("carddavs", "caldavs") for at in (domain, host)
    }
    assert records <= set(name_server.queries()[known:])


@pytest.mark.rule("dns-dav-labels", "dns-dav-path")
@pytest.mark.usefixtures("calendar_server")
@pytest.mark.parametrize(
    ("domain", "host"),
    [
        # Each user has their own URL; the common part of the URLs is published.
        ("dav-by-records.example", DAV_HOST),
        # The common part is only "/": then it asks the well-known URL of that host.
        ("dav-at-root.example", "dav.dav-at-root.example"),
    ],
)
def test_the_published_records_are_enough(
    mail_client: Thunderbird, front: Front, domain: str, host: str
) -> None:
    """With SRV and TXT of `waypost show dns`, it asks another host and not the domain."""
    before = len(front.log.requests())
    assert mail_client.look_for_groupware(f"alice@{domain}", HOST) == of_alice(domain, host)
    assert {request.host for request in front.log.requests()[before:]} == {host}


@pytest.mark.parametrize(
    ("domain", "books", "calendars"),
    [
        ("dav-there.example", "/dav/", "/dav/"),
        ("dav-of-each.example", "/dav/books/", "/dav/calendars/"),
    ],
)
def test_a_redirect_to_another_host_fails(
    mail_client: Thunderbird, calendar_server: Dav, domain: str, books: str, calendars: str
) -> None:
    """It follows a 307 to another host with method, Depth and body, logs in, drops the answer."""
    address = f"alice@{domain}"
    before = len(calendar_server.requests)
    assert mail_client.look_for_groupware(address, HOST) == NOTHING
    requests = calendar_server.requests[before:]
    for path, wanted, (first, second) in (
        (books, "current-user-principal", requests[:2]),
        (calendars, "calendar-home-set", requests[2:]),
    ):
        url = f"https://{DAV_HOST}{path}"
        assert first == DavRequest("PROPFIND", url, "0", "", first.asked)
        assert second == DavRequest("PROPFIND", url, "0", address, first.asked)
        assert wanted in first.asked


def test_redirect_to_plain_http_is_not_followed(
    mail_client: Thunderbird, front: Front, calendar_server: Dav
) -> None:
    """It does not follow a 307 from https to http, and looks up no record without TLS."""
    domain = "dav-by-http.example"
    before, seen = len(front.log.requests()), len(calendar_server.requests)
    assert mail_client.look_for_groupware(f"alice@{domain}", HOST) == NOTHING
    place = f"PROPFIND https://{domain}/.well-known"
    assert requests_to(front, after=before) == [(f"{place}/carddav", 307), (f"{place}/caldav", 307)]
    assert calendar_server.requests[seen:] == []


@pytest.mark.rule("dns-dav-well-known-elsewhere")
def test_no_calendars(mail_client: Thunderbird, front: Front, name_server: Named) -> None:
    """Without calendars it tries all URLs, gets a 404 or 405 each, and is not asked to log in."""
    domain = "no-dav.example"
    before, known = len(front.log.requests()), len(name_server.queries())
    assert mail_client.look_for_groupware(f"alice@{domain}", HOST) == NOTHING
    answers = {(f"{request}", request.status) for request in front.log.requests()[before:]}
    root = f"https://{domain}"
    assert answers == {
        (f"PROPFIND {root}/.well-known/carddav", 404),
        (f"PROPFIND {root}/.well-known/caldav", 404),
        (f"PROPFIND {root}/", 405),
        # For a calendar that is a file.
        (f"HEAD {root}/", 200),
        (f"GET {root}/", 200),
        (f"PUT {root}/", 405),
    }
    # The incoming server is of another domain.
    assert not any(f"_tcp.{HOST}" in query for query in name_server.queries()[known:])
