"""eM Client, from reports of its vendor and its users; its source is closed, and no run was seen.

Its own page "How does Autodiscover work?" (support.emclient.com, article 258, 2023-04-06) describes
the order. What it reads is reported by projects that adapted their servers to it:
mailcow/mailcow-dockerized#370 (2017-06-18) and sys4/automx#36 (2017-04-14). The rest is assumed,
and the record lists the assumptions.

Not recorded: the registry, SCP, Office 365, and guessing.
"""

from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from waypost.core import clients
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import look_up_srv
from waypost.diagnostics.simulated_clients.outlook import read_account
from waypost.diagnostics.simulated_clients.session import (
    ClientSession,
    ClientUser,
    Outcome,
    UnusableDocument,
    describe,
    require,
)

_DAV_PROTOCOLS: Final = {"CalDAV": "caldav", "CardDAV": "carddav"}


def search(user: ClientUser) -> ClientSession:
    """POST to the host in DNS, then to D and to autodiscover.D; the first success counts."""
    # [doc] The page says "SRV records"; the record assumes this one.
    records = yield from look_up_srv("_autodiscover", user.domain)
    hosts = [*(record.data for record in records[:1]), user.domain, f"autodiscover.{user.domain}"]
    reasons: list[str] = []
    for host in hosts:
        request = urls.autodiscover_request(host, user.typed_address, content_type="text/xml")
        response = yield request
        try:
            require(response.is_success, describe(response))
            root = documents.parse(response.body)
            account = read_account(root, user.address)
        except UnusableDocument as error:
            reasons.append(f"{request.url}: {error}")
            continue
        return Outcome(account, source=request.url, other_services=_other_services(root))
    return Outcome(reasons=tuple(reasons))


def _other_services(root: etree._Element) -> tuple[str, ...]:
    """Return the calendars and address books, which Microsoft's pages do not describe."""
    services = []
    for protocol in documents.protocols(root):
        kind, url = (
            _DAV_PROTOCOLS.get(documents.child_text(protocol, "Type")),
            documents.child_text(protocol, "Server"),
        )
        if kind and urlsplit(url).scheme in {"https", "http"}:
            services.append(f"{kind} {url}")
    return tuple(services)


EM_CLIENT: Final = SimulatedClient(
    client=clients.EM_CLIENT,
    version="its vendor's page of 2023-04-06",
    date="2026-11",
    basis="doc",
    search=search,
    order=(
        "the registry, SCP (not recorded)",
        "DNS: SRV records; POST to the host of `_autodiscover._tcp.D`",
        "Office 365, if the domain is there (not recorded)",
        "POST `https://D/autodiscover/autodiscover.xml`",
        "POST `https://autodiscover.D/autodiscover/autodiscover.xml`",
        "guessing (not recorded)",
    ),
    notes=(
        "Its vendor's page does not mention Autoconfig, and no known log shows such a request.",
        "It requests Outlook's schema, so it gets mail services and never ActiveSync.",
        (
            "It sets up calendars and address books from the Protocols `CalDAV` and `CardDAV`, "
            "which Microsoft does not define; their `Server` is a URL."
        ),
    ),
    evidence=(
        "the order: its vendor's page, support.emclient.com, article 258, 2023-04-06",
        (
            "Outlook's schema, no ActiveSync, CalDAV and CardDAV: mailcow/mailcow-dockerized#370, "
            "2017-06-18; also tested in sys4/automx#36, 2017-04-14"
        ),
    ),
    assumed=(
        "which SRV record it uses: the page names none",
        "that it reads Protocols according to Microsoft's pages, as Outlook does",
        "that it sends no password with the first request",
    ),
)
