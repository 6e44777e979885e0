"""Recorded clients as generators: one request after the other, and then an outcome.

A client is a generator: it yields requests and DNS lookups, receives each answer, and returns an
outcome. So the same record works with an application in a test and with a remote server, with the
zone of a test and with a real resolver.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Final, Literal, Self
from urllib.parse import urljoin, urlsplit

from waypost.core.address import EmailAddress
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup, Resolver, no_records

REQUESTS_MAX: Final = 60
URL_MAX_CHARS: Final = 4096

ServerSecurity = Literal["tls", "starttls", "none", "automatic"]


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request of a client.

    Attributes:
        host: the host of the URL, in lower case; the Host header is the same.
        query: the query of the URL, unchanged, without the question mark.
    """

    method: Literal["GET", "POST", "HEAD", "PROPFIND"]
    scheme: str
    host: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @classmethod
    def get(cls, url: str) -> Self:
        """Build a GET of a URL."""
        parts = urlsplit(url)
        return cls("GET", parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query)

    @property
    def url(self) -> str:
        """Return the whole URL."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path}{query}"

    def redirected_to(self, location: str) -> "ClientRequest | None":
        """Return the same request at another URL, absolute or relative; None if it is not a URL."""
        try:
            parts = urlsplit(urljoin(self.url, location[:URL_MAX_CHARS]))
            _ = parts.port
        except ValueError:
            return None
        if not location.strip() or parts.scheme not in {"http", "https"} or not parts.netloc:
            return None
        return replace(
            self,
            scheme=parts.scheme,
            host=parts.netloc.lower(),
            path=parts.path or "/",
            query=parts.query,
        )


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """An answer to a request or a lookup.

    Attributes:
        status: the HTTP status; 0 if there is no answer.
        reason: why there is no answer, if that is known.
        records: the resource records, for a lookup.
        is_unknown: the answer is unknown, because the request could not be sent; `reason` says why.
    """

    status: int
    content_type: str = ""
    location: str = ""
    body: bytes = b""
    reason: str = ""
    records: tuple[DnsAnswer, ...] = ()
    is_unknown: bool = False

    @property
    def is_success(self) -> bool:
        """Return whether the status is a 2xx."""
        return 200 <= self.status <= 299

    @property
    def is_redirect(self) -> bool:
        """Return whether the answer is a redirect with a location."""
        return self.status in {301, 302, 303, 307, 308} and bool(self.location)


NO_ANSWER: Final = ServerAnswer(0)


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server of an account.

    Attributes:
        kind: `imap`, `pop3`, `smtp`, or `jmap`, which both reads and sends mail.
        security: `automatic` if the client does not read it and tries.
        method: the authentication method, in Autoconfig's words; empty if the client does not read
            it.
        login: the login name; empty if the client does not read it, or asks its user.
    """

    kind: str
    host: str
    port: int
    security: ServerSecurity
    method: str = ""
    login: str = ""

    def __str__(self) -> str:
        """Return one line for a report."""
        words = [self.kind, f"{self.host}:{self.port}", self.security, self.method, self.login]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a client would set up."""

    incoming: MailServer
    outgoing: MailServer

    def __str__(self) -> str:
        """Return one line for a report."""
        return f"{self.incoming}, {self.outgoing}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a search.

    Attributes:
        account: the account; None if the client sets up none.
        reasons: why there is no account, one reason for each source that answered.
        source: the URL of the account, or the URL of an ActiveSync server.
        has_stopped: there is no account, and the client ends its search nevertheless.
        warnings: problems that the user of the account will have.
        other_services: what the client sets up in addition to mail: a type and a URL.
    """

    account: Account | None = None
    reasons: tuple[str, ...] = ()
    source: str = ""
    has_stopped: bool = False
    warnings: tuple[str, ...] = ()
    other_services: tuple[str, ...] = ()


class UnusableDocument(ValueError):
    """A client cannot use a document; the message says why."""


