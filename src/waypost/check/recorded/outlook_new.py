"""The newer Outlook, and those for phones and the Mac (protocol facts s2.4 to s2.6 [know], [log]).

They let Microsoft's own service look, and take little notice of anything but Exchange.
"""

from typing import Final
from urllib.parse import quote

from waypost.check.recorded import documents, urls
from waypost.check.recorded.activesync import (
    REDIRECTS_MAX,
    activesync_server,
    posted_again,
    url_in_json,
)
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import (
    Conversation,
    Outcome,
    Request,
    Unusable,
    User,
    followed,
)


def ask(user: User) -> Conversation:
    """Look ActiveSync up as JSON, then in XML, and take a refusal for what it is.

    There is no IMAP account to be had here. What counts is that the search ends cleanly, or with
    the URL of an ActiveSync server, which is the outcome's source then.
    """
    host = f"autodiscover.{user.domain}"
    # [log] Spelled so, and with a count: gronke/email-autodiscover#4, 2018.
    query = f"Email={quote(user.typed, safe='')}&Protocol=ActiveSync&RedirectCount=1"
    lookup = Request("GET", "https", host, "/autodiscover/autodiscover.json", query)
    response = yield from followed(lookup, most=REDIRECTS_MAX)
    reasons: list[str] = []
    place = url_in_json(response.body) if response.is_success else ""
    if place.startswith("https://"):
        return Outcome(source=place)
    if response.is_success:
        reasons.append(f"{lookup.url}: success, but no JSON with an https Url")
    mobile = urls.pox(host, user.typed, content_type="text/xml", mobile=True)
    response = yield from posted_again(mobile)
    if not response.is_success:
        return Outcome(reasons=tuple(reasons), has_stopped=bool(reasons))
    try:
        place = activesync_server(documents.parsed(response.body))
    except Unusable as error:
        return Outcome(reasons=(*reasons, f"{mobile.url}: {error}"), has_stopped=True)
    return Outcome(reasons=tuple(reasons), source=place, has_stopped=bool(reasons))


OUTLOOK_NEW: Final = Client(
    key="outlook-new-and-mobile",
    name="Outlook, new and mobile",
    version="what is commonly known",
    date="2026-11",
    basis="doc",
    asks=ask,
    order=(
        "Microsoft's own service, which nobody else can answer for (not recorded here)",
        (
            "GET `https://autodiscover.D/autodiscover/autodiscover.json"
            "?Email=E&Protocol=ActiveSync&RedirectCount=1`"
        ),
        (
            "POST `https://autodiscover.D/autodiscover/autodiscover.xml` for the schema of mobile "
            "devices"
        ),
    ),
    notes=(
        "It mostly takes notice of Exchange alone, so no IMAP account is to be expected from it.",
        (
            "IMAP settings in an answer to a request for ActiveSync make its set-up fail; Waypost "
            "refuses with ErrorCode 601."
        ),
    ),
    expects_account=False,
    evidence=(
        (
            "the JSON, as it is spelled: a log in gronke/email-autodiscover#4, 2018-04-06 "
            "(OutlookMobileCloudService-Autodetect/1.0.0)"
        ),
        "ActiveSync and its answers: MS-ASCMD s2.2.1.1",
    ),
    assumed=(
        "that Microsoft's service asks alike for all of these apps, and in this order",
        "that an answer with a Url ends the search",
        "that they take notice of Exchange alone: commonly known, and not checked",
    ),
)
