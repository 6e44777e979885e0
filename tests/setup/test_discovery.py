"""The mail servers of a domain, from its documents, the public database and DNS."""

from collections.abc import Mapping

import pytest

from tests.net.test_capabilities import IMAP, IMAP_PLAIN, server
from waypost.core.address import DomainName
from waypost.core.errors import DomainError, NamesUnavailable
from waypost.core.model import (
    PASSWORD_CLEARTEXT,
    Domain,
    DomainPattern,
    HostEndpoint,
    Provider,
    Security,
    Service,
    ServiceType,
)
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest, ServerAnswer
from waypost.diagnostics.transports.http_client import ExchangeLimits, HttpClient
from waypost.diagnostics.transports.resolving_transport import ResolvingTransport
from waypost.setup.discovery import discover
from waypost.setup.probing import check_services
from waypost.setup.search import SERVICES_MAX, Discovery

DOMAIN = "example.com"
DATABASE = "https://ispdb.example/v1.1"
DOCUMENT = """<clientConfig version="1.1"><emailProvider id="x"><domain>other.example</domain>
<displayName>{name}</displayName>
<incomingServer type="imap"><hostname>imap.hoster.example</hostname><port>993</port>
<socketType>SSL</socketType><authentication>password-cleartext</authentication>
<username>{login}</username></incomingServer>{smtp}</emailProvider></clientConfig>"""
SMTP = """<outgoingServer type="smtp"><hostname>smtp.hoster.example</hostname><port>587</port>
<socketType>STARTTLS</socketType><authentication>password-cleartext</authentication>
<username>%EMAILADDRESS%</username></outgoingServer>"""
GOOD = DOCUMENT.format(name="Hoster", login="%EMAILADDRESS%", smtp=SMTP)
AUTOCONFIG = "https://autoconfig.example.com/mail/config-v1.1.xml"
HTTP_AUTOCONFIG = "http://autoconfig.example.com/mail/config-v1.1.xml"
HTTP_WELL_KNOWN = "http://example.com/.well-known/autoconfig/mail/config-v1.1.xml"
NS = {DnsLookup("NS", DOMAIN): (DnsAnswer("ns.example.com"),)}
MX = {DnsLookup("MX", DOMAIN): (DnsAnswer("mx1.mail.hoster.example", 10),)}
SRV = {
    DnsLookup("SRV", f"_imaps._tcp.{DOMAIN}"): (DnsAnswer("imap.example.com", 0, 1, 993),),
    DnsLookup("SRV", f"_submission._tcp.{DOMAIN}"): (DnsAnswer("smtp.example.com", 0, 1, 587),),
}
Records = Mapping[DnsLookup, tuple[DnsAnswer, ...]]


class Answers(HttpClient):
    """Answers by URL, without the query; every other URL has no server."""

    def __init__(self, answers: Mapping[str, ServerAnswer], records: Records) -> None:
        transport = ResolvingTransport(lambda lookup: records.get(lookup, ()), frozenset())
        super().__init__(transport, ExchangeLimits(timeout_seconds=5, total_seconds=60))
        self._answers = answers
        self.asked: list[str] = []

    def send(self, request: ClientRequest) -> ServerAnswer:
        """Return the answer of the table."""
        url = f"{request.scheme}://{request.host}{request.path}"
        self.asked.append(url)
        if url in self._answers:
            return self._answers[url]
        return ServerAnswer(404 if url.startswith(DATABASE) else 0)


def context_of(
    records: Records, answers: Mapping[str, str | bytes | ServerAnswer] | None = None
) -> DoctorContext:
    """Return the context of a domain with these records and documents."""
    by_url = {url: _answer(content) for url, content in (answers or {}).items()}

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        return records.get(lookup, ())

    http = Answers(by_url, records)
    return DoctorContext(ConformanceTarget(http, "alice", DOMAIN, "x.invalid", resolve), [])


def _answer(content: str | bytes | ServerAnswer) -> ServerAnswer:
    if isinstance(content, ServerAnswer):
        return content
    body = content.encode() if isinstance(content, str) else content
    return ServerAnswer(200, "text/xml", body=body)


