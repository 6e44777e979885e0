"""Checks of the mail servers that documents name: addresses, ports, TLS and login methods."""

import socket
import ssl
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from waypost.core.address import EmailAddress
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.comparison.answers import (
    Answer,
    AnswerFormat,
    ParsedService,
    read_answer,
)
from waypost.diagnostics.conformance.schema_probes import SRV_LABELS
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor import certificates
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.session import ServerAnswer
from waypost.diagnostics.transports.http_client import TIME_OVER
from waypost.net import capabilities
from waypost.net.capabilities import MailConnection, NoStartTls, ProtocolError
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason, tls_reason

SERVERS_MAX: Final = 20
METHODS_MAX_CHARS: Final = 200


class _MethodReader(Protocol):
    def __call__(self, connection: MailConnection, *, upgrades: bool) -> set[str]: ...


_METHOD_READERS: Final[dict[str, _MethodReader]] = {
    "imap": capabilities.methods_of_imap,
    "pop3": capabilities.methods_of_pop3,
    "smtp": capabilities.methods_of_smtp,
    "managesieve": capabilities.methods_of_sieve,
}
SUPPORTED_PROTOCOLS: Final = frozenset(_METHOD_READERS)
# The draft's names of login methods, and their SASL names; a name that ends with "-" is a family.
_SASL_NAMES: Final = {
    "password-cleartext": ("PLAIN", "LOGIN", capabilities.LOGIN_COMMAND, capabilities.USER_COMMAND),
    "password-encrypted": ("CRAM-", "DIGEST-", "SCRAM-", "APOP"),
    "GSSAPI": ("GSSAPI", "GSS-"),
    "NTLM": ("NTLM",),
    "OAuth2": ("XOAUTH2", "OAUTHBEARER"),
}


def fetch_autoconfig(context: DoctorContext) -> ServerAnswer:
    """Return the document at autoconfig.D, or else at D."""
    first = context.target.get_autoconfig()
    if first.is_success:
        return first
    query = urls.address_query(context.target.address)
    second = context.target.send_following_redirects(
        urls.well_known(context.domain, "https", query)
    )
    return second if second.is_success else first


@dataclass(frozen=True, slots=True)
class ServicesOfDocuments:
    """The mail servers that documents name.

    Attributes:
        unknown_reason: why a document could not be requested; empty if every request was sent.
    """

    services: tuple[ParsedService, ...]
    unknown_reason: str


def services_of_documents(context: DoctorContext) -> ServicesOfDocuments:
    """Return the mail servers of Autoconfig, and those that only Autodiscover names."""
    address = EmailAddress.parse(context.target.address)
    autoconfig = fetch_autoconfig(context)
    autodiscover = context.target.post_autodiscover(urls.autodiscover_body(context.target.address))

    def parse_answer(answer_format: AnswerFormat, response: ServerAnswer) -> Answer:
        return read_answer(answer_format, response.status, response.body, address)

    answers = parse_answer("autoconfig", autoconfig), parse_answer("autodiscover", autodiscover)
    services: dict[tuple[str, str, int], ParsedService] = {}
    for answer in answers:
        for service in answer.services:
            if service.kind in SUPPORTED_PROTOCOLS and service.host_or_url and service.port:
                services.setdefault((service.kind, service.host_or_url, service.port), service)
    unknown = next(
        (response.reason for response in (autoconfig, autodiscover) if response.is_unknown), ""
    )
    return ServicesOfDocuments(tuple(services.values())[:SERVERS_MAX], unknown)


def services_of_srv_records(context: DoctorContext) -> list[ParsedService]:
    """Return the mail servers that SRV records name, for a domain without documents."""
    services: list[ParsedService] = []
    for label, kind, is_tls in SRV_LABELS:
        with suppress(NamesUnavailable):
            services += [
                ParsedService(kind, record.data, record.port, "tls" if is_tls else "starttls")
                for record in context.records(DnsLookup("SRV", f"{label}._tcp.{context.domain}"))
                if record.data and record.port
            ]
    return services[:SERVERS_MAX]


@dataclass(frozen=True, slots=True)
class MailResult:
    """The result of checking a mail server, in one protocol on one port.

    Attributes:
        is_working: the server works on at least one of its addresses.
        methods: the login methods that it offers there.
        unknown_reason: why it was not checked; empty if it was.
    """

    findings: tuple[Diagnostic, ...] = ()
    is_working: bool = False
    methods: frozenset[str] = frozenset()
    unknown_reason: str = ""


