"""himalaya, from its source (pimalaya/himalaya ca88bee, pimalaya/io-pim-discovery 5036dfa).

Its wizard sends all requests at once, for eight seconds, and combines the results; it uses the most
secure service, whatever its source.

Not recorded: the built-in settings for domains of Google and Microsoft, which are the reason for
its MX lookup; the check which methods a server offers; the choices of its user.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

from waypost.core import clients
from waypost.diagnostics.simulated_clients import himalaya_documents, urls
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.lookups import look_up, look_up_srv
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientSession,
    ClientUser,
    MailServer,
    Outcome,
    RequestOrLookup,
    ServerAnswer,
    ServerSecurity,
    UnusableDocument,
    describe,
    require,
)
from waypost.formats.pacc.document import HOST_PREFIX, TXT_PREFIX, has_digest

_PACC: Final = "/.well-known/user-agent-configuration.json"
_MAILCONF: Final = "mailconf="
_LABELS: Final[tuple[tuple[str, str, ServerSecurity], ...]] = (
    ("_imap", "imap", "starttls"),
    ("_imaps", "imap", "tls"),
    ("_submission", "smtp", "starttls"),
    ("_submissions", "smtp", "tls"),
)
_SECURITY_RANK: Final[dict[ServerSecurity, int]] = {"tls": 2, "starttls": 1}
# [code] WHATWG's query percent-encode set, without characters that no address contains.
_SAFE_IN_QUERY: Final = "!$%&'()*+,/:;=?@[\\]^`{|}~"


@dataclass(slots=True)
class _SearchResults:
    """The results so far.

    Attributes:
        servers: each server with its source.
        jmap: the URLs of JMAP sessions, each with its source.
        reasons: why a source had no result.
    """

    servers: list[tuple[MailServer, str]] = field(default_factory=list)
    jmap: list[tuple[str, str]] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


SearchStep = Generator[RequestOrLookup, ServerAnswer, None]


def search(user: ClientUser) -> ClientSession:
    """Ask for MX, PACC, Autoconfig, SRV and JMAP, and then combine the answers."""
    results = _SearchResults()
    yield from look_up("MX", user.domain)
    yield from _pacc(user, results)
    typed = quote(user.typed_address.rpartition("@")[0], safe=_SAFE_IN_QUERY)
    query = f"emailaddress={typed}@{user.domain}"
    yield from _autoconfig(urls.autoconfig(user.domain, "https", query), user, results)
    yield from _autoconfig(urls.well_known(user.domain), user, results)
    yield from _mailconf(user, results)
    yield from _autoconfig(urls.database(user.domain), user, results)
    yield from _srv(user, results)
    yield from _jmap(user, results)
    return _outcome(user, results)


def _pacc(user: ClientUser, results: _SearchResults) -> SearchStep:
    request = ClientRequest.get(f"https://{HOST_PREFIX}{user.domain}{_PACC}")
    # [code] It follows no redirect, neither here nor for Autoconfig.
    response = yield request
    try:
        require(response.is_success, describe(response))
        records = yield from look_up("TXT", f"{TXT_PREFIX}{user.domain}")
        is_known = any(has_digest(record.data, response.body) for record in records)
        require(is_known, f"no TXT record {TXT_PREFIX.rstrip('.')} has the digest of the document")
        servers, jmap = himalaya_documents.read_pacc(response.body)
    except UnusableDocument as error:
        results.reasons.append(f"{request.url}: {error}")
        return
    results.servers += [(server, request.url) for server in servers]
    results.jmap += [(url, request.url) for url in jmap]


def _autoconfig(request: ClientRequest, user: ClientUser, results: _SearchResults) -> SearchStep:
    response = yield request
    try:
        require(response.is_success, describe(response))
        servers = himalaya_documents.read_autoconfig(response.body, user.address)
    except UnusableDocument as error:
        if response.status or request.host != urls.DATABASE_HOST:
            results.reasons.append(f"{request.url}: {error}")
        return
    results.servers += [(server, request.url) for server in servers]


def _mailconf(user: ClientUser, results: _SearchResults) -> SearchStep:
    records = yield from look_up("TXT", user.domain)
    for record in records:
        url = record.data.removeprefix(_MAILCONF).strip()
        if record.data.startswith(_MAILCONF) and urlsplit(url).hostname:
            yield from _autoconfig(ClientRequest.get(url), user, results)
            return


def _srv(user: ClientUser, results: _SearchResults) -> SearchStep:
    source = f"DNS SRV of {user.domain}"
    servers = {}
    for label, kind, security in _LABELS:
        for record in (yield from look_up_srv(label, user.domain))[:1]:
            servers[label] = MailServer(kind, record.data, record.port, security)
    order = ("_imaps", "_imap", "_submissions", "_submission")
    results.servers += [(servers[label], source) for label in order if label in servers]


def _jmap(user: ClientUser, results: _SearchResults) -> SearchStep:
    records = yield from look_up_srv("_jmap", user.domain)
    host_port = f"{records[0].data}:{records[0].port}" if records else user.domain
    request = ClientRequest.get(f"https://{host_port.removesuffix(':443')}/.well-known/jmap")
    url, response = request.url, (yield request)
    for _ in range(5):
        target = request.redirected_to(response.location) if response.is_redirect else None
        if target is None:
            break
        request, url = target, target.url
        response = yield request
    # [code] 401 only means that the session requires a password.
    if response.is_success or response.status == 401:
        results.jmap.append((url, url))


def _outcome(user: ClientUser, results: _SearchResults) -> Outcome:
    login = str(user.address)
    if results.jmap:
        # [code] It is first in the list of choices, and is the default.
        url, source = results.jmap[0]
        parts = urlsplit(url)
        server = MailServer("jmap", parts.hostname or "", parts.port or 443, "tls", login=login)
        return Outcome(Account(server, server), source=source)
    incoming, outgoing = _most_secure(results, "imap"), _most_secure(results, "smtp")
    if incoming is None:
        if results.servers:
            results.reasons.append("no IMAP service was found")
        return Outcome(reasons=tuple(results.reasons))
    if outgoing is None:
        reason = "an IMAP service, but none for sending: the account can only read mail"
        return Outcome(reasons=(*results.reasons, reason), has_stopped=True)
    imap_server, source = incoming
    # [code] The typed address replaces a login name that is not an address, for both servers.
    name, at, domain = imap_server.login.partition("@")
    login = imap_server.login if name and at and domain else login
    return Outcome(
        Account(_with_login(imap_server, login), _with_login(outgoing[0], login)), source=source
    )


def _most_secure(results: _SearchResults, kind: str) -> tuple[MailServer, str] | None:
    """Return the last one of the servers with the best protection."""
    best: tuple[MailServer, str] | None = None
    for found_server in results.servers:
        if found_server[0].kind != kind:
            continue
        if best is None or _SECURITY_RANK.get(found_server[0].security, 0) >= _SECURITY_RANK.get(
            best[0].security, 0
        ):
            best = found_server
    return best


def _with_login(server: MailServer, login: str) -> MailServer:
    return MailServer(server.kind, server.host, server.port, server.security, login=login)


HIMALAYA: Final = SimulatedClient(
    client=clients.HIMALAYA,
    version="source ca88bee, io-pim-discovery 5036dfa",
    date="2026-08-16",
    basis="code",
    search=search,
    order=(
        "DNS: the MX records, for domains at Google and Microsoft",
        (
            "PACC: GET `https://ua-auto-config.D/.well-known/user-agent-configuration.json`; DNS: "
            "the TXT record `_ua-auto-config.D` with the digest of the document"
        ),
        "GET `https://autoconfig.D/mail/config-v1.1.xml?emailaddress=E`, the address unescaped",
        "GET `https://D/.well-known/autoconfig/mail/config-v1.1.xml`",
        "DNS: the TXT record `mailconf=URL` of D; GET the URL",
        "GET `https://autoconfig.thunderbird.net/v1.1/D`",
        "DNS: the SRV records `_imap`, `_imaps`, `_submission`, `_submissions`",
        "DNS: the SRV record `_jmap`; GET `/.well-known/jmap` there, or on D",
    ),
    notes=(
        (
            "It asks all of these at once, and uses the IMAP and the SMTP service with the best "
            "protection. If several are equal, it uses the last one in this order."
        ),
        "If it finds JMAP by PACC or at the well-known URL, it proposes JMAP first.",
        (
            "It reads Autoconfig with a strict schema: one value that it does not know, in any "
            "section, makes it refuse the whole document. [lint.md](lint.md#strict) says how to "
            "avoid that; it still uses PACC and SRV records."
        ),
        (
            "In Autoconfig it knows the sections `imap`, `pop3` and `smtp`. It knows neither the "
            "method `GSSAPI` nor any method with a `system`."
        ),
        (
            "An `oAuth2` without `issuer`, `scope`, `authURL` or `tokenURL`, or a second `oAuth2`, "
            "makes it refuse the document."
        ),
        "It replaces a login name without `@` with the address.",
        "It follows redirects only for JMAP.",
    ),
)