def search(context: DoctorContext, *given: Service, name: str = "") -> Discovery:
    return discover(context, DomainName(DOMAIN), given=given, name=name, database=DATABASE)


def endpoints(found: Discovery) -> list[str]:
    """Return the services, one text each."""
    return [
        f"{service.type} {service.endpoint.host}:{service.endpoint.port}"
        for service in found.domain.services
        if isinstance(service.endpoint, HostEndpoint)
    ]


HOSTED = ["imap imap.hoster.example:993", "smtp smtp.hoster.example:587"]
OWN = ["imap imap.example.com:993", "smtp smtp.example.com:587"]
SOURCES = [
    # records, documents, services, sources
    (NS, {AUTOCONFIG: GOOD}, HOSTED, ["the Autoconfig document of example.com"]),
    (NS, {HTTP_AUTOCONFIG: GOOD}, HOSTED, ["the Autoconfig document of example.com (by http)"]),
    (NS, {HTTP_WELL_KNOWN: GOOD}, HOSTED, ["the Autoconfig document of example.com (by http)"]),
    (NS, {f"{DATABASE}/{DOMAIN}": GOOD}, HOSTED, ["the public database, for example.com"]),
    (MX, {f"{DATABASE}/hoster.example": GOOD}, HOSTED, ["the public database, for hoster.example"]),
    (
        MX,
        {f"{DATABASE}/mail.hoster.example": GOOD},
        HOSTED,
        ["the public database, for mail.hoster.example"],
    ),
    (SRV, {}, OWN, ["the SRV records of example.com"]),
    (NS, {}, [], []),
    # The document is preferred, and SRV records add what it lacks.
    (
        NS | SRV,
        {AUTOCONFIG: DOCUMENT.format(name="x", login="%EMAILADDRESS%", smtp="")},
        [HOSTED[0], OWN[1]],
        ["the Autoconfig document of example.com", "the SRV records of example.com"],
    ),
    # A target of "." means that there is no such service (RFC 2782).
    (NS | {DnsLookup("SRV", f"_imaps._tcp.{DOMAIN}"): (DnsAnswer("", 0, 0, 0),)}, {}, [], []),
]


@pytest.mark.parametrize(("records", "answers", "services", "sources"), SOURCES)
def test_sources(
    records: Records, answers: dict[str, str], services: list[str], sources: list[str]
) -> None:
    """The best source that has the services is used, and it is named."""
    found = search(context_of(records, answers))
    assert endpoints(found) == services
    assert list(found.sources) == sources
    assert found.domain.pattern.text == DOMAIN


def test_named_servers_ask_nothing() -> None:
    """If the operator names both servers, no document is requested, even without DNS."""
    context = context_of({})
    given = [
        Service(kind, HostEndpoint(f"{kind}.example.net", port, security), (PASSWORD_CLEARTEXT,))
        for kind, port, security in (
            (ServiceType.IMAP, 993, Security.TLS),
            (ServiceType.SMTP, 587, Security.STARTTLS),
        )
    ]
    found = search(context, *given)
    assert endpoints(found) == ["imap imap.example.net:993", "smtp smtp.example.net:587"]
    assert isinstance(context.target.http, Answers)
    assert context.target.http.asked == []
    assert {finding.code for finding in found.findings} == {"mail-missing"}


def test_no_such_domain() -> None:
    """A domain without any record is an error that says what to correct."""
    with pytest.raises(DomainError, match=r"DNS has no domain example\.com"):
        search(context_of({}))


