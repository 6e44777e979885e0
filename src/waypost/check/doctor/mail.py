"""The mail servers that the documents name: addresses, ports, TLS, and the ways to log in."""

import ssl
from collections.abc import Iterator
from typing import Final, Protocol

from waypost.address import EmailAddress
from waypost.check.answers import Answer, AnswerFormat, Offer, read_answer
from waypost.check.doctor import certificates, talking
from waypost.check.doctor.faults import Finding, found
from waypost.check.doctor.talking import Broken, NoStartTls, Talk
from waypost.check.doctor.visit import Visit
from waypost.check.recorded import urls
from waypost.check.recorded.conversation import Response
from waypost.check.recorded.names import Lookup
from waypost.check.schema_probes import LABELS

SERVERS_MAX: Final = 20


class _Speaks(Protocol):
    def __call__(self, talk: Talk, *, upgrades: bool) -> set[str]: ...


_SPEAK: Final[dict[str, _Speaks]] = {
    "imap": talking.methods_of_imap,
    "pop3": talking.methods_of_pop3,
    "smtp": talking.methods_of_smtp,
    "managesieve": talking.methods_of_sieve,
}
# The draft's words for ways to log in, and what SASL calls them; with "-" at the end a family.
_MEANS: Final = {
    "password-cleartext": ("PLAIN", "LOGIN", talking.LOGIN_COMMAND, talking.USER_COMMAND),
    "password-encrypted": ("CRAM-", "DIGEST-", "SCRAM-", "APOP"),
    "GSSAPI": ("GSSAPI", "GSS-"),
    "NTLM": ("NTLM",),
    "OAuth2": ("XOAUTH2", "OAUTHBEARER"),
}


def autoconfig_of(visit: Visit) -> Response:
    """Ask for the document at autoconfig.D, else at D."""
    first = visit.asked.autoconfig()
    if first.is_success:
        return first
    query = urls.encoded(visit.asked.address)
    second = visit.asked.follow(urls.well_known(visit.domain, "https", query))
    return second if second.is_success else first


def offers_of(visit: Visit) -> list[Offer]:
    """Give the mail servers of Autoconfig, and those that Autodiscover alone names."""
    address = EmailAddress.parse(visit.asked.address)
    autodiscover = visit.asked.post(urls.pox_body(visit.asked.address))

    def read(form: AnswerFormat, response: Response) -> Answer:
        return read_answer(form, response.status, response.body, address)

    answers = read("autoconfig", autoconfig_of(visit)), read("autodiscover", autodiscover)
    held: dict[tuple[str, str, int], Offer] = {}
    for answer in answers:
        for offer in answer.offers:
            if offer.kind in _SPEAK and offer.place and offer.port:
                held.setdefault((offer.kind, offer.place, offer.port), offer)
    return list(held.values())[:SERVERS_MAX]


def offers_by_dns(visit: Visit) -> list[Offer]:
    """Give the mail servers that service records name, where no document does."""
    return [
        Offer(kind, record.data, record.port, "tls" if is_tls else "starttls")
        for label, kind, is_tls in LABELS
        for record in visit.records(Lookup("SRV", f"{label}._tcp.{visit.domain}"))
        if record.data and record.port
    ][:SERVERS_MAX]


def mail_findings(visit: Visit, offer: Offer) -> Iterator[Finding]:
    """Look at one mail server, at each of its addresses."""
    place = f"{offer.kind} {offer.place}:{offer.port}"
    held = visit.addresses(offer.place)
    if not held:
        yield found("mail-missing", place, "no A or AAAA record")
    for address in held:
        seconds = visit.seconds()
        if seconds:
            yield from _at(visit, offer, place, address, seconds)


def _at(visit: Visit, offer: Offer, place: str, address: str, seconds: float) -> list[Finding]:
    findings: list[Finding] = []
    try:
        with Talk(address, offer.port, offer.place, visit.context, seconds) as talk:
            if offer.security == "tls":
                talk.start_tls()
            upgrades = offer.security == "starttls"
            methods = _SPEAK[offer.kind](talk, upgrades=upgrades)
            findings += certificates.expiring(place, talk.connected)
        findings += _missing(offer, place, methods)
    except ssl.SSLCertVerificationError as error:
        findings.append(certificates.refused(place, error))
    except ssl.SSLError as error:
        reason = error.reason or "the connection was closed"
        findings.append(found("mail-tls", place, f"at {address}: {reason}"))
    except NoStartTls as error:
        findings.append(found("mail-starttls", place, f"at {address}: {error}"))
    except Broken as error:
        findings.append(found("mail-protocol", place, f"at {address}: {error}"))
    except OSError as error:
        if not certificates.has_no_way(address, error):
            findings.append(found("mail-silent", place, f"at {address}: {type(error).__name__}"))
    return findings


def _missing(offer: Offer, place: str, methods: set[str]) -> Iterator[Finding]:
    for wanted in offer.methods:
        names = _MEANS.get(wanted, ())
        families = tuple(name for name in names if name.endswith("-"))
        is_offered = any(one in names or one.startswith(families) for one in methods)
        if names and not is_offered:
            offered = " ".join(sorted(methods)) or "nothing"
            yield found("mail-authentication", place, f"{wanted}; it offers {offered}")
