"""What the doctor can find: a code each, with what it means and what to do."""

from dataclasses import dataclass
from typing import Final

from waypost.check.fault import Fault


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault at a place.

    Attributes:
        place: a name, or a name with a port; a resolver that does not answer.
        detail: what was seen; empty where the fault says it all.
    """

    fault: Fault
    place: str
    detail: str = ""

    @property
    def link(self) -> str:
        """Where this documentation tells about it."""
        return f"docs/doctor.md#{self.fault.code}"


_LIST: Final = (
    Fault(
        "dns-silent",
        "error",
        "DNS gives no answer, so that nothing that depends on it was checked",
        "try again, or ask another resolver with --resolver; then look at the zone's name servers",
    ),
    Fault(
        "name-missing",
        "error",
        "the name has no address, and clients ask there",
        "publish it, as `waypost show dns` prints it",
    ),
    Fault(
        "name-unused",
        "note",
        "the name does not answer, and few clients ask there",
        "leave it, or publish it as well",
    ),
    Fault(
        "name-silent",
        "error",
        "nobody answers by https",
        "open port 443 there, start the web server, or correct the address in DNS",
    ),
    Fault(
        "name-tls",
        "error",
        "somebody listens, but TLS fails",
        "give the web server a site and a certificate for this name",
    ),
    Fault(
        "certificate-expired",
        "error",
        "the certificate has expired, and clients refuse it",
        "renew it, and have the server read it again",
    ),
    Fault(
        "certificate-soon",
        "warning",
        "the certificate expires within 14 days",
        "see that it is renewed, and that the server reads it again",
    ),
    Fault(
        "certificate-future",
        "error",
        "the certificate is not valid yet",
        "look at the clocks, or take the one from before",
    ),
    Fault(
        "certificate-name",
        "error",
        "the certificate is for other names, and clients refuse it",
        "get one with this name in it (`waypost hostnames` lists those of a domain)",
    ),
    Fault(
        "certificate-untrusted",
        "error",
        "nobody vouches for the certificate",
        "take one of a public authority, and send its intermediate certificates as well",
    ),
    Fault(
        "http-plain",
        "note",
        "plain http is not led to https",
        "let port 80 answer with a redirect to the same path by https",
    ),
    Fault(
        "dns-missing",
        "note",
        "a record is not there that clients without HTTP would use",
        "publish it, as `waypost show dns` prints it",
    ),
    Fault(
        "dns-missing-calendar",
        "warning",
        "Thunderbird finds calendars and address books on another host than the domain by this "
        "record alone",
        "publish it, as `waypost show dns` prints it",
    ),
    Fault(
        "dns-different",
        "warning",
        "DNS says something else than the documents do",
        "correct one of the two; some clients believe DNS alone",
    ),
    Fault(
        "srv-alias",
        "error",
        "an SRV record leads to an alias (CNAME), which RFC 2782 forbids",
        "name the host that the alias leads to",
    ),
    Fault(
        "srv-target",
        "error",
        "an SRV record leads to a host without an address",
        "correct the record, or publish the host",
    ),
    Fault(
        "pacc-digest",
        "error",
        "the digest in DNS is not that of the PACC document",
        "publish the digest that `waypost show dns` prints",
    ),
    Fault(
        "mail-none",
        "error",
        "no document names a mail server",
        "serve the domain; `waypost conformance` shows what a web server answers for it",
    ),
    Fault(
        "mail-missing",
        "error",
        "a mail server that clients are told of has no address",
        "correct its name in the configuration, or publish it",
    ),
    Fault(
        "mail-private",
        "warning",
        "a mail server has a private address, at which it was not visited",
        "publish a public address, or visit it with --allow-private where its users are all inside",
    ),
    Fault(
        "mail-silent",
        "error",
        "nobody answers at the port that clients are told of",
        "start the mail server, open the port, or correct the configuration",
    ),
    Fault(
        "mail-protocol",
        "error",
        "what answers does not speak this protocol, or not as its standard says",
        "correct the port, or TLS from the start against STARTTLS, in the configuration",
    ),
    Fault(
        "mail-tls",
        "error",
        "somebody listens, but TLS fails",
        "look at the TLS settings of the mail server, or correct the port",
    ),
    Fault(
        "mail-starttls",
        "error",
        "STARTTLS is not offered, and clients are told to use it",
        "switch it on in the mail server, or say TLS in the configuration",
    ),
    Fault(
        "mail-authentication",
        "error",
        "clients are told of a way to log in that the mail server does not offer",
        "correct the authentication in the configuration, or that of the mail server",
    ),
    Fault(
        "ispdb-different",
        "warning",
        "the public database says something else than the domain does",
        "have the database corrected with the document of `waypost export --format ispdb`",
    ),
    Fault(
        "ispdb-silent",
        "warning",
        "the public database gives no answer",
        "try again later",
    ),
)
FAULTS: Final[dict[str, Fault]] = {fault.code: fault for fault in _LIST}


def found(code: str, place: str, detail: str = "") -> Finding:
    """Make a finding of a code."""
    return Finding(FAULTS[code], place, detail)
