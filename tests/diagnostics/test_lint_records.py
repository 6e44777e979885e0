"""The linter against recorded clients, for many offers: no failure is without a finding."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache

import pytest

from tests.clients.published import resolver, zone_of
from tests.clients.recorded import run_clients
from tests.golden.cases import Case, cases
from tests.making import ALICE, EXAMPLE_COM, domain, host_service, url_service
from waypost.core.address import EmailAddress
from waypost.core.errors import DomainNotServed, NoUsableService
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    Authentication,
    AuthenticationSystem,
    Format,
    HostEndpoint,
    Service,
)
from waypost.diagnostics.lint.linter import lint
from waypost.diagnostics.simulated_clients import CLAWS_MAIL, CLIENTS, DAVX5
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    Outcome,
    ServerAnswer,
    run_session,
)
from waypost.formats import autoconfig
from waypost.formats.password_methods import accepts_password
from waypost.lookup.lookup import client_config
from waypost.web.public.handlers.autoconfig import FOR_WHOLE_DOMAIN

# Delta Chat tries one service after the other, himalaya asks the server for its methods.
TRYING = frozenset({"delta-chat", "himalaya"})
# It does not escape the "&" of that address; it refuses U-labels before it asks.
FOR_THE_ADDRESS = {("markup", "nextcloud-mail"), ("idn-domain", "thunderbird")}
READERS = [
    client for client in CLIENTS if client.client.reads is Format.AUTOCONFIG and not client.edition
]
SHOWN = {client.key: client.client.shown for client in READERS}
SCRAM = Authentication("SCRAM-SHA-256", AuthenticationSystem.SASL)
METHODS: list[tuple[Authentication, ...]] = [
    *((one,) for one in (PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, OAUTH2, GSSAPI, NTLM, SCRAM)),
    *((one,) for one in (TLS_CLIENT_CERT, CLIENT_IP_ADDRESS, NO_AUTHENTICATION)),
    *((OAUTH2, PASSWORD_CLEARTEXT), (PASSWORD_CLEARTEXT, OAUTH2), (SCRAM, PASSWORD_CLEARTEXT)),
    *((PASSWORD_CLEARTEXT, GSSAPI), (PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED)),
]
HOSTS = ["192.0.2.1", "2001:db8::1", "%EMAILLOCALPART%.example.com", "xn--bcher-kva.example"]
LOGINS = ["%EMAILLOCALPART%", "X\\%EMAILLOCALPART%", "fixed", None]
IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com")
JMAP = url_service("jmap", "https://jmap.example.com/")
JMAP_FIRST = url_service("jmap", "https://jmap.example.com/", priority=1)
POP3 = host_service("pop3", "pop.example.com")
POP3_OPEN = host_service("pop3", "pop.example.com", 110, "none")
POP3_ASKING = host_service("pop3", "pop.example.com", login_name=None)
SMTP_FIRST = host_service("smtp", authentication=(NTLM,), priority=1)
POP3_FIRST = host_service("pop3", "pop.example.com", priority=1)


@cache
def offers() -> tuple[tuple[Service, ...], ...]:
    """Return the services of many providers."""
    return tuple(map(tuple, _offers()))


def _offers() -> Iterator[Sequence[Service]]:
    """Yield the services of many providers: each list of methods, alone and with another one."""
    for methods in METHODS:
        reading = host_service(authentication=methods)
        sending = host_service("smtp", "smtp.example.com", authentication=methods)
        yield [reading, SMTP]
        yield [IMAP, sending]
        for others in METHODS:
            yield [
                reading,
                host_service(port=143, security="starttls", authentication=others),
                SMTP,
            ]
            yield [IMAP, sending, host_service("smtp", port=587, authentication=others)]
    for security in ("starttls", "none"):
        open_imap = host_service(port=143, security=security)
        yield from ([open_imap, SMTP], [IMAP, open_imap, SMTP])
        yield [IMAP, host_service("smtp", "smtp.example.com", 587, security)]
    for host in HOSTS:
        yield from ([host_service(host=host), SMTP], [IMAP, host_service("smtp", host)])
    for login in LOGINS:
        yield [host_service(login_name=login), SMTP]
        yield [IMAP, host_service("smtp", "smtp.example.com", login_name=login)]
    yield from ([JMAP], [JMAP, IMAP], [JMAP, SMTP], [JMAP, POP3, SMTP], [JMAP_FIRST, IMAP, SMTP])
    yield from ([POP3, SMTP], [IMAP, POP3_FIRST, SMTP], [IMAP, POP3, SMTP], [IMAP], [SMTP])
    for kind in ("jmap", "ews", "activesync", "graph", "caldav"):
        yield [IMAP, SMTP, url_service(kind, f"https://{kind}.example.com/")]
    for methods in METHODS:
        yield [IMAP, SMTP, host_service("pop3", authentication=methods)]
    yield from ([IMAP, SMTP, POP3_OPEN], [IMAP, SMTP, POP3_ASKING])
    diagnostics = [JMAP, POP3_OPEN, host_service(authentication=(GSSAPI,), priority=1), SMTP_FIRST]
    for service in (*diagnostics, IMAP, SMTP):
        for form in Format:
            yield [IMAP, SMTP, replace(service, formats=frozenset({form}))]
            only = [one for one in (IMAP, SMTP) if one.type is not service.type]
            yield [*only, replace(service, formats=frozenset({form}))]


@cache
def clients_in_findings(services: tuple[Service, ...]) -> frozenset[str]:
    """Return the clients of the findings for these services."""
    return frozenset(client.shown for found in lint(None, services) for client in found.clients)


@cache
def record(services: tuple[Service, ...], address: EmailAddress | None) -> bytes:
    """Return the record of a provider with these services; empty if there is none."""
    entry = domain("example.com", *services)
    try:
        return autoconfig.render(client_config(entry, EXAMPLE_COM, address))
    except NoUsableService:
        return b""


def ends(client: SimulatedClient, services: tuple[Service, ...]) -> Outcome:
    """Return what a client finds at a Waypost with these services, by Autoconfig only."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.method != "GET" or not request.path.endswith(".xml"):
            return NO_ANSWER
        is_for_all = request.path == FOR_WHOLE_DOMAIN
        address = ALICE if "emailaddress" in request.query and not is_for_all else None
        body = record(services, address)
        return ServerAnswer(200, autoconfig.CONTENT_TYPE, body=body) if body else ServerAnswer(404)

    return run_session(client.search(ClientUser.parse(f"{ALICE}")), answer).outcome


