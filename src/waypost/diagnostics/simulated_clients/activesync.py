"""Devices that speak ActiveSync: how they search for their server, and how they read answers.

The order is that of Microsoft's protocol documents (MS-OXDISCO s3.1.5; "Autodiscover for Exchange
ActiveSync developers"), the answers are those of MS-ASCMD s2.2.1.1. No device was watched.
"""

import json
from collections.abc import Generator
from typing import Final

from lxml import etree

from waypost.core import clients
from waypost.core.errors import AddressError
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import look_up_srv
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ClientSession,
    ClientUser,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    UnusableDocument,
    describe,
)
from waypost.diagnostics.simulated_clients.url_search import follow_address_redirects

# MS-OXDSCLI sets no limit; Microsoft's pages on redirects say ten.
REDIRECTS_MAX: Final = 10


def search(user: ClientUser) -> ClientSession:
    """Search, and search again for each address that an answer redirects to."""
    return (yield from follow_address_redirects(_search_address, user, REDIRECTS_MAX))


def _search_address(
    user: ClientUser, reasons: list[str]
) -> Generator[RequestOrLookup, ServerAnswer, Outcome | ClientUser]:
    """POST to D, to autodiscover.D, to the redirect of plain http, and to the host in DNS."""
    name = f"autodiscover.{user.domain}"
    for host in (user.domain, name):
        outcome = yield from _post(host, user, reasons)
        if outcome is not None:
            return outcome
    # MS-OXDISCO s3.1.5.4: a GET without a password, useful only if it is redirected.
    redirect_probe = ClientRequest("GET", "http", name, urls.AUTODISCOVER_PATH)
    response = yield redirect_probe
    target = redirect_probe.redirected_to(response.location) if response.status == 302 else None
    if target is not None and target.scheme == "https":
        outcome = yield from _post(target.host, user, reasons)
        if outcome is not None:
            return outcome
    # MS-OXDISCO s3.1.5.3.
    records = yield from look_up_srv("_autodiscover", user.domain)
    for record in records[:1]:
        outcome = yield from _post(record.data, user, reasons)
        if outcome is not None:
            return outcome
    return Outcome(reasons=tuple(reasons))


def _post(
    host: str, user: ClientUser, reasons: list[str]
) -> Generator[ClientRequest, ServerAnswer, Outcome | ClientUser | None]:
    """POST with the schema of mobile devices; None if the search continues."""
    request = urls.autodiscover_request(
        host, user.typed_address, content_type="text/xml", mobile=True
    )
    response = yield from post_with_redirects(request)
    if not response.is_success:
        reasons.append(f"{request.url}: {describe(response)}")
        return None
    try:
        root = documents.parse(response.body)
        for address in redirect_addresses(root):
            return redirected_user(address, "Redirect", user)
        url = activesync_url(root)
    except UnusableDocument as error:
        reasons.append(f"{request.url}: {error}")
        return Outcome(reasons=tuple(reasons), has_stopped=True)
    if url:
        return Outcome(source=url)
    reasons.append(f"{request.url}: the server refuses the request")
    return None


def post_with_redirects(
    request: ClientRequest,
) -> Generator[ClientRequest, ServerAnswer, ServerAnswer]:
    """POST, and POST again after each HTTP redirect to https (MS-OXDSCLI s3.1.5.2)."""
    response = yield request
    for _ in range(REDIRECTS_MAX):
        target = request.redirected_to(response.location) if response.status == 302 else None
        if target is None or target.scheme != "https":
            break
        request = target
        response = yield request
    return response


def redirect_addresses(root: etree._Element) -> list[str]:
    """Return the address that an answer redirects to, if it does (MS-ASCMD s2.2.3.147)."""
    elements = documents.elements_at(root, "Response", "Action", "Redirect")
    return [
        element.text or ""
        for element in elements
        if element.tag == f"{{{urls.MOBILE_RESPONSE}}}Redirect"
    ][:1]


def redirected_user(address: str, name: str, user: ClientUser) -> ClientUser:
    """Return the user with the address that an answer redirects to.

    Args:
        address: the text of the element.
        name: the name of the element.
        user: the user of the request.

    Raises:
        UnusableDocument: the text is not an address, or is the address of the request.
    """
    try:
        redirected = ClientUser.parse(address)
    except AddressError as error:
        raise UnusableDocument(f"{name} is not an address") from error
    if redirected.address == user.address:
        raise UnusableDocument(f"{name} is the address of the request")
    return redirected


def activesync_url(root: etree._Element) -> str:
    """Return the URL of the ActiveSync server; empty if the answer is an error.

    Source: MS-ASCMD, the response to the command Autodiscover.

    Raises:
        UnusableDocument: the answer is neither, or contains mail settings.
    """
    if any(True for _ in documents.protocols(root)):
        raise UnusableDocument("IMAP settings in an answer to an ActiveSync request")
    if documents.error_code(root):
        return ""
    for response in documents.elements_at(root, "Response"):
        if response.tag != f"{{{urls.MOBILE_RESPONSE}}}Response":
            continue
        if documents.elements_at(response, "Action", "Error") or documents.elements_at(
            response, "Action", "Redirect"
        ):
            return ""
        for server in documents.elements_at(response, "Action", "Settings", "Server"):
            url = documents.child_text(server, "Url")
            if documents.child_text(server, "Type") == "MobileSync" and url.startswith("https://"):
                return url
    raise UnusableDocument("neither an ActiveSync server nor an error")


def url_of_json(body: bytes) -> str:
    """Return the Url of an answer to `autodiscover.json`; empty if there is none."""
    try:
        value = json.loads(body[: documents.DOCUMENT_MAX_BYTES])
    except (ValueError, RecursionError):
        return ""
    url = value.get("Url") if isinstance(value, dict) else None
    return url if isinstance(url, str) else ""


ACTIVESYNC_DEVICES: Final = SimulatedClient(
    client=clients.ACTIVESYNC_DEVICES,
    version="Microsoft's protocol documents MS-OXDISCO and MS-ASCMD",
    date="2026-11",
    basis="doc",
    search=search,
    order=(
        "POST `https://D/autodiscover/autodiscover.xml` with the schema of mobile devices",
        "POST `https://autodiscover.D/autodiscover/autodiscover.xml`, the same",
        (
            "GET `http://autodiscover.D/autodiscover/autodiscover.xml`, which must redirect to "
            "https; then POST to that URL"
        ),
        "DNS: the SRV record `_autodiscover._tcp.D`; POST to the host that it names",
    ),
    notes=(
        "They find an ActiveSync server or nothing. They do not use mail settings.",
        (
            "If an answer contains `Redirect`, they start again with that address. If their POST "
            "gets a 302, they POST to the new URL."
        ),
        (
            "They must get that server or ErrorCode 601. IMAP settings in the answer make their "
            "setup fail."
        ),
    ),
    expects_account=False,
    evidence=(
        "the URLs and their order: MS-OXDISCO s3.1.5.2 to s3.1.5.4",
        "the request and the answers: MS-ASCMD s2.2.1.1",
    ),
    assumed=(
        "that devices use the order of the documents; no log of a device was available",
        "that they continue after an ErrorCode",
    ),
)
