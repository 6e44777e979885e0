"""The checks of one domain and one mail server, with resolvers that are made up here."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dns.message import from_wire, make_response
from dns.rrset import from_text

from tests.diagnostics.resolvers import Script, name_server, resolver
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.doctor.open_context import CheckOptions
from waypost.formats.dns import Record, SrvData
from waypost.monitor.checks import Checker, ServedDomain
from waypost.monitor.results import CheckResult


@contextmanager
def checker(script: Script) -> Iterator[Checker]:
    """Yield a checker whose resolver gives every query the same answer."""
    with resolver(script) as port:
        context = ssl.create_default_context()
        yield Checker(CheckOptions(("127.0.0.1", port), context, 0.3, 5.0))


def codes(result: CheckResult) -> set[tuple[str, str]]:
    return {(finding.code, f"{finding.location}") for finding in result.findings}


def test_domain_without_names() -> None:
    """Missing names and records are found; a missing document is not reported then as well."""
    record = Record("_imaps._tcp.a.example", 3600, SrvData(0, 1, 993, "imap.a.example"))
    own = ParsedService("smtp", "smtp.a.example", 587, "starttls")
    with checker(Script.NXDOMAIN) as checks:
        result = checks.check(ServedDomain("a.example", [record], [own]))
    assert (result.kind, result.name, result.is_complete) == ("domain", "a.example", True)
    assert codes(result) == {
        ("name-missing", "autoconfig.a.example"),
        ("name-missing", "autodiscover.a.example"),
        ("name-unused", "ua-auto-config.a.example"),
        ("name-unused", "a.example"),
        ("dns-missing", "_imaps._tcp.a.example"),
        ("mail-missing", "smtp smtp.a.example:587"),
    }


def test_mail_server_without_a_name() -> None:
    """A mail server is checked by its own name."""
    with checker(Script.NXDOMAIN) as checks:
        result = checks.check(ParsedService("imap", "imap.a.example", 993, "tls"))
    assert (result.kind, result.name) == ("host", "imap imap.a.example:993 tls")
    assert codes(result) == {("mail-missing", "imap imap.a.example:993")}


@pytest.mark.parametrize(
    ("script", "is_answering"),
    [(Script.REFUSED, True), (Script.NXDOMAIN, True), (Script.HANGING, False)],
)
def test_resolver(script: Script, *, is_answering: bool) -> None:
    """A refusal is an answer; without any, the resolver is what is wrong."""
    with checker(script) as checks:
        result = checks.check_resolver()
    assert bool(result.findings) != is_answering


def test_zone_that_is_not_answered() -> None:
    """The result is not complete, and no name counts as missing."""
    with checker(Script.SERVFAIL) as checks:
        result = checks.check(ServedDomain("a.example", ()))
    assert not result.is_complete
    assert {code for code, _ in codes(result)} == {"dns-silent"}


def test_web_server_that_does_not_answer_is_not_asked_for_each_domain() -> None:
    """An address that does not answer for one domain is not asked for others, for a minute."""
    seconds = [0.0]

    def reply(query: bytes) -> bytes:
        answer = make_response(from_wire(query))
        name = answer.question[0].name
        if answer.question[0].rdtype == 1:
            answer.answer.append(from_text(name, 60, "IN", "A", "127.0.0.99"))
        return answer.to_wire()

    with name_server(reply) as port:
        options = CheckOptions(("127.0.0.1", port), ssl.create_default_context(), 0.3, 5.0)
        checks = Checker(options, clock=lambda: seconds[0])
        first = checks.check(ServedDomain("a.example", ()))
        known = checks._failed_addresses.current()  # noqa: SLF001 -- nothing else shows it
        assert list(known) == ["127.0.0.99"]
        assert ("name-silent", "autoconfig.a.example:443") in codes(first)
        known["127.0.0.99"] = "as another domain has shown"
        second = checks.check(ServedDomain("b.example", ()))
        assert {f.detail for f in second.findings if f.code == "name-silent"} == {
            "at 127.0.0.99: as another domain has shown"
        }
        seconds[0] += 61
        assert checks._failed_addresses.current() == {}  # noqa: SLF001
