"""The faults that the doctor can find, each with a code."""

from dataclasses import dataclass
from typing import Final

from waypost.diagnostics.fault import Fault


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """A fault at a place.

    Attributes:
        place: a name, or a name with a port; a resolver that does not answer.
        detail: what was seen; empty if the message of the fault is enough.
    """

    fault: Fault
    place: str
    detail: str = ""

    @property
    def link(self) -> str:
        """Return the link to the description of the fault."""
        return f"docs/doctor.md#{self.fault.code}"


_LIST: Final = (
    Fault(
        "dns-silent",
        "error",
        "DNS does not answer, so nothing that depends on DNS was checked",
        "try again, or ask another resolver with --resolver; then check the zone's name servers",
    ),
    Fault(
        "name-missing",
        "error",
        "the name has no address in DNS, and clients ask it",
        "publish it in DNS, as `waypost show dns` prints it",
    ),
    Fault(
        "name-unused",
        "note",
        "the name does not answer, and few clients ask it",
        "change nothing, or publish this name too",
    ),
    Fault(
        "name-silent",
        "error",
        "no server answers over https",
        "open port 443, start the web server, or correct the address in DNS",
    ),
    Fault(
        "name-tls",
        "error",
        "a server accepts the connection, but TLS fails",
        "configure a site and a certificate for this name in the web server",
    ),
    Fault(
        "certificate-expired",
        "error",
        "the certificate has expired, and clients refuse it",
        "renew it, and make the server load the new one",
    ),
    Fault(
        "certificate-soon",
        "warning",
        "the certificate expires within 14 days",
        "check that it is renewed, and that the server loads the new one",
    ),
    Fault(
        "certificate-future",
        "error",
        "the certificate is not valid yet, and clients refuse it",
        "check the clocks, or use the previous certificate",
    ),
    Fault(
        "certificate-name",
        "error",
        "the certificate is for other names, and clients refuse it",
        "get a certificate that contains this name (`waypost hostnames` lists the names of a "
        "domain)",
    ),
    Fault(
        "certificate-untrusted",
        "error",
        "the certificate chain is not trusted, and clients refuse it",
        "use a certificate of a public authority, and make the server send the intermediate "
        "certificates as well",
    ),
    Fault(
        "http-plain",
        "note",
        "plain http does not redirect to https",
        "make port 80 redirect to the same path over https",
    ),
    Fault(
        "dns-missing",
        "note",
        "a DNS record is missing that clients without HTTP would use",
        "publish it, as `waypost show dns` prints it",
    ),
    Fault(
        "dns-missing-calendar",
        "warning",
        "without this record, Thunderbird does not find calendars and address books that are on "
        "another host than the domain",
        "publish it, as `waypost show dns` prints it",
    ),
    Fault(
        "dns-different",
        "warning",
        "DNS and the documents name different servers",
        "correct one of the two; some clients use only DNS",
    ),
    Fault(
        "srv-alias",
        "error",
        "an SRV record points to an alias (CNAME), which RFC 2782 forbids",
        "make the record name the host that the alias points to",
    ),
    Fault(
        "srv-target",
        "error",
        "an SRV record points to a host without an address",
        "correct the record, or publish an address for the host",
    ),
    Fault(
        "pacc-digest",
        "error",
        "the digest in DNS is not the digest of the PACC document, and clients reject the document",
        "publish the digest that `waypost show dns` prints",
    ),
    Fault(
        "mail-none",
        "error",
        "no document names a mail server",
        "configure the domain in the server; `waypost conformance` shows what a web server "
        "answers for it",
    ),
    Fault(
        "mail-missing",
        "error",
        "a mail server that clients are configured to use has no address in DNS",
        "correct its name in the configuration, or publish it in DNS",
    ),
    Fault(
        "mail-private",
        "warning",
        "a mail server has a private address, which was not checked",
        "publish a public address; if all its users are inside the network, check it with "
        "--allow-private",
    ),
    Fault(
        "mail-silent",
        "error",
        "no server answers on the port that clients are configured to use",
        "start the mail server, open the port, or correct the configuration",
    ),
    Fault(
        "mail-protocol",
        "error",
        "the server on this port does not speak the protocol, or does not follow its standard",
        "correct the port, or the choice between TLS and STARTTLS, in the configuration",
    ),
    Fault(
        "mail-tls",
        "error",
        "a server accepts the connection, but TLS fails",
        "check the TLS settings of the mail server, or correct the port",
    ),
    Fault(
        "mail-starttls",
        "error",
        "the mail server does not offer STARTTLS, which clients are configured to use",
        "enable STARTTLS in the mail server, or set TLS in the configuration",
    ),
    Fault(
        "mail-authentication",
        "error",
        "the mail server does not offer the authentication method that clients are configured to "
        "use",
        "correct the authentication in the configuration or in the mail server",
    ),
    Fault(
        "ispdb-different",
        "warning",
        "the public database and the domain name different servers",
        "have the database corrected, with the document of `waypost export --format ispdb`",
    ),
    Fault(
        "ispdb-silent",
        "warning",
        "the public database gives no usable answer",
        "try again later",
    ),
)
FAULTS: Final[dict[str, Fault]] = {fault.code: fault for fault in _LIST}


def doctor_finding(code: str, place: str, detail: str = "") -> DoctorFinding:
    """Return a finding for a code."""
    return DoctorFinding(FAULTS[code], place, detail)
