"""What is wrong if a server breaks a rule, as codes. docs/conformance.md has the same table."""

from typing import Final

from waypost.check.fault import Fault

_LIST: Final = (
    Fault(
        "autoconfig",
        "error",
        "the Autoconfig document is missing, breaks draft-ietf-mailmaint-autoconfig, or is not "
        "sent as XML",
        "correct what is named, and send `Content-Type: text/xml`: Thunderbird reads no other",
    ),
    Fault(
        "well-known",
        "warning",
        "`/.well-known/autoconfig/mail/config-v1.1.xml` at the bare domain is missing or different",
        "serve the same document there: some networks and clients see that URL alone",
    ),
    Fault(
        "no-address",
        "warning",
        "there is no answer if the URL has no address",
        "take the domain from Host: K-9, KMail and Delta Chat send no address",
    ),
    Fault(
        "capitals",
        "error",
        "an address with a domain in capital letters gets no answer (RFC 4343)",
        "compare domains without their case",
    ),
    Fault(
        "unserved",
        "error",
        "a domain that is not served gets a success, or an error of the server",
        "answer 404, and an ErrorCode by Autodiscover: clients end their search with a success",
    ),
    Fault(
        "autodiscover",
        "error",
        "Autodiscover has no settings, or breaks the schema of Microsoft's POX pages",
        "correct what is named; without Autodiscover Outlook has no automatic set-up",
    ),
    Fault(
        "spellings",
        "warning",
        "Autodiscover's path is unknown in other letters, as `/Autodiscover/Autodiscover.xml`",
        "take the path in any case: Outlook's versions differ",
    ),
    Fault(
        "content-types",
        "warning",
        "Autodiscover refuses a request with `charset`, or without Content-Type",
        "read the body whatever the header says: FairEmail sends none",
    ),
    Fault(
        "get",
        "error",
        "a GET of Autodiscover is a success",
        "answer 405 or 404: Delta Chat ends its search with any XML",
    ),
    Fault(
        "bad-xml",
        "warning",
        "broken XML is an error of the server",
        "answer 400, or ErrorCode 600",
    ),
    Fault(
        "entities",
        "error",
        "the XML parser expands an entity that the client defines",
        "turn that off in the XML parser: it reads files and fills the memory",
    ),
    Fault(
        "soap",
        "warning",
        "`/autodiscover/autodiscover.svc` is a success, or demands a password",
        "answer 404, so that clients ask in another way",
    ),
    Fault(
        "head",
        "warning",
        "HEAD does not work where GET does (RFC 9110 s9.3.2)",
        "allow HEAD",
    ),
    Fault(
        "agreement",
        "error",
        "Autodiscover or the profile names a mail server, a port, TLS or a login name that "
        "Autoconfig does not",
        "write all documents from the same data: else it depends on the client if mail works",
    ),
    Fault(
        "users",
        "warning",
        "a user who hardly exists gets another kind of answer than the user of `--address`",
        "answer for every user of a domain alike, else strangers can find out who has a mailbox; "
        "name a user who exists with `--address` to have this looked at",
    ),
    Fault(
        "activesync",
        "warning",
        "an answer for ActiveSync is neither MS-ASCMD nor an ErrorCode",
        "answer ErrorCode 601 if there is no ActiveSync; mail settings make devices fail",
    ),
    Fault(
        "json",
        "warning",
        "`autodiscover.json` has neither `Protocol` and an https `Url` nor `ErrorCode` and "
        "`ErrorMessage`",
        "answer as Exchange does, or 404",
    ),
    Fault(
        "profile-keys",
        "warning",
        "a key of the profile is missing, unknown or wrong by Apple's description, or it is not "
        "sent as a profile",
        "correct what is named; Content-Type is `application/x-apple-aspen-config`",
    ),
    Fault(
        "profile",
        "warning",
        "the profile differs each time, so that a second one adds a second account",
        "let identifiers and UUIDs follow from the address",
    ),
    Fault(
        "pacc",
        "warning",
        "the PACC document breaks the draft (revision -02, and the name that -03 changed)",
        "correct what is named",
    ),
    Fault(
        "digest",
        "warning",
        "the TXT record `_ua-auto-config.` of the domain has not the digest of the PACC document "
        "(with `--resolver`)",
        "publish the digest that is named",
    ),
    Fault(
        "services",
        "error",
        "SRV records and Autoconfig name different servers (with `--resolver`)",
        "correct one of the two",
    ),
    Fault(
        "redirect-loop",
        "error",
        "a URL that is asked by https is redirected to itself, or by others to itself",
        "make the web server in front send the scheme that the client used: "
        "`proxy_set_header X-Forwarded-Proto $scheme;` in nginx (for Waypost: "
        "`docs/guide.md`, section 5)",
    ),
    Fault(
        "statuses",
        "error",
        "a request was answered by 401 or by a 5xx",
        "demand no password, and look into the server's log",
    ),
)
RULE_FAULTS: Final[dict[str, Fault]] = {fault.code: fault for fault in _LIST}
"""By the key of the rule."""