def sends_a_password_in_vain(outcome: Outcome, services: Sequence[Service]) -> bool:
    """Return whether a client without methods ends with a service that accepts no password."""
    account = outcome.account
    for server in (account.incoming, account.outgoing) if account else ():
        for service in services:
            at = service.endpoint
            is_it = isinstance(at, HostEndpoint) and (service.type, at.port) == (
                server.kind,
                server.port,
            )
            if is_it and not server.method and OAUTH2 in service.authentication:
                return not accepts_password(service)
    return False


@pytest.mark.parametrize("client", READERS, ids=lambda client: client.key)
def test_clients_that_fail_have_a_finding(client: SimulatedClient) -> None:
    """If a record ends with no account, or an unusable one, a finding names that client."""
    silent, failures = [], 0
    for services in offers():
        outcome = ends(client, services)
        in_vain = bool(outcome.warnings)
        if client.key not in TRYING:
            in_vain = in_vain or sends_a_password_in_vain(outcome, services)
        if outcome.account is not None and not in_vain:
            continue
        failures += 1
        if client.client.shown not in clients_in_findings(services):
            silent.append((services, outcome))

    assert silent == []
    assert failures > 5


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_golden_answers(case: Case) -> None:
    """For each golden case, a finding names each client that ends without an account."""
    try:
        config = case.config()
    except DomainNotServed:
        return
    findings = lint(config.provider, config.services)
    named = {client.shown for found in findings for client in found.clients}
    silent = []
    for key, transcript in run_clients(READERS, case.name).items():
        outcome = transcript.outcome
        if (case.name, key) in FOR_THE_ADDRESS:
            assert outcome.account is None
        elif (outcome.account is None or outcome.warnings) and SHOWN[key] not in named:
            silent.append((key, outcome))
    assert silent == []


DAV_URLS = [
    # a URL of CalDAV, whether DAVx5 finds it by the records that Waypost publishes
    ("https://dav.example.com/", True),
    ("https://dav.example.com:8443/dav/%EMAILADDRESS%/", True),
    ("https://%EMAILDOMAIN%/dav/", True),
    ("http://dav.example.com/", False),
    ("https://%EMAILLOCALPART%.example.com/", False),
]


@pytest.mark.parametrize(("url", "is_found"), DAV_URLS)
def test_davx5_failures_have_a_finding(url: str, is_found: bool) -> None:
    """If DAVx5 does not find its calendars by the records of a domain, a finding names it."""
    services = [IMAP, SMTP, url_service(url=url)]
    entry = domain("example.com", *services)
    zone = zone_of(client_config(entry, EXAMPLE_COM, None))

    def answer(request: ClientRequest) -> ServerAnswer:
        is_there = request.host.partition(":")[0] in {"dav.example.com", "example.com"}
        return ServerAnswer(401 if is_there and "/dav" in request.url else 404)

    transcript = run_session(DAVX5.search(ClientUser.parse(f"{ALICE}")), answer, resolver(zone))
    assert (
        any(place.startswith("caldav ") for place in transcript.outcome.other_services) == is_found
    )
    assert ("DAVx5" in clients_in_findings(tuple(services))) != is_found


def test_claws_mail_failures_have_a_finding_or_no_port_587() -> None:
    """If Claws Mail finds no IMAP and SMTP by records, 587 is missing, or a finding names it."""
    for services in offers():
        entry = domain("example.com", *services)
        try:
            zone = zone_of(client_config(entry, EXAMPLE_COM, None))
        except NoUsableService:
            continue
        session = CLAWS_MAIL.search(ClientUser.parse(f"{ALICE}"))
        outcome = run_session(session, lambda _: NO_ANSWER, resolver(zone)).outcome
        # docs/lint.md says why that is no finding.
        has_587 = any(
            record.data for record in zone.get(("SRV", "_submission._tcp.example.com"), ())
        )
        assert (
            outcome.account is not None
            or not has_587
            or "Claws Mail" in clients_in_findings(services)
        )
