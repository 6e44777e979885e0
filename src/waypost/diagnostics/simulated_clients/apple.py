"""Apple Mail on iOS and macOS: a profile that its user opens [doc].

Not recorded: the signer. A signed profile is read as the property list inside it.
"""

from collections.abc import Mapping
from typing import Any, Final

from waypost.core import clients
from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients import documents
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    ServerSecurity,
    UnusableDocument,
    describe,
    follow_redirects,
    require,
)
from waypost.diagnostics.simulated_clients.urls import address_query
from waypost.parsing import property_list

CONTENT_TYPE: Final = "application/x-apple-aspen-config"
PROFILE_PATH: Final = "/mobileconfig/"
_COMMON: Final = ("PayloadIdentifier", "PayloadUUID", "PayloadType", "PayloadVersion")
_METHODS: Final = {
    "EmailAuthPassword": "password-cleartext",
    "EmailAuthCRAMMD5": "password-encrypted",
    "EmailAuthHTTPMD5": "http-digest",
    "EmailAuthNTLM": "NTLM",
    "EmailAuthNone": "none",
}
# [know] There is one switch for both kinds of TLS, and these ports start without TLS.
_STARTTLS_PORTS: Final = frozenset({25, 110, 143, 587})
_DEFAULT_PORTS: Final = {
    ("imap", True): 993,
    ("imap", False): 143,
    ("pop3", True): 995,
    ("pop3", False): 110,
    ("smtp", True): 587,
    ("smtp", False): 25,
}


def profile_request(address: EmailAddress, typed: str = "") -> ClientRequest:
    """Return a GET of a profile.

    Args:
        address: the address of the profile.
        typed: the same address exactly as typed, if that differs.
    """
    host = f"autoconfig.{address.domain.ascii}"
    return ClientRequest("GET", "https", host, PROFILE_PATH, address_query(typed or f"{address}"))


def search(user: ClientUser) -> ClientSession:
    """Open the profile's URL in Safari and install the answer."""
    request = profile_request(user.address, user.typed_address)
    response = yield from follow_redirects(request)
    if not response.is_success:
        return Outcome(reasons=(f"{request.url}: {describe(response)}",))
    try:
        kind = response.content_type.partition(";")[0].strip().lower()
        require(
            kind == CONTENT_TYPE,
            f"Content-Type is {kind[:60]!r}, so Safari does not install the profile",
        )
        return Outcome(read_account(response.body), source=request.url)
    except UnusableDocument as error:
        return Outcome(reasons=(f"{request.url}: {error}",))


def read_account(body: bytes) -> Account:
    """Return the account of the first mail payload of a profile.

    Raises:
        UnusableDocument: the body is no profile, or a payload lacks a key that Apple demands.
    """
    profile = _plist(_unsigned(body))
    _require_keys(profile, *_COMMON, "PayloadContent")
    if profile["PayloadType"] != "Configuration":
        raise UnusableDocument("PayloadType is not Configuration")
    payloads = profile["PayloadContent"]
    if not isinstance(payloads, list) or not all(isinstance(payload, dict) for payload in payloads):
        raise UnusableDocument("PayloadContent is not an array of dictionaries")
    for payload in payloads:
        _require_keys(payload, *_COMMON)
    mail = [payload for payload in payloads if payload["PayloadType"] == "com.apple.mail.managed"]
    if not mail:
        raise UnusableDocument("there is no payload com.apple.mail.managed")
    kinds = {"EmailTypeIMAP": "imap", "EmailTypePOP": "pop3"}
    kind = kinds.get(str(mail[0].get("EmailAccountType")))
    if kind is None:
        raise UnusableDocument("EmailAccountType is neither EmailTypeIMAP nor EmailTypePOP")
    return Account(_server(mail[0], "Incoming", kind), _server(mail[0], "Outgoing", "smtp"))


def _unsigned(body: bytes) -> bytes:
    """Return the property list inside signed data (DER begins with a SEQUENCE)."""
    if not body.startswith(b"\x30"):
        return body
    from waypost.parsing import cms  # noqa: PLC0415 -- its library is large

    try:
        return cms.content_of(body)
    except cms.CmsError as error:
        raise UnusableDocument(f"cannot read the signature: {error}") from error


def _plist(body: bytes) -> dict[str, Any]:
    if len(body) > documents.DOCUMENT_MAX_BYTES:
        raise UnusableDocument(f"the profile is longer than {documents.DOCUMENT_MAX_BYTES} bytes")
    if b"<!ENTITY" in body:
        raise UnusableDocument("the profile defines entities")
    try:
        profile = property_list.parse(body)
    except property_list.NotAPropertyList as error:
        raise UnusableDocument("the answer is not a property list") from error
    if not isinstance(profile, dict):
        raise UnusableDocument("the answer is not a profile")
    return profile


def _require_keys(payload: Mapping[str, Any], *keys: str) -> None:
    missing = [key for key in keys if key not in payload]
    if missing:
        raise UnusableDocument(f"{', '.join(missing)} missing")


def _server(payload: Mapping[str, Any], direction: str, kind: str) -> MailServer:
    prefix = f"{direction}MailServer"
    _require_keys(payload, f"{prefix}HostName", f"{prefix}Authentication")
    method = _METHODS.get(str(payload[f"{prefix}Authentication"]))
    if method is None:
        raise UnusableDocument(f"{prefix}Authentication has an unknown value")
    is_protected = payload.get(f"{prefix}UseSSL") is True
    number = payload.get(f"{prefix}PortNumber", _DEFAULT_PORTS[kind, is_protected])
    if type(number) is not int:
        raise UnusableDocument(f"{prefix}PortNumber is not an integer")
    port = documents.parse_port(str(number))
    protected: ServerSecurity = "starttls" if port in _STARTTLS_PORTS else "tls"
    security: ServerSecurity = protected if is_protected else "none"
    host, login = str(payload[f"{prefix}HostName"]), str(payload.get(f"{prefix}Username", ""))
    return MailServer(kind, host.lower(), port, security, method, login)


APPLE_MAIL: Final = SimulatedClient(
    client=clients.APPLE_MAIL,
    version="iOS, macOS; Apple's schemas b6202ca2",
    date="2026-11",
    basis="doc",
    search=search,
    order=(
        (
            "it sends no request itself: the user opens "
            "`https://autoconfig.D/mobileconfig/?emailaddress=E` in Safari and installs the profile"
        ),
    ),
    notes=(
        (
            "A profile with the same identifier replaces the old profile; a profile with another "
            "identifier adds a second account."
        ),
        "iOS installs a profile only when it is opened in Safari.",
        "There is one switch for TLS; on ports 25, 110, 143 and 587 it means STARTTLS.",
        "It does not replace placeholders.",
    ),
    needs="a profile at /mobileconfig/",
)
