"""How a client is recorded: what it asks, one request after the other, and what it ends with.

A client is a generator: it yields requests and look-ups in DNS, is sent what comes back, and
returns what it holds at the end. So the same record speaks with a test's application and with a
server far away, with a zone on paper and with a real resolver.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import Final, Literal, Self
from urllib.parse import urljoin, urlsplit

from waypost.address import EmailAddress
from waypost.check.recorded.names import Lookup, Named, Resolver, silence

REQUESTS_MAX: Final = 60
URL_MAX_CHARS: Final = 4096

Security = Literal["tls", "starttls", "none", "automatic"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sends.

    Attributes:
        host: of the URL, in lower case; the Host header says the same.
        query: as it stands in the URL, without the question mark.
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
        """Make a GET of a URL."""
        parts = urlsplit(url)
        return cls("GET", parts.scheme, parts.netloc.lower(), parts.path or "/", parts.query)

    @property
    def url(self) -> str:
        """The whole URL."""
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme}://{self.host}{self.path}{query}"

    def at(self, location: str) -> "Request | None":
        """Return the same request at another URL, absolute or relative; None where it is none."""
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
class Response:
    """What comes back.

    Attributes:
        status: of HTTP; 0 where nobody answers.
        reason: why nobody does, where that is known.
        records: what DNS says, to a look-up.
        is_unknown: nobody knows, because the question could not be asked, for the reason.
    """

    status: int
    content_type: str = ""
    location: str = ""
    body: bytes = b""
    reason: str = ""
    records: tuple[Named, ...] = ()
    is_unknown: bool = False

    @property
    def is_success(self) -> bool:
        """Return whether the status is a 2xx."""
        return 200 <= self.status <= 299

    @property
    def is_redirect(self) -> bool:
        """Return whether it leads elsewhere."""
        return self.status in {301, 302, 303, 307, 308} and bool(self.location)


NOBODY: Final = Response(0)


@dataclass(frozen=True, slots=True)
class MailServer:
    """A server as an account holds it.

    Attributes:
        kind: `imap`, `pop3`, `smtp`, or `jmap`, with which mail is both read and sent.
        security: `automatic` where the client does not read it and tries.
        method: of authentication, in Autoconfig's words; empty where the client does not read it.
        login: empty where the client does not read it, or asks its user.
    """

    kind: str
    host: str
    port: int
    security: Security
    method: str = ""
    login: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        words = [self.kind, f"{self.host}:{self.port}", self.security, self.method, self.login]
        return " ".join(word for word in words if word)


@dataclass(frozen=True, slots=True)
class Account:
    """What a client would set up."""

    incoming: MailServer
    outgoing: MailServer

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.incoming}, {self.outgoing}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a search ends.

    Attributes:
        account: None where there is none.
        reasons: why not, one for each source that said something.
        source: the URL that the account comes from, or that of an ActiveSync server.
        has_stopped: there is no account, and the client searches no further all the same.
        warnings: what will trouble the user of the account.
        beside: what it sets up beside mail: a type and a URL.
    """

    account: Account | None = None
    reasons: tuple[str, ...] = ()
    source: str = ""
    has_stopped: bool = False
    warnings: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()


class Unusable(ValueError):
    """A client can make nothing of a document; the message says why."""


def demand(condition: bool, why: str) -> None:
    """Go on where a client would.

    Raises:
        Unusable: with the reason, where the condition does not hold.
    """
    if not condition:
        raise Unusable(why)


Question = Request | Lookup
Conversation = Generator[Question, Response, Outcome]
Exchange = tuple[Request, Response]


@dataclass(frozen=True, slots=True)
class User:
    """Who sets up an account.

    Attributes:
        typed: the address, letter by letter.
        address: what it means.
    """

    typed: str
    address: EmailAddress

    @classmethod
    def typing(cls, text: str) -> Self:
        """Take what somebody typed.

        Raises:
            AddressError: it is no address.
        """
        return cls(text, EmailAddress.parse(text))

    @property
    def domain(self) -> str:
        """The domain in A-labels and lower case, as it stands in host names."""
        return self.address.domain.ascii


@dataclass(frozen=True, slots=True)
class Heard:
    """A whole conversation.

    Attributes:
        exchanges: by HTTP.
        asked: all of it, look-ups in DNS too, in its order.
    """

    outcome: Outcome
    exchanges: tuple[Exchange, ...]
    asked: tuple[Question, ...]


def converse(
    conversation: Conversation,
    answer: Callable[[Request], Response],
    resolve: Resolver = silence,
) -> Heard:
    """Let a client ask until it ends.

    Args:
        conversation: of a client, not begun.
        answer: gives what comes back for a request.
        resolve: gives what DNS says to a look-up.
    """
    exchanges: list[Exchange] = []
    asked: list[Question] = []
    try:
        question = next(conversation)
        while len(asked) < REQUESTS_MAX:
            asked.append(question)
            if isinstance(question, Lookup):
                response = Response(0, records=resolve(question))
            else:
                response = answer(question)
                exchanges.append((question, response))
            question = conversation.send(response)
    except StopIteration as end:
        return Heard(end.value, tuple(exchanges), tuple(asked))
    conversation.close()
    endless = Outcome(reasons=(f"more than {REQUESTS_MAX} requests; is it led on and on?",))
    return Heard(endless, tuple(exchanges), tuple(asked))


def followed(
    request: Request,
    *,
    most: int = 20,
    between_schemes: bool = True,
    downgrades: bool = True,
    relative: bool = True,
) -> Generator[Request, Response, Response]:
    """Ask, and go where the answer leads.

    Args:
        request: the first one.
        most: so many redirects; more are as good as no answer.
        between_schemes: follow from http to https and back.
        downgrades: follow from https to http.
        relative: follow a Location that is no whole URL.
    """
    asked: set[Request] = set()
    while len(asked) <= most:
        asked.add(request)
        response = yield request
        if not response.is_redirect:
            return response
        target = request.at(response.location)
        is_whole = "://" in response.location
        if target is None or not (relative or is_whole):
            return response
        if target.scheme != request.scheme and not between_schemes:
            return response
        if target.scheme == "http" and request.scheme == "https" and not downgrades:
            return response
        if target in asked:
            return replace(response, reason="a redirect loop")
        request = target
    return Response(0, reason=f"more than {most} redirects, at last to {request.url[:200]}")


def said(response: Response) -> str:
    """Name a refusal."""
    if response.is_redirect:
        why = f" ({response.reason})" if response.reason else ""
        return f"status {response.status} to {response.location[:200]}{why}"
    if response.status:
        return f"status {response.status}"
    return f"no answer ({response.reason})" if response.reason else "no answer"
