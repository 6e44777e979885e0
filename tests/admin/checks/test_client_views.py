"""What each mail client gets for a user, from previews and records alone."""

from collections.abc import Sequence

import pytest

from tests.admin.cases import SMTP, served
from waypost.admin.checks.client_views import ClientView, PreviewOf, client_views
from waypost.admin.facade import Admin
from waypost.admin.results import Preview
from waypost.core.errors import InvalidObject, NoUsableService, ObjectNotFound
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.session import ClientUser
from waypost.formats.dns.records import Record, SrvData, TxtData

USER = ClientUser.parse("alice@example.com")
IMAP_RECORD = Record("_imaps._tcp.example.com", 3600, SrvData(0, 1, 993, "imap.example.com"))
SMTP_RECORD = Record("_submissions._tcp.example.com", 3600, SrvData(0, 1, 465, "smtp.example.com"))
NO_SERVICE = SrvData(0, 0, 0, "")


def _none(_target: str, _format: str) -> Preview:
    raise NoUsableService("there is no service")


def _constant(content_type: str, body: bytes) -> PreviewOf:
    return lambda _target, _format: Preview(content_type, body)


def views(preview: PreviewOf = _none, records: Sequence[Record] = ()) -> dict[str, ClientView]:
    return {view.key: view for view in client_views(USER, preview, records)}


def working(found: dict[str, ClientView]) -> set[str]:
    """Return the mail clients that set up an account."""
    return {key for key, view in found.items() if view.incoming is not None}


def test_sample_domain(unchanged: Admin) -> None:
    """Each client that can set up mail gets the servers of the domain, and the page says how."""
    found = {view.key: view for view in unchanged.clients("alice@example.com")}
    thunderbird = found["thunderbird"]
    assert thunderbird.incoming is not None
    assert thunderbird.outgoing is not None
    assert (thunderbird.incoming.host, thunderbird.incoming.port) == ("imap.example.com", 993)
    assert (thunderbird.outgoing.host, thunderbird.outgoing.port) == ("smtp.example.com", 465)
    assert thunderbird.source.startswith("https://autoconfig.example.com/mail/config-v1.1.xml")
    assert thunderbird.reasons == ()
    assert all(view.works or view.reasons for view in found.values() if view.is_mail)
    assert all(view.incoming is None for view in found.values() if not view.is_mail)


def test_each_client_once() -> None:
    """There is one line for each client, and none for its older versions."""
    found = client_views(USER, _none, ())
    assert [view.key for view in found] == [one.key for one in CLIENTS if not one.edition]
    assert len({view.key for view in found}) == len(found)


def test_without_an_answer() -> None:
    """If no format has an answer and no record is published, no client works, and each says why."""
    found = views()
    assert [key for key, view in found.items() if view.works] == []
    assert [key for key, view in found.items() if view.is_mail and not view.reasons] == []


def test_domain_with_one_service(admin: Admin) -> None:
    """A domain without incoming mail gives no client an account."""
    admin.put_domain("half.example", served(services=[SMTP]))
    assert [one.key for one in admin.clients("a@half.example") if one.incoming is not None] == []


def test_only_records() -> None:
    """Clients that read SRV records work with them alone, and Thunderbird does not."""
    found = working(views(records=[IMAP_RECORD, SMTP_RECORD]))
    assert found
    assert "thunderbird" not in found


def test_record_of_a_service_that_is_not_offered() -> None:
    """A record with the target `.` (RFC 2782), or with another type, is no server."""
    records = [
        Record("_imaps._tcp.example.com", 3600, NO_SERVICE),
        Record("_submissions._tcp.example.com", 3600, NO_SERVICE),
        Record("_imap._tcp.example.com", 3600, TxtData("imap.example.com")),
    ]
    assert working(views(records=records)) == set()


def test_requests_of_the_domain_alone() -> None:
    """Previews are for the user or the domain, in a known format; no other host is asked."""
    asked: set[tuple[str, str]] = set()

    def preview(target: str, preview_format: str) -> Preview:
        asked.add((target, preview_format))
        raise ObjectNotFound("no answer")

    views(preview)
    assert {target for target, _ in asked} == {"alice@example.com", "example.com"}
    assert {one for _, one in asked} == {
        "autoconfig",
        "autodiscover",
        "autodiscover-json",
        "activesync",
        "mobileconfig",
        "pacc",
    }
    assert ("example.com", "pacc") in asked
    assert ("example.com", "mobileconfig") not in asked


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/html", b"<html><body>Welcome"),
        ("text/xml", b""),
        ("text/xml", b"\xff\xfe\x00"),
        ("text/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("application/json", b"[" * 10_000),
    ],
    ids=["a page", "empty", "no UTF-8", "entities", "deep JSON"],
)
def test_unusable_documents(content_type: str, body: bytes) -> None:
    """A document that no client can read is a reason, and never an error."""
    found = views(_constant(content_type, body))
    assert working(found) == set()
    assert all(view.reasons for view in found.values() if view.is_mail)


@pytest.mark.parametrize("address", ["alice", "a@b@c", "alice@", "alice@exa mple.com", ""])
def test_bad_addresses(unchanged: Admin, address: str) -> None:
    """A text that is not an address is refused with the name of the argument."""
    with pytest.raises(InvalidObject) as caught:
        unchanged.clients(address)
    assert [path for path, _ in caught.value.mistakes] == ["address"]
