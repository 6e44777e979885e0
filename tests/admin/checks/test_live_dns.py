"""Which records of a domain are published now, asked of a resolver that is made up here."""

import pytest
from dns.message import from_wire, make_response
from dns.rdatatype import to_text
from dns.rrset import from_text

from tests.diagnostics.resolvers import Script, name_server, resolver
from waypost.admin.checks.live_dns import LiveRecord, LiveState, live_records
from waypost.formats.dns.records import CnameData, Record, RecordData, SrvData, TxtData

NAME = "autoconfig.example.com"
HOST = CnameData("Setup.example.net")
SERVER = SrvData(0, 1, 993, "IMAP.example.com")
TEXT = TxtData("v=mailconf1; https://example.com")
Zone = dict[str, list[str]]

STATES: list[tuple[RecordData, Zone, LiveState, tuple[str, ...]]] = [
    # what should be published, what DNS has, the state, what is shown
    (HOST, {"CNAME": ["setup.example.net."]}, "published", ()),
    (HOST, {"CNAME": ["SETUP.example.NET."]}, "published", ()),
    (HOST, {"CNAME": ["old.example.net."]}, "different", ("old.example.net",)),
    (HOST, {"A": ["192.0.2.1"], "AAAA": ["2001:db8::1"]}, "different", ("192.0.2.1",)),
    (HOST, {"AAAA": ["2001:db8::1"]}, "different", ("2001:db8::1",)),
    (HOST, {"TXT": ['"x"']}, "missing", ()),
    (SERVER, {"SRV": ["0 1 993 imap.example.com."]}, "published", ()),
    (SERVER, {"SRV": ["0 1 143 old.test.", "0 1 993 imap.example.com."]}, "published", ()),
    (SERVER, {"SRV": ["0 1 143 imap.example.com."]}, "different", ("0 1 143 imap.example.com.",)),
    (SERVER, {"SRV": ["5 1 993 imap.example.com."]}, "different", ("5 1 993 imap.example.com.",)),
    (SERVER, {"SRV": ["0 0 0 ."]}, "different", ("0 0 0 .",)),
    (SERVER, {}, "missing", ()),
    (TEXT, {"TXT": ['"v=mailconf1; " "https://example.com"']}, "published", ()),
    (TEXT, {"TXT": ['"other"', '"v=mailconf1; https://example.com"']}, "published", ()),
    (
        TEXT,
        {"TXT": ['"V=mailconf1; https://example.com"']},
        "different",
        ("V=mailconf1; https://example.com",),
    ),
    (TEXT, {"CNAME": []}, "missing", ()),
]


def look_up(data: RecordData, zone: Zone) -> LiveRecord:
    """Return what is said about a record, if DNS has these records of its name."""

    def reply(query: bytes) -> bytes:
        answer = make_response(from_wire(query))
        kind = to_text(answer.question[0].rdtype)
        if texts := zone.get(kind):
            answer.answer.append(from_text(answer.question[0].name, 60, "IN", kind, *texts))
        return answer.to_wire()

    with name_server(reply) as port:
        (found,) = live_records([Record(NAME, 3600, data)], f"127.0.0.1:{port}")
    return found


@pytest.mark.parametrize(("data", "zone", "state", "shown"), STATES)
def test_states(data: RecordData, zone: Zone, state: LiveState, shown: tuple[str, ...]) -> None:
    """A record is published, different or missing; letters of hosts have no case, texts have."""
    found = look_up(data, zone)
    assert (found.state, found.found) == (state, shown)
    assert (found.name, found.type) == (NAME, data.type)


@pytest.mark.parametrize("script", [Script.SERVFAIL, Script.REFUSED])
def test_resolver_without_an_answer(script: Script) -> None:
    """A resolver that fails shows nothing about a record: it does not count as missing."""
    with resolver(script) as port:
        records = [Record(NAME, 3600, one) for one in (HOST, SERVER, TEXT)]
        found = list(live_records(records, f"127.0.0.1:{port}"))
    assert [one.state for one in found] == ["unknown"] * 3


def test_name_that_does_not_exist() -> None:
    """A name that DNS does not have is missing."""
    with resolver(Script.NXDOMAIN) as port:
        (found,) = live_records([Record(NAME, 3600, HOST)], f"127.0.0.1:{port}")
    assert found.state == "missing"


@pytest.mark.parametrize("server", ["ns.example", "192.0.2.1:0", ""])
def test_no_resolver(server: str) -> None:
    """Without a resolver that can be used, each record is listed, in the state unknown."""
    found = list(live_records([Record(NAME, 3600, SERVER)], server))
    assert found == [LiveRecord(NAME, "SRV", "0 1 993 IMAP.example.com.", "unknown")]