def require(condition: bool, reason: str) -> None:
    """Check a condition of a client.

    Raises:
        UnusableDocument: the condition is false; the message is the reason.
    """
    if not condition:
        raise UnusableDocument(reason)


RequestOrLookup = ClientRequest | DnsLookup
ClientSession = Generator[RequestOrLookup, ServerAnswer, Outcome]
HttpExchange = tuple[ClientRequest, ServerAnswer]


@dataclass(frozen=True, slots=True)
class ClientUser:
    """The user that sets up an account.

    Attributes:
        typed_address: the address, exactly as typed.
        address: the parsed address.
    """

    typed_address: str
    address: EmailAddress

    @classmethod
    def parse(cls, text: str) -> Self:
        """Create a user from the address that was typed.

        Raises:
            AddressError: the text is not an address.
        """
        return cls(text, EmailAddress.parse(text))

    @property
    def domain(self) -> str:
        """Return the domain in A-labels and lower case, as in host names."""
        return self.address.domain.ascii


@dataclass(frozen=True, slots=True)
class Transcript:
    """The requests and the answers of a session.

    Attributes:
        exchanges: the HTTP requests and their answers.
        requests: all requests and DNS lookups, in their order.
    """

    outcome: Outcome
    exchanges: tuple[HttpExchange, ...]
    requests: tuple[RequestOrLookup, ...]


def run_session(
    session: ClientSession,
    send: Callable[[ClientRequest], ServerAnswer],
    resolve: Resolver = no_records,
) -> Transcript:
    """Run a session until it ends.

    Args:
        session: the session of a client, not yet started.
        send: returns the answer to a request.
        resolve: returns the records for a lookup.
    """
    exchanges: list[HttpExchange] = []
    requests: list[RequestOrLookup] = []
    try:
        request = next(session)
        while len(requests) < REQUESTS_MAX:
            requests.append(request)
            if isinstance(request, DnsLookup):
                response = ServerAnswer(0, records=resolve(request))
            else:
                response = send(request)
                exchanges.append((request, response))
            request = session.send(response)
    except StopIteration as end:
        return Transcript(end.value, tuple(exchanges), tuple(requests))
    session.close()
    too_many = Outcome(
        reasons=(f"more than {REQUESTS_MAX} requests; possibly an endless chain of redirects",)
    )
    return Transcript(too_many, tuple(exchanges), tuple(requests))


def follow_redirects(
    request: ClientRequest,
    *,
    max_redirects: int = 20,
    allow_scheme_change: bool = True,
    allow_downgrade: bool = True,
    allow_relative: bool = True,
) -> Generator[ClientRequest, ServerAnswer, ServerAnswer]:
    """Send a request, and follow redirects.

    Args:
        request: the first request.
        max_redirects: the maximum number of redirects; more count as no answer.
        allow_scheme_change: follow from http to https and back.
        allow_downgrade: follow from https to http.
        allow_relative: follow a Location that is a relative URL.
    """
    visited: set[ClientRequest] = set()
    while len(visited) <= max_redirects:
        visited.add(request)
        response = yield request
        if not response.is_redirect:
            return response
        target = request.redirected_to(response.location)
        is_absolute = "://" in response.location
        if target is None or not (allow_relative or is_absolute):
            return response
        if target.scheme != request.scheme and not allow_scheme_change:
            return response
        if target.scheme == "http" and request.scheme == "https" and not allow_downgrade:
            return replace(response, reason="from https to http is not followed")
        if target in visited:
            return replace(response, reason="a redirect loop")
        request = target
    return ServerAnswer(
        0, reason=f"more than {max_redirects} redirects, the last one to {request.url[:200]}"
    )


def describe(response: ServerAnswer) -> str:
    """Describe an answer that is no success."""
    if response.is_redirect:
        reason = f" ({response.reason})" if response.reason else ""
        return f"status {response.status} to {response.location[:200]}{reason}"
    if response.status:
        return f"status {response.status}"
    return f"no answer ({response.reason})" if response.reason else "no answer"