def describe_service(service: ParsedService) -> str:
    """Return the name of a mail server for findings."""
    return f"{service.kind} {service.host_or_url}:{service.port}"


def mail_server_findings(context: DoctorContext, service: ParsedService) -> tuple[Diagnostic, ...]:
    """Return what is wrong with one mail server."""
    return check_mail_server(context, service).findings


def check_mail_server(context: DoctorContext, service: ParsedService) -> MailResult:
    """Check one mail server on each of its addresses."""
    location = describe_service(service)
    try:
        addresses = context.resolve_addresses(service.host_or_url)
    except NamesUnavailable as error:
        return MailResult(unknown_reason=f"{error}")
    if not addresses:
        return MailResult((doctor_diagnostic("mail-missing", location, "no A or AAAA record"),))
    findings: list[Diagnostic] = []
    methods: set[str] | None = None
    unknown = TIME_OVER
    for address in addresses:
        if refusal := context.target.http.mail_refusal(service.host_or_url, address):
            findings.append(doctor_diagnostic("mail-private", location, refusal))
            continue
        seconds = context.seconds_left()
        if not seconds:
            break
        address_result = _check_address(context, service, address, seconds)
        if address_result is None:
            unknown = f"{service.host_or_url}: this machine has no IPv6"
            continue
        findings += address_result[0]
        if address_result[1] is not None:
            methods = address_result[1] if methods is None else methods & address_result[1]
    if methods is not None:
        findings += _missing_methods(service, location, methods)
        return MailResult(tuple(dict.fromkeys(findings)), True, frozenset(methods))
    return MailResult(tuple(findings), unknown_reason="" if findings else unknown)


def _check_address(
    context: DoctorContext, service: ParsedService, address: str, seconds: float
) -> tuple[list[Diagnostic], set[str] | None] | None:
    """Return findings and login methods at one address; None if this machine has no route to it."""
    location = describe_service(service)
    try:
        deadline = Deadline(seconds)
        sock = socket.create_connection((address, service.port), deadline.wait())
        with MailConnection(
            sock, service.host_or_url, context.tls_context, deadline.left()
        ) as connection:
            if service.security == "tls":
                connection.start_tls()
            upgrades = service.security == "starttls"
            methods = _METHOD_READERS[service.kind](connection, upgrades=upgrades)
            expiring = certificates.expiring_certificate(
                location, connection.sock, context.certificate_ends
            )
            return list(expiring), methods
    except (OSError, NoStartTls, ProtocolError) as error:
        if isinstance(error, OSError) and certificates.is_ipv6_unreachable(address, error):
            return None
        return [_failure_finding(location, f"at {address}", error)], None


def _failure_finding(
    location: str, at: str, error: OSError | NoStartTls | ProtocolError
) -> Diagnostic:
    match error:
        case ssl.SSLCertVerificationError():
            return certificates.rejected_certificate(location, error)
        case ssl.SSLError():
            return doctor_diagnostic("mail-tls", location, f"{at}: {tls_reason(error)}")
        case NoStartTls():
            return doctor_diagnostic("mail-starttls", location, f"{at}: {error}")
        case ProtocolError():
            return doctor_diagnostic("mail-protocol", location, f"{at}: {error}")
    return doctor_diagnostic("mail-silent", location, f"{at}: {failure_reason(error)}")


def _missing_methods(
    service: ParsedService, location: str, methods: set[str]
) -> Iterator[Diagnostic]:
    for method in service.methods:
        if not supports_method(methods, method):
            yield missing_method_diagnostic(location, method, methods)


def missing_method_diagnostic(location: str, method: str, methods: Collection[str]) -> Diagnostic:
    """Return the finding for a login method that a mail server does not offer."""
    method_list = " ".join(sorted(methods)) or "nothing"
    if len(method_list) > METHODS_MAX_CHARS:
        method_list = f"{method_list[:METHODS_MAX_CHARS]}…"
    return doctor_diagnostic(
        "mail-authentication", location, f"no {method}; the server offers {method_list}"
    )


def supports_method(methods: Collection[str], method: str) -> bool:
    """Return whether one of these SASL methods is the method that the draft names."""
    names = _SASL_NAMES.get(method, ())
    families = tuple(name for name in names if name.endswith("-"))
    return not names or any(method in names or method.startswith(families) for method in methods)
