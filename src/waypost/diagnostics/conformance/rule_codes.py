"""The codes for rules that a server breaks, as a table."""

from typing import Final

from waypost.diagnostics.diagnostic import DiagnosticCode

_CODES_IN_ORDER: Final = (
    DiagnosticCode(
        "autoconfig",
        "error",
        "the Autoconfig document is missing, does not follow draft-ietf-mailmaint-autoconfig, or "
        "is not sent as XML",
        "correct what the finding names, and send `Content-Type: text/xml`: Thunderbird reads no "
        "other type",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "well-known",
        "warning",
        "`/.well-known/autoconfig/mail/config-v1.1.xml` at the domain itself is missing or "
        "different",
        "serve the same document there: some networks and clients use only that URL",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "no-address",
        "warning",
        "there is no answer if the URL contains no address",
        "take the domain from the Host header: K-9, KMail and Delta Chat send no address",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "capitals",
        "error",
        "an address with a domain in capital letters gets no answer (RFC 4343)",
        "ignore the case of domains",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "unserved",
        "error",
        "a domain that is not served gets a success or a server error",
        "answer 404, and an ErrorCode in Autodiscover: clients end their search at a success",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "autodiscover",
        "error",
        "Autodiscover has no settings, or does not follow the schema of Microsoft's POX pages",
        "correct what the finding names; without Autodiscover, Outlook has no automatic set-up",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "spellings",
        "warning",
        "Autodiscover does not answer at its path in other letters, such as "
        "`/Autodiscover/Autodiscover.xml`",
        "ignore the case of the path: versions of Outlook differ",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "content-types",
        "warning",
        "Autodiscover refuses a request with `charset`, or without Content-Type",
        "read the body with any Content-Type: FairEmail sends none",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "get",
        "error",
        "a GET request to Autodiscover is a success",
        "answer 405 or 404: Delta Chat ends its search at any XML",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "bad-xml",
        "warning",
        "broken XML causes a server error",
        "answer 400, or ErrorCode 600",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "entities",
        "error",
        "the XML parser expands an entity that the client defines",
        "disable that in the XML parser: an entity can read files and fill the memory",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "soap",
        "warning",
        "`/autodiscover/autodiscover.svc` is a success, or asks for a password",
        "answer 404, so that clients ask in another way",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "head",
        "warning",
        "HEAD does not work where GET works (RFC 9110 s9.3.2)",
        "allow HEAD",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "agreement",
        "error",
        "Autodiscover or the profile names a mail server, a port, TLS or a login name that "
        "Autoconfig does not name",
        "write all documents from the same data; otherwise mail works with some clients and fails "
        "with others",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "users",
        "warning",
        "a user who probably does not exist gets another kind of answer than the user of "
        "`--local-part`",
        "answer in the same way for every user of a domain; otherwise strangers can find out who "
        "has a mailbox; for this check, name a user who exists with `--local-part`",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "activesync",
        "warning",
        "an answer for ActiveSync neither follows MS-ASCMD nor is an ErrorCode",
        "answer ErrorCode 601 if there is no ActiveSync; devices fail if they get mail settings",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "json",
        "warning",
        "`autodiscover.json` contains neither `Protocol` and an https `Url` nor `ErrorCode` and "
        "`ErrorMessage`",
        "answer as Exchange does, or 404",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "profile-keys",
        "warning",
        "a key of the profile is missing, unknown or wrong by Apple's description, or the profile "
        "has another Content-Type",
        "correct what the finding names; the Content-Type is `application/x-apple-aspen-config`",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "profile",
        "warning",
        "the profile differs each time, so installing it again may add a second account",
        "derive identifiers and UUIDs from the address",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "pacc",
        "warning",
        "the PACC document does not follow the draft (revision -02, and the name that -03 changed)",
        "correct what the finding names",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "digest",
        "warning",
        "the TXT record `_ua-auto-config.` of the domain does not contain the digest of the PACC "
        "document (with `--resolver`)",
        "publish the digest that the finding names",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "services",
        "error",
        "SRV records and Autoconfig name different servers (with `--resolver`)",
        "correct one of the two",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "redirect-loop",
        "error",
        "a URL that is asked over https is redirected to itself, directly or through other URLs",
        "make the web server in front send the scheme that the client used: "
        "`proxy_set_header X-Forwarded-Proto $scheme;` in nginx (Waypost's guide has a complete "
        "example)",
        detail_is_complete=True,
    ),
    DiagnosticCode(
        "statuses",
        "error",
        "a request was answered with 401 or 5xx",
        "do not ask for a password, and check the server's log",
        detail_is_complete=True,
    ),
)
RULE_CODES: Final[dict[str, DiagnosticCode]] = {code.code: code for code in _CODES_IN_ORDER}
"""The codes by the key of the rule."""
