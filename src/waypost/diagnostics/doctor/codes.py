"""The codes of `waypost doctor`, as a table."""

from typing import Final

from waypost.diagnostics.diagnostic import Diagnostic, DiagnosticCode

_CODES_IN_ORDER: Final = (
    DiagnosticCode(
        "dns-silent",
        "error",
        "DNS does not answer, so nothing that depends on DNS was checked",
        "try again, or ask another resolver with --resolver; then check the zone's name servers",
    ),
    DiagnosticCode(
        "name-missing",
        "error",
        "the name has no address in DNS, and clients ask it",
        "publish it in DNS, as `waypost show dns` prints it",
    ),
    DiagnosticCode(
        "name-unused",
        "note",
        "the name does not answer, and few clients ask it",
        "change nothing, or publish this name too",
    ),
    DiagnosticCode(
        "name-silent",
        "error",
        "no server answers over https",
        "open port 443, start the web server, or correct the address in DNS",
    ),
    DiagnosticCode(
        "name-tls",
        "error",
        "a server accepts the connection, but TLS fails",
        "configure a site and a certificate for this name in the web server",
    ),
    DiagnosticCode(
        "certificate-expired",
        "error",
        "the certificate has expired, and clients refuse it",
        "renew it, and make the server load the new one",
    ),
    DiagnosticCode(
        "certificate-soon",
        "warning",
        "the certificate expires within 14 days",
        "check that it is renewed, and that the server loads the new one",
    ),
    DiagnosticCode(
        "certificate-future",
        "error",
        "the certificate is not valid yet, and clients refuse it",
        "check the clocks, or use the previous certificate",
    ),
    DiagnosticCode(
        "certificate-name",
        "error",
        "the certificate is for other names, and clients refuse it",
        "get a certificate that contains this name (`waypost hostnames` lists the names of a "
        "domain)",
    ),
    DiagnosticCode(
        "certificate-untrusted",
        "error",
        "the certificate chain is not trusted, and clients refuse it",
        "use a certificate of a public authority, and make the server send the intermediate "
        "certificates as well",
    ),
    DiagnosticCode(
        "http-plain",
        "note",
        "over plain http, Autodiscover does not redirect to https, as Outlook expects it",
        "pass the requests of port 80 for this name to Waypost, which redirects them, or redirect "
        "them to the same path over https",
    ),
    DiagnosticCode(
        "dns-missing",
        "note",
        "a DNS record is missing that clients without HTTP would use",
        "publish it, as `waypost show dns` prints it",
    ),
    DiagnosticCode(
        "dns-missing-calendar",
        "warning",
        "without this record, Thunderbird does not find calendars and address books that are on "
        "another host than the domain",
        "publish it, as `waypost show dns` prints it",
    ),
    DiagnosticCode(
        "dns-different",
        "warning",
        "DNS and the documents name different servers",
        "correct one of the two; some clients use only DNS",
    ),
    DiagnosticCode(
        "srv-alias",
        "error",
        "an SRV record points to an alias (CNAME), which RFC 2782 forbids",
        "make the record name the host that the alias points to",
    ),
    DiagnosticCode(
        "srv-target",
        "error",
        "an SRV record points to a host without an address",
        "correct the record, or publish an address for the host",
    ),
    DiagnosticCode(
        "pacc-digest",
        "error",
        "the digest in DNS is not the digest of the PACC document, and clients reject the document",
        "publish the digest that `waypost show dns` prints",
    ),
    DiagnosticCode(
        "mail-none",
        "error",
        "no document names a mail server",
        "configure the domain in the server; `waypost conformance` shows what a web server "
        "answers for it",
    ),
    DiagnosticCode(
        "mail-missing",
        "error",
        "a mail server that clients are configured to use has no address in DNS",
        "correct its name in the configuration, or publish it in DNS",
    ),
    DiagnosticCode(
        "mail-private",
        "warning",
        "a mail server has a private address, which was not checked",
        "publish a public address; if all its users are inside the network, allow "
        "private addresses for the check",
    ),
    DiagnosticCode(
        "mail-silent",
        "error",
        "no server answers on the port that clients are configured to use",
        "start the mail server, open the port, or correct the configuration",
    ),
    DiagnosticCode(
        "mail-protocol",
        "error",
        "the server on this port does not speak the protocol, or does not follow its standard",
        "correct the port, or the choice between TLS and STARTTLS, in the configuration",
    ),
    DiagnosticCode(
        "mail-tls",
        "error",
        "a server accepts the connection, but TLS fails",
        "check the TLS settings of the mail server, or correct the port",
    ),
    DiagnosticCode(
        "mail-starttls",
        "error",
        "the mail server does not offer STARTTLS, which clients are configured to use",
        "enable STARTTLS in the mail server, or set TLS in the configuration",
    ),
    DiagnosticCode(
        "mail-authentication",
        "error",
        "the mail server does not offer the authentication method that clients are configured to "
        "use",
        "correct the authentication in the configuration or in the mail server",
    ),
    DiagnosticCode(
        "ispdb-different",
        "warning",
        "the public database and the domain name different servers",
        "have the database corrected, with the document of `waypost export --format ispdb`",
    ),
    DiagnosticCode(
        "ispdb-silent",
        "warning",
        "the public database gives no usable answer",
        "try again later",
    ),
)
DOCTOR_CODES: Final[dict[str, DiagnosticCode]] = {code.code: code for code in _CODES_IN_ORDER}


def doctor_diagnostic(code: str, location: str, detail: str = "") -> Diagnostic:
    """Return a diagnostic of the doctor.

    Args:
        code: in the table above.
        location: a name, or a name with a port; a resolver that does not answer.
        detail: what was seen; empty if the message of the code is enough.
    """
    return Diagnostic(DOCTOR_CODES[code], location, detail)
