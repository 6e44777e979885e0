"""Checks of the mail servers that documents name: addresses, ports, TLS and login methods."""

import ssl
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from waypost.core.address import EmailAddress
from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.comparison.answers import (
    Answer,
    AnsweredService,
    AnswerFormat,
    read_answer,
)
from waypost.diagnostics.conformance.schema_probes import LABELS
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
from waypost.net.failures import failure_reason, tls_reason

SERVERS_MAX: Final = 20
OFFERED_MAX_CHARS: Final = 200


class _Speaks(Protocol):
    def __call__(self, connection: MailConnection, *, upgrades: bool) -> set[str]: ...


_SPEAK: Final[dict[str, _Speaks]] = {
    "imap": capabilities.methods_of_imap,
    "pop3": capabilities.methods_of_pop3,
    "smtp": capabilities.methods_of_smtp,
    "managesieve": capabilities.methods_of_sieve,
}
SPOKEN: Final = frozenset(_SPEAK)
# The draft's names of login methods, and their SASL names; a name that ends with "-" is a family.
_MEANS: Final = {
    "password-cleartext": ("PLAIN", "LOGIN", capabilities.LOGIN_COMMAND, capabilities.USER_COMMAND),
    "password-encrypted": ("CRAM-", "DIGEST-", "SCRAM-", "APOP"),
    "GSSAPI": ("GSSAPI", "GSS-"),
    "NTLM": ("NTLM",),
    "OAuth2": ("XOAUTH2", "OAUTHBEARER"),
}


def autoconfig_of(context: DoctorContext) -> ServerAnswer:
    """Return the document at autoconfig.D, or else at D."""
    first = context.target.get_autoconfig()
    if first.is_success:
        return first
    query = urls.address_query(context.target.address)
    second = context.target.follow(urls.well_known(context.domain, "https", query))
    return second if second.is_success else first


@dataclass(frozen=True, slots=True)
class ServerOffers:
    """The mail servers that documents name.

    Attributes:
        unknown: why a document could not be requested; empty if every request was sent.
    """

    held: tuple[AnsweredService, ...]
    unknown: str


def offers_of(context: DoctorContext) -> ServerOffers:
    """Return the mail servers of Autoconfig, and those that only Autodiscover names."""
    address = EmailAddress.parse(context.target.address)
    autoconfig = autoconfig_of(context)
    autodiscover = context.target.post(urls.pox_body(context.target.address))

    def read(form: AnswerFormat, response: ServerAnswer) -> Answer:
        return read_answer(form, response.status, response.body, address)

    answers = read("autoconfig", autoconfig), read("autodiscover", autodiscover)
    held: dict[tuple[str, str, int], AnsweredService] = {}
    for answer in answers:
        for offer in answer.offers:
            if offer.kind in SPOKEN and offer.place and offer.port:
                held.setdefault((offer.kind, offer.place, offer.port), offer)
    unknown = next((one.reason for one in (autoconfig, autodiscover) if one.is_unknown), "")
    return ServerOffers(tuple(held.values())[:SERVERS_MAX], unknown)


def offers_by_dns(context: DoctorContext) -> list[AnsweredService]:
    """Return the mail servers that SRV records name, for a domain without documents."""
    held: list[AnsweredService] = []
    for label, kind, is_tls in LABELS:
        with suppress(NamesUnavailable):
            held += [
                AnsweredService(kind, record.data, record.port, "tls" if is_tls else "starttls")
                for record in context.records(DnsLookup("SRV", f"{label}._tcp.{context.domain}"))
                if record.data and record.port
            ]
    return held[:SERVERS_MAX]


@dataclass(frozen=True, slots=True)
class MailResult:
    """The result of checking a mail server, in one protocol on one port.

    Attributes:
        is_good: the server works on at least one of its addresses.
        methods: the login methods that it offers there.
        unknown: why it was not checked; empty if it was.
    """

    findings: tuple[Diagnostic, ...] = ()
    is_good: bool = False
    methods: frozenset[str] = frozenset()
    unknown: str = ""


