"""New Outlook, and Outlook for phones and the Mac [know], [log].

Microsoft's own service searches for them, and they use little else than Exchange.
"""

from typing import Final
from urllib.parse import quote

from waypost.core import clients
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.activesync import (
    REDIRECTS_MAX,
    activesync_url,
    post_with_redirects,
    url_of_json,
)
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ClientSession,
    ClientUser,
    Outcome,
    UnusableDocument,
    follow_redirects,
)


def search(user: ClientUser) -> ClientSession:
    """Ask for ActiveSync in JSON, then in XML, and accept a refusal.

    No IMAP account is available here. The search must end cleanly, or with the URL of an ActiveSync
    server, which is then the outcome's source.
    """
    host = f"autodiscover.{user.domain}"
    # [log] Spelled so, and with a count: gronke/email-autodiscover#4, 2018.
    query = f"Email={quote(user.typed_address, safe='')}&Protocol=ActiveSync&RedirectCount=1"
    lookup = ClientRequest("GET", "https", host, "/autodiscover/autodiscover.json", query)
    response = yield from follow_redirects(lookup, max_redirects=REDIRECTS_MAX)
    reasons: list[str] = []
    url = url_of_json(response.body) if response.is_success else ""
    if url.startswith("https://"):
        return Outcome(source=url)
    if response.is_success:
        reasons.append(f"{lookup.url}: success, but no JSON with an https Url")
    mobile = urls.autodiscover_request(
        host, user.typed_address, content_type="text/xml", mobile=True
    )
    response = yield from post_with_redirects(mobile)
    if not response.is_success:
        return Outcome(reasons=tuple(reasons), has_stopped=bool(reasons))
    try:
        url = activesync_url(documents.parse(response.body))
    except UnusableDocument as error:
        return Outcome(reasons=(*reasons, f"{mobile.url}: {error}"), has_stopped=True)
    return Outcome(reasons=tuple(reasons), source=url, has_stopped=bool(reasons))


OUTLOOK_NEW: Final = SimulatedClient(
    client=clients.OUTLOOK_NEW,
    version="what is commonly known",
    date="2026-11",
    basis="doc",
    search=search,
    order=(
        "Microsoft's own service, which no other server can replace (not recorded)",
        (
            "GET `https://autodiscover.D/autodiscover/autodiscover.json"
            "?Email=E&Protocol=ActiveSync&RedirectCount=1`"
        ),
        (
            "POST `https://autodiscover.D/autodiscover/autodiscover.xml` with the schema of mobile "
            "devices"
        ),
    ),
    notes=(
        "It mostly uses only Exchange, so do not expect an IMAP account from it.",
        (
            "IMAP settings in an answer to an ActiveSync request make its setup fail, so Waypost "
            "answers with ErrorCode 601."
        ),
    ),
    expects_account=False,
    evidence=(
        (
            "the spelling of the JSON request: a log in gronke/email-autodiscover#4, 2018-04-06 "
            "(OutlookMobileCloudService-Autodetect/1.0.0)"
        ),
        "ActiveSync and its answers: MS-ASCMD s2.2.1.1",
    ),
    assumed=(
        "that Microsoft's service sends the same requests for all of these apps, in this order",
        "that an answer with a Url ends the search",
        "that they use only Exchange: commonly known, but not checked",
    ),
)
