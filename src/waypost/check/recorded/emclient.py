"""eM Client, as its maker and its users tell; its source is closed, and it was not watched.

Its own page "How does Autodiscover work?" (support.emclient.com, article 258, 2023-04-06) gives the
order. What it reads was told where others made their servers fit it: mailcow/mailcow-dockerized#370
(2017-06-18) and sys4/automx#36 (2017-04-14). The rest is assumed, and the record says what.

Not part of the record: the registry, SCP, Office 365, and guessing.
"""

from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from waypost.check.recorded import documents, urls
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import Conversation, Outcome, Unusable, User, demand, said
from waypost.check.recorded.lookups import offered
from waypost.check.recorded.outlook import read

_BESIDE: Final = {"CalDAV": "caldav", "CardDAV": "carddav"}


def ask(user: User) -> Conversation:
    """Ask what DNS names, then POST to D and to autodiscover.D; the first success counts."""
    # [doc] The page says "SRV records"; that this one is meant is assumed.
    records = yield from offered("_autodiscover", user.domain)
    hosts = [*(one.data for one in records[:1]), user.domain, f"autodiscover.{user.domain}"]
    reasons: list[str] = []
    for host in hosts:
        request = urls.pox(host, user.typed, content_type="text/xml")
        response = yield request
        try:
            demand(response.is_success, said(response))
            root = documents.parsed(response.body)
            account = read(root, user.address)
        except Unusable as error:
            reasons.append(f"{request.url}: {error}")
            continue
        return Outcome(account, source=request.url, beside=_beside(root))
    return Outcome(reasons=tuple(reasons))


def _beside(root: etree._Element) -> tuple[str, ...]:
    """Return the calendars and address books, which Microsoft's pages do not know."""
    found = []
    for protocol in documents.protocols(root):
        kind, place = (
            _BESIDE.get(documents.text(protocol, "Type")),
            documents.text(protocol, "Server"),
        )
        if kind and urlsplit(place).scheme in {"https", "http"}:
            found.append(f"{kind} {place}")
    return tuple(found)


EM_CLIENT: Final = Client(
    key="em-client",
    name="eM Client",
    version="its maker's page of 2023-04-06",
    date="2026-11",
    basis="doc",
    asks=ask,
    order=(
        "the registry, SCP (not recorded here)",
        "DNS: SRV records; POST to the host of `_autodiscover._tcp.D`",
        "Office 365, where the domain is there (not recorded here)",
        "POST `https://D/autodiscover/autodiscover.xml`",
        "POST `https://autodiscover.D/autodiscover/autodiscover.xml`",
        "guessing (not recorded here)",
    ),
    notes=(
        "Its maker's page does not speak of Autoconfig, and no log was found in which it asks so.",
        "It asks for Outlook's schema, so it gets mail services and never ActiveSync.",
        (
            "It sets up calendars and address books from the Protocols `CalDAV` and `CardDAV`, "
            "which are not Microsoft's; their `Server` is a URL."
        ),
    ),
    evidence=(
        "the order: its maker's page, support.emclient.com, article 258, 2023-04-06",
        (
            "Outlook's schema, no ActiveSync, CalDAV and CardDAV: mailcow/mailcow-dockerized#370, "
            "2017-06-18; tested too in sys4/automx#36, 2017-04-14"
        ),
    ),
    assumed=(
        "which SRV record is meant: the page names none",
        "that it reads Protocols by Microsoft's pages, as Outlook does",
        "that it sends no password with the first request",
    ),
)