def place_of(offer: AnsweredService) -> str:
    """Return the name of a mail server for findings."""
    return f"{offer.kind} {offer.place}:{offer.port}"


def mail_findings(context: DoctorContext, offer: AnsweredService) -> tuple[Diagnostic, ...]:
    """Return what is wrong with one mail server."""
    return mail_result(context, offer).findings


def mail_result(context: DoctorContext, offer: AnsweredService) -> MailResult:
    """Check one mail server on each of its addresses."""
    place = place_of(offer)
    try:
        held = context.addresses(offer.place)
    except NamesUnavailable as error:
        return MailResult(unknown=f"{error}")
    if not held:
        return MailResult((doctor_diagnostic("mail-missing", place, "no A or AAAA record"),))
    findings: list[Diagnostic] = []
    methods: set[str] | None = None
    unknown = TIME_OVER
    for address in held:
        if refusal := context.target.http.mail_refusal(offer.place, address):
            findings.append(doctor_diagnostic("mail-private", place, refusal))
            continue
        seconds = context.seconds_left()
        if not seconds:
            break
        seen = _at(context, offer, address, seconds)
        if seen is None:
            unknown = f"{offer.place}: this machine has no IPv6"
            continue
        findings += seen[0]
        if seen[1] is not None:
            methods = seen[1] if methods is None else methods & seen[1]
    if methods is not None:
        findings += _missing(offer, place, methods)
        return MailResult(tuple(dict.fromkeys(findings)), True, frozenset(methods))
    return MailResult(tuple(findings), unknown="" if findings else unknown)


def _at(
    context: DoctorContext, offer: AnsweredService, address: str, seconds: float
) -> tuple[list[Diagnostic], set[str] | None] | None:
    """Return findings and login methods at one address; None if this machine has no route to it."""
    place = place_of(offer)
    try:
        with MailConnection(address, offer.port, offer.place, context.tls_context, seconds) as talk:
            if offer.security == "tls":
                talk.start_tls()
            upgrades = offer.security == "starttls"
            methods = _SPEAK[offer.kind](talk, upgrades=upgrades)
            return list(certificates.expiring(place, talk.connected)), methods
    except (OSError, NoStartTls, ProtocolError) as error:
        if isinstance(error, OSError) and certificates.has_no_way(address, error):
            return None
        return [_failure(place, f"at {address}", error)], None


def _failure(place: str, at: str, error: OSError | NoStartTls | ProtocolError) -> Diagnostic:
    match error:
        case ssl.SSLCertVerificationError():
            return certificates.refused(place, error)
        case ssl.SSLError():
            return doctor_diagnostic("mail-tls", place, f"{at}: {tls_reason(error)}")
        case NoStartTls():
            return doctor_diagnostic("mail-starttls", place, f"{at}: {error}")
        case ProtocolError():
            return doctor_diagnostic("mail-protocol", place, f"{at}: {error}")
    return doctor_diagnostic("mail-silent", place, f"{at}: {failure_reason(error)}")


def _missing(offer: AnsweredService, place: str, methods: set[str]) -> Iterator[Diagnostic]:
    for wanted in offer.methods:
        if not offers_method(methods, wanted):
            yield lacking(place, wanted, methods)


def lacking(place: str, wanted: str, methods: Collection[str]) -> Diagnostic:
    """Return the finding for a login method that a mail server does not offer."""
    offered = " ".join(sorted(methods)) or "nothing"
    if len(offered) > OFFERED_MAX_CHARS:
        offered = f"{offered[:OFFERED_MAX_CHARS]}…"
    return doctor_diagnostic(
        "mail-authentication", place, f"no {wanted}; the server offers {offered}"
    )


def offers_method(methods: Collection[str], wanted: str) -> bool:
    """Return whether one of these SASL methods is the method that the draft names."""
    names = _MEANS.get(wanted, ())
    families = tuple(name for name in names if name.endswith("-"))
    return not names or any(one in names or one.startswith(families) for one in methods)
