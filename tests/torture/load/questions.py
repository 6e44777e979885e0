"""The requests of several mail clients, for domains and users of several kinds."""

import enum
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.session import ClientRequest

LISTED: Final = "example.com"
"""A domain whose users are in the directory, if there is one."""
PLAIN: Final = "example.net"
"""A domain without a directory."""
NEW: Final = "new.example"
"""The domains below this one are served; each is requested once."""
UNSERVED: Final = "unserved.example"
USERS: Final = 8
"""How many users are requested again and again, of those that are in the directory, and others."""
NEW_USERS: Final = 4000
"""How many users of the directory are requested once."""
NEW_DOMAIN_WORD: Final = "d0d0"
NEW_USER_WORD: Final = "u0u0"


class Kind(enum.Enum):
    """What a request is about."""

    PLAIN = enum.auto()
    USER = enum.auto()
    """A user of the directory whom clients have requested before."""
    STRANGER = enum.auto()
    """A user who is not in the directory."""
    UNSERVED = enum.auto()
    NEW_DOMAIN = enum.auto()
    """A served domain that no client has requested before."""
    NEW_USER = enum.auto()
    """A user of the directory whom no client has requested before."""


SENT_ONCE: Final = frozenset({Kind.NEW_DOMAIN, Kind.NEW_USER})
_OF_DIRECTORY: Final = frozenset({Kind.USER, Kind.STRANGER, Kind.NEW_USER})


@dataclass(frozen=True, slots=True)
class Question:
    """A request of a client.

    Attributes:
        client: the name of the client.
        address: the address that the client wants to set up.
    """

    client: str
    kind: Kind
    address: str
    request: ClientRequest

    @property
    def login(self) -> str:
        """The login name of the directory in the right answer; empty if there is none."""
        is_known = self.kind in {Kind.USER, Kind.NEW_USER}
        return login_of(self.address.partition("@")[0]) if is_known else ""


@dataclass(frozen=True, slots=True)
class _Client:
    """A mail client.

    Attributes:
        request: returns its request for an address and its domain.
        is_personal: whether the answer depends on the user.
        has_derived_ids: whether the answer contains a digest of the address.
    """

    name: str
    user_agent: str
    request: Callable[[str, str], ClientRequest]
    is_personal: bool = True
    has_derived_ids: bool = False


def _query(host: str, path: str, query: str) -> ClientRequest:
    return ClientRequest("GET", "https", host, path, query)


CLIENTS: Final = (
    _Client(
        "Thunderbird",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.5.0",
        lambda address, domain: urls.autoconfig(domain, query=urls.address_query(address)),
    ),
    _Client(
        "K-9",
        "okhttp/4.12.0",
        lambda _address, domain: urls.well_known(domain),
        is_personal=False,
    ),
    _Client(
        "Outlook",
        "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.14332; Pro)",
        lambda address, domain: urls.autodiscover_request(
            f"autodiscover.{domain}", address, content_type="text/xml"
        ),
    ),
    _Client(
        "new Outlook",
        "Microsoft-Outlook/2.0",
        lambda address, domain: _query(
            f"autodiscover.{domain}",
            "/autodiscover/autodiscover.json",
            f"Email={quote(address, safe='')}&Protocol=AutodiscoverV1",
        ),
        is_personal=False,
    ),
    _Client(
        "Apple",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
        lambda address, domain: _query(
            f"autoconfig.{domain}", "/mobileconfig", urls.address_query(address)
        ),
        has_derived_ids=True,
    ),
    _Client(
        "PACC",
        "",
        lambda _address, domain: ClientRequest(
            "GET",
            "https",
            f"ua-auto-config.{domain}",
            "/.well-known/user-agent-configuration.json",
        ),
        is_personal=False,
    ),
)


def login_of(name: str) -> str:
    """Return the login name that the directory has for a user."""
    return f"login-{name}"


def repeated_questions(*, directory: bool) -> list[Question]:
    """Return the requests that clients repeat.

    Args:
        directory: whether users of `LISTED` are in a directory.
    """
    found = []
    for number in range(USERS):
        found += _questions(Kind.PLAIN, f"plain{number}@{PLAIN}", number)
        if directory:
            found += _questions(Kind.USER, f"user{number}@{LISTED}", number)
            found += _questions(Kind.STRANGER, f"stranger{number}@{LISTED}", number)
    return [*found, *_questions(Kind.UNSERVED, f"anna@{UNSERVED}", 0)]


def templates(*, directory: bool) -> list[Question]:
    """Return a request of each kind that is sent once, each with a word in place of a number."""
    found = _questions(Kind.NEW_DOMAIN, f"anna@{NEW_DOMAIN_WORD}.{NEW}", 0)
    if directory:
        found += _questions(Kind.NEW_USER, f"{NEW_USER_WORD}@{LISTED}", 0)
    return [one for one in found if not _client(one.client).has_derived_ids]


def filled(template: Question, number: int) -> Question:
    """Return a request that is sent once."""
    client = _client(template.client)
    if template.kind is Kind.NEW_DOMAIN:
        address = f"anna@d{number}.{NEW}"
    else:
        address = f"{new_user(number)}@{LISTED}"
    request = client.request(address, address.partition("@")[2])
    return Question(client.name, template.kind, address, request)


def new_user(number: int) -> str:
    """Return the name of a user of the directory who is requested once."""
    return f"once{number % NEW_USERS}"


class Source:
    """A stream of requests for several threads, without end."""

    def __init__(self, questions: list[Question], *, once: bool) -> None:
        """Initialize with the requests to repeat, or with the templates of those sent once."""
        numbers = itertools.count(1)
        repeated = itertools.cycle(questions)
        self._next: Iterator[Question] = (
            (filled(one, next(numbers)) for one in repeated) if once else repeated
        )
        self._lock = threading.Lock()

    def __next__(self) -> Question:
        with self._lock:
            return next(self._next)


def user_agent(client: str) -> str:
    """Return the header of a client; empty if it sends none."""
    return _client(client).user_agent


def _questions(kind: Kind, address: str, number: int) -> list[Question]:
    domain = address.partition("@")[2]
    return [
        Question(one.name, kind, address, one.request(address, domain))
        for one in CLIENTS
        if one.is_personal or (number == 0 and kind not in _OF_DIRECTORY)
    ]


def _client(name: str) -> _Client:
    return next(one for one in CLIENTS if one.name == name)
