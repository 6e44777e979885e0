"""What each mail client gets for a user, in the client's own words, without the network.

The recorded clients send their requests; the previews answer them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

from waypost.admin.results import Preview
from waypost.core.errors import WaypostError
from waypost.diagnostics.simulated_clients import CLIENTS, SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, Resolver
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    MailServer,
    ServerAnswer,
    run_session,
)
from waypost.formats.dns.records import Record, SrvData, TxtData

PreviewOf = Callable[[str, str], Preview]
"""Returns the answer for an address or a domain, and a format."""
_AUTOCONFIG: Final = ("/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml")
_NOT_FOUND: Final = ServerAnswer(404)


@dataclass(frozen=True, slots=True)
class ClientView:
    """What one client sets up.

    Attributes:
        key: of the client, and its anchor in docs/clients.md.
        incoming, outgoing: the servers of the account; None if there is no account.
        source: the URL that the account is from.
        reasons: why there is no account.
        warnings: problems that the user of the account will have.
        other_services: what the client sets up in addition to mail.
        is_mail: whether the client can set up a mail account at all.
    """

    key: str
    name: str
    incoming: MailServer | None
    outgoing: MailServer | None
    source: str
    reasons: tuple[str, ...]
    warnings: tuple[str, ...]
    other_services: tuple[str, ...]
    is_mail: bool

    @property
    def works(self) -> bool:
        """Return whether the client sets up what it can."""
        return self.incoming is not None or bool(self.other_services) or bool(self.source)


def client_views(
    user: ClientUser, preview: PreviewOf, records: Sequence[Record]
) -> tuple[ClientView, ...]:
    """Return what each client gets, without older versions.

    Args:
        user: an address of the domain.
        preview: the answers.
        records: the DNS records that the domain should publish.
    """
    resolve = _resolver(records)
    return tuple(_view(client, user, preview, resolve) for client in CLIENTS if not client.edition)


def _view(
    client: SimulatedClient, user: ClientUser, preview: PreviewOf, resolve: Resolver
) -> ClientView:
    def send(request: ClientRequest) -> ServerAnswer:
        return _answer(request, user, preview)

    outcome = run_session(client.search(user), send, resolve).outcome
    account = outcome.account
    return ClientView(
        client.key,
        client.name,
        None if account is None else account.incoming,
        None if account is None else account.outgoing,
        outcome.source,
        outcome.reasons,
        outcome.warnings,
        outcome.other_services,
        client.expects_account,
    )


def _answer(request: ClientRequest, user: ClientUser, preview: PreviewOf) -> ServerAnswer:
    """Return the answer of a host of the domain; no other host exists."""
    if request.host != user.domain and not request.host.endswith(f".{user.domain}"):
        return NO_ANSWER
    if request.host.startswith("dav."):
        return ServerAnswer(401)  # The operator's own server requires a password.
    for target, name in _formats(request, user):
        try:
            found = preview(target, name)
        except WaypostError:
            return _NOT_FOUND
        return ServerAnswer(200, found.content_type, "", found.body)
    return _NOT_FOUND


def _formats(request: ClientRequest, user: ClientUser) -> Iterator[tuple[str, str]]:
    """Yield the address or the domain of a request, and the format of its answer."""
    path = request.path.lower().rstrip("/")
    query = {key.lower(): values[0] for key, values in parse_qs(request.query).items()}
    address = f"{user.address}"
    if path in _AUTOCONFIG and request.method == "GET":
        yield query.get("emailaddress", user.domain), "autoconfig"
    elif path == "/autodiscover/autodiscover.xml" and request.method == "POST":
        is_mobile = b"/mobilesync/" in request.body
        yield address, "activesync" if is_mobile else "autodiscover"
    elif path == "/mobileconfig" and request.method == "GET":
        yield address, "mobileconfig"
    elif path.startswith("/autodiscover/autodiscover.json") and "protocol" in query:
        if query["protocol"].lower() == "autodiscoverv1":
            yield address, "autodiscover-json"
    elif path == "/.well-known/user-agent-configuration.json":
        yield user.domain, "pacc"


def _resolver(records: Sequence[Record]) -> Resolver:
    found: dict[tuple[str, str], list[DnsAnswer]] = {}
    for record in records:
        data = record.data
        if isinstance(data, SrvData):
            answer = DnsAnswer(data.target, data.priority, data.weight, data.port)
            found.setdefault(("SRV", record.name), []).append(answer)
        elif isinstance(data, TxtData):
            found.setdefault(("TXT", record.name), []).append(DnsAnswer(data.text))

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        return tuple(found.get((lookup.type, lookup.name), ()))

    return resolve