def test_silent_dns() -> None:
    """If DNS does not answer, the error names the domain and the resolver."""

    def resolve(_lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        raise NamesUnavailable("the resolver at 192.0.2.1 does not answer")

    http = Answers({}, {})
    context = DoctorContext(ConformanceTarget(http, "alice", DOMAIN, "x.invalid", resolve), [])
    with pytest.raises(NamesUnavailable, match=r"example\.com: .*192\.0\.2\.1 does not answer$"):
        search(context)


HOSTILE = [
    # what it is, the document, a part of the note
    ("a web page", b"<html><body>Hello</body></html>", "not the element clientConfig"),
    ("nothing", b"", "is empty"),
    ("no XML", b"\x00\xff\xfe" * 100, "not XML"),
    ("entities", b'<!DOCTYPE a [<!ENTITY a "aaaa">]><clientConfig/>', "document type definition"),
    ("a large document", b"<clientConfig>" + b" " * (2 * 1024 * 1024), "is larger than"),
    (
        "no usable server",
        DOCUMENT.replace("imap.hoster.example", "a b\x7f&lt;").format(name="x", login="y", smtp=""),
        "no incoming mail service",
    ),
]


@pytest.mark.parametrize(
    ("document", "note"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_hostile_document(document: str | bytes, note: str) -> None:
    """A document that cannot be used is a note, and the next source is used."""
    found = search(context_of(NS | SRV, {AUTOCONFIG: document}))
    assert endpoints(found) == OWN
    assert any(note in line for line in found.notes), found.notes
    assert all(line.isprintable() for line in found.notes)


def test_login_name_of_one_user() -> None:
    """A document with one login name for all users gives them their addresses, with a note."""
    document = DOCUMENT.format(name="x", login="bob", smtp=SMTP)
    found = search(context_of(NS, {AUTOCONFIG: document}))
    assert {service.login_name for service in found.domain.services} == {"%EMAILADDRESS%"}
    assert any("'bob'" in note for note in found.notes)


def test_login_name_of_the_asked_user() -> None:
    """A document that was made for the asked address is generalized."""
    document = DOCUMENT.format(name="x", login="alice@example.com", smtp=SMTP)
    found = search(context_of(NS, {AUTOCONFIG: document}))
    assert {service.login_name for service in found.domain.services} == {"%EMAILADDRESS%"}


NAMES = [
    # --name, the name in the document, the name of the provider
    ("", "Hoster", "Hoster"),
    ("Ours", "Hoster", "Ours"),
    ("", "", "x"),
]


@pytest.mark.parametrize(("given", "published", "name"), NAMES)
def test_name_of_the_provider(given: str, published: str, name: str) -> None:
    """The operator's name is preferred to that of the document."""
    document = DOCUMENT.format(name=published, login="%EMAILADDRESS%", smtp=SMTP)
    found = search(context_of(NS, {AUTOCONFIG: document}), name=given)
    assert found.domain.provider.name == name


def test_host_in_the_domain() -> None:
    """A host below the domain is written with its name, so that it can be checked."""
    document = GOOD.replace("imap.hoster.example", f"imap.{DOMAIN}")
    found = search(context_of(NS, {AUTOCONFIG: document}))
    assert endpoints(found) == [f"imap imap.{DOMAIN}:993", "smtp smtp.hoster.example:587"]
    assert "mail-missing" in {finding.code for finding in found.findings}


def test_null_mx() -> None:
    """A domain that receives no mail is a note (RFC 7505)."""
    found = search(context_of({DnsLookup("MX", DOMAIN): (DnsAnswer(""),)}))
    assert any("RFC 7505" in note for note in found.notes)
    assert found.missing == "no incoming and no outgoing mail service"


def test_hostile_srv_target() -> None:
    """A target that is no host name is a note, and no server."""
    records = {DnsLookup("SRV", f"_imaps._tcp.{DOMAIN}"): (DnsAnswer("a..b\\027", 0, 1, 993),)}
    found = search(context_of(NS | records))
    assert endpoints(found) == []
    assert any("empty label" in note for note in found.notes)


def test_hostile_mail_exchanger() -> None:
    """An MX host with characters of URLs is no part of a request to the public database."""
    host = DnsAnswer("mx.evil/../../?a.example")
    context = context_of({DnsLookup("MX", DOMAIN): (host, DnsAnswer("mx.a\x1b[2J.example", 1))})
    search(context)
    assert isinstance(context.target.http, Answers)
    asked = [url for url in context.target.http.asked if url.startswith(DATABASE)]
    assert asked == [f"{DATABASE}/{DOMAIN}"]


def test_document_with_many_servers() -> None:
    """Of a document with very many servers, the first ones are used and checked."""
    many = "".join(SMTP.replace("smtp.", f"smtp{number}.") for number in range(500))
    document = DOCUMENT.format(name="x", login="%EMAILADDRESS%", smtp=many)
    context = context_of(NS, {AUTOCONFIG: document})
    found = search(context)
    assert len(found.domain.services) == SERVICES_MAX
    assert len(found.findings) == SERVICES_MAX
    assert any("has 501 services" in note for note in found.notes)


def test_checked_server() -> None:
    """A server that the operator names is checked by its own protocol."""
    records = {DnsLookup("A", "here.example"): (DnsAnswer("127.0.0.1"),)}
    with server([IMAP, IMAP_PLAIN]) as port:
        endpoint = HostEndpoint("here.example", port, Security.NONE)
        service = Service(ServiceType.IMAP, endpoint, (PASSWORD_CLEARTEXT,))
        assert check_services(context_of(records), [service]) == ()


def test_services_of_another_domain_of_the_operator() -> None:
    """A domain gets the services of another one with the same MX host, with its own name."""
    mx = DnsAnswer("mx.operator.example", 10)
    others = {
        DnsLookup("MX", "first.example"): (mx,),
        DnsLookup("MX", "far.example"): (DnsAnswer("mx.far.example", 10),),
    }
    methods = (PASSWORD_CLEARTEXT,)
    services = (
        Service(ServiceType.IMAP, HostEndpoint("imap.%EMAILDOMAIN%", 993, Security.TLS), methods),
        Service(
            ServiceType.SMTP, HostEndpoint("smtp.operator.example", 465, Security.TLS), methods
        ),
    )
    known = [
        Domain(DomainPattern(name), Provider("Operator", "Operator"), services)
        for name in ("*.example", "far.example", "first.example")
    ]
    context = context_of({DnsLookup("MX", DOMAIN): (mx,)} | others)
    found = discover(context, DomainName(DOMAIN), find_others=lambda _hosts: known)
    assert endpoints(found) == ["imap imap.example.com:993", "smtp smtp.operator.example:465"]
    assert found.domain.provider.name == "Operator"
    assert found.sources == (
        "the services of first.example, which has the same MX host mx.operator.example",
    )


def test_services_of_two_other_domains() -> None:
    """A domain gets no services of a second domain if the first one lacks some."""
    methods = (PASSWORD_CLEARTEXT,)
    known = [
        Domain(
            DomainPattern(name),
            Provider(name, name),
            (Service(kind, HostEndpoint(f"mail.{name}", port, Security.TLS), methods),),
        )
        for name, kind, port in (
            ("first.example", ServiceType.IMAP, 993),
            ("second.example", ServiceType.SMTP, 465),
        )
    ]
    mx = (DnsAnswer("mx.operator.example", 10),)
    context = context_of(
        {DnsLookup("MX", name): mx for name in (DOMAIN, "first.example", "second.example")}
    )
    found = discover(context, DomainName(DOMAIN), find_others=lambda _hosts: known)
    assert endpoints(found) == ["imap mail.first.example:993"]


MX_AND_OTHERS = [
    # MX host of the new domain, the operator's domain, its host, its MX host, why it fits
    ("MX.First.Example", "first.example", "imap.a.example", "x.example", "which the MX host "),
    ("mx.first.example", "first.example", "imap.a.example", "", "mx.first.example is in"),
    ("a.example", "other.example", "a.example", "", "which has services at the MX host a.example"),
    ("a.example", "other.example", "b.example", "a.example", "has the same MX host a.example"),
    ("a.example", "other.example", "A.Example", "", "which has services at the MX host a.example"),
    ("A.example", "other.example", "b.example", "a.EXAMPLE", "has the same MX host a.example"),
    ("a.example", "other.example", "b.example", "b.example", None),
    ("mx.a.example", "example", "b.example", "", None),
]


@pytest.mark.parametrize(("exchanger", "name", "host", "other_exchanger", "why"), MX_AND_OTHERS)
def test_relation_to_another_domain(
    exchanger: str, name: str, host: str, other_exchanger: str, why: str | None
) -> None:
    """Another domain fits by its name, by the host of a service, or by its own MX host."""
    service = Service(
        ServiceType.IMAP, HostEndpoint(host, 993, Security.TLS), (PASSWORD_CLEARTEXT,)
    )
    other = Domain(DomainPattern(name), Provider("Operator", "Operator"), (service,))
    context = context_of(
        {
            DnsLookup("MX", DOMAIN): (DnsAnswer(exchanger, 10),),
            DnsLookup("MX", name): (DnsAnswer(other_exchanger, 10),),
        }
    )
    found = discover(context, DomainName(DOMAIN), find_others=lambda _hosts: [other])
    assert (endpoints(found) == [f"imap {host}:993"]) is (why is not None)
    assert [(why or "") in source for source in found.sources] == [True] * (why is not None)


def test_verdict_of_each_service() -> None:
    """Each service has the result of its check, also one that could not be checked."""
    records = NS | {DnsLookup("A", "here.example"): (DnsAnswer("127.0.0.1"),)}
    with server([IMAP, IMAP_PLAIN]) as port:
        hosts = (("here.example", port), ("gone.example", 993), ("x.%EMAILDOMAIN%", 993))
        given = [
            Service(
                ServiceType.IMAP, HostEndpoint(host, number, Security.NONE), (PASSWORD_CLEARTEXT,)
            )
            for host, number in hosts
        ]
        found = search(context_of(records), *given)
    assert [(check.place, check.state) for check in found.checks] == [
        (f"imap here.example:{port}", "works"),
        ("imap gone.example:993", "fails"),
        ("imap x.%EMAILDOMAIN%:993", "unknown"),
    ]
    assert "PLAIN" in found.checks[0].detail
    assert found.checks[2].detail


def test_document_that_cannot_be_fetched() -> None:
    """A document whose server cannot be reached is a note, if the server has an address."""
    records = NS | {DnsLookup("A", "autoconfig.example.com"): (DnsAnswer("192.0.2.1"),)}
    found = search(context_of(records))
    assert [line.partition(":")[0] for line in found.notes if ".com/mail" in line] == ["https"]
    assert not [line for line in found.notes if "/.well-known/" in line]


FAILURES = [
    # why https has no answer, why http has none, how many notes
    ("port 443 at 192.0.2.1: timed out", "port 80 at 192.0.2.1: timed out", 1),
    ("port 443 at 192.0.2.1: timed out", "port 80 at 192.0.2.1: connection refused", 2),
    ("the certificate is for another host", "port 80 at 192.0.2.1: timed out", 2),
    ("", "", 1),
]


@pytest.mark.parametrize(("by_https", "by_http", "count"), FAILURES)
def test_same_failure_of_both_schemes(by_https: str, by_http: str, count: int) -> None:
    """A host that is down has one note, and one for http too if it fails for another reason."""
    records = NS | {DnsLookup("A", "autoconfig.example.com"): (DnsAnswer("192.0.2.1"),)}
    answers = {
        AUTOCONFIG: ServerAnswer(0, reason=by_https),
        HTTP_AUTOCONFIG: ServerAnswer(0, reason=by_http),
    }
    found = search(context_of(records, answers))
    schemes = [line.partition(":")[0] for line in found.notes if ".com/mail" in line]
    assert schemes == ["https", "http"][:count]


def test_document_by_http() -> None:
    """A document by http is used, with a note that it has no protection."""
    found = search(context_of(NS, {HTTP_AUTOCONFIG: GOOD}))
    assert [line for line in found.notes if "no protection against changes" in line]


def test_https_that_redirects_to_http() -> None:
    """A document that https redirects to http for is one by http, with the same note."""
    moved = ServerAnswer(302, location=HTTP_AUTOCONFIG)
    found = search(context_of(NS, {AUTOCONFIG: moved, HTTP_AUTOCONFIG: GOOD}))
    assert list(found.sources) == ["the Autoconfig document of example.com (by http)"]
    assert [line for line in found.notes if "no protection against changes" in line]
    reason = "from https to http is not followed"
    assert f"{AUTOCONFIG}: status 302 to {HTTP_AUTOCONFIG} ({reason})" in found.notes


def test_unusable_document_is_requested_once() -> None:
    """If https returns a page instead of a document, http is not asked at this host."""
    context = context_of(NS, {AUTOCONFIG: "<html/>"})
    found = search(context)
    assert isinstance(context.target.http, Answers)
    assert HTTP_AUTOCONFIG not in context.target.http.asked
    assert HTTP_WELL_KNOWN in context.target.http.asked
    assert len([line for line in found.notes if "clientConfig" in line]) == 1
