"""The work that is counted: frequent requests, a providers file, and each format."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, islice
from typing import Final

from tests.golden.cases import FORMATS, OF_DOMAINS
from tests.servers.patience import PATIENCE_SECONDS
from tests.web.in_process import MemoryTransport
from tests.web.public.worker import Worker
from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import ClientConfig
from waypost.lookup.lookup import client_config
from waypost.providers_file.load import read_providers
from waypost.store.memory import MemoryDomains, MemoryStore

Work = Callable[[int], None]
"""Does something as many times as the argument says."""

_DOMAINS: Final = 1000
_PROVIDERS: Final = 20
_ALICE: Final = EmailAddress.parse("alice@d0.example")
_SERVICES: Final = """
services = [
  { type = "imap", host = "imap.example.com", login_name = "%EMAILADDRESS%" },
  { type = "smtp", host = "smtp.%EMAILDOMAIN%", login_name = "%EMAILADDRESS%" },
  { type = "caldav", url = "https://dav.example.com/%EMAILADDRESS%/" },
  { type = "activesync", url = "https://eas.example.com/Microsoft-Server-ActiveSync" },
]
"""
_HEADERS: Final = (
    "Host: autoconfig.d0.example\r\nUser-Agent: Mozilla/5.0 Thunderbird/140.0\r\n"
    "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\n"
)
_OUTLOOK: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    'requestschema/2006"><Request><EMailAddress>{address}</EMailAddress>'
    "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    "responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of work.

    Attributes:
        name: its name in the table and in the recorded figures.
        repetitions: how many times the smaller of the two counts does it.
        prepare: does what is not counted, and returns the work.
    """

    name: str
    repetitions: int
    prepare: Callable[[], Work]


class _CountedWorker(Worker):
    """A worker that does little next to the answers, so that little else is counted."""

    def converse(self, requests: Iterable[bytes]) -> bytes:
        """Send whole requests on one connection, each after the last answer; return all answers."""
        return self._runner.run(self._converse(requests))

    async def _converse(self, requests: Iterable[bytes]) -> bytes:
        transport, connection = MemoryTransport("192.0.2.7"), self._connection()
        connection.connection_made(transport)
        for request in requests:
            connection.data_received(request)
            while self._state.tasks:
                await asyncio.wait(self._state.tasks, timeout=PATIENCE_SECONDS)
        connection.connection_lost(None)
        return bytes(transport.written)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """Requests to a worker, and what must be true of the answers.

    Attributes:
        address: the address in a request, with places for a number and for its domain.
        request: returns the request for an address.
        status: the status of each answer.
        is_routed: whether the router answers, and no template.
    """

    address: str
    request: Callable[[str], bytes]
    status: int = 200
    is_routed: bool = False

    def prepare(self) -> Work:
        """Start a worker, and return what sends requests to it and checks the answers."""
        worker = _CountedWorker(
            partial(MemoryDomains, _store(_providers(1))), has_templates=not self.is_routed
        ).__enter__()
        numbers = count()

        def work(times: int) -> None:
            requests = [self._request(number) for number in islice(numbers, times)]
            routed, answers = worker.routed, worker.converse(requests)
            if answers.count(b"HTTP/1.1 %d " % self.status) != times:
                raise AssertionError(f"not {times} answers with {self.status}: {answers[:400]!r}")
            # The router answers the first request; its answer becomes the template.
            if worker.routed - routed not in ({times} if self.is_routed else {0, 1}):
                raise AssertionError(f"the router answered {worker.routed - routed} of {times}")

        return work

    def _request(self, number: int) -> bytes:
        return self.request(self.address.format(number=number, domain=number % _DOMAINS))


def cases() -> Iterator[Case]:
    """Yield all cases, in the order in which they are counted."""
    one, other = "alice@d0.example", "user{number:06}@d0.example"
    unserved, new = "user{number:06}@not.served", "user{number:06}@d{domain}.example"
    exchanges = {
        "Autoconfig, one address": (100, _Exchange(one, _autoconfig)),
        "Autoconfig, new address and domain": (100, _Exchange(new, _autoconfig)),
        "Autodiscover (POX), new address": (50, _Exchange(other, _autodiscover)),
        "profile, new address": (30, _Exchange(other, _profile)),
        "404, new address": (50, _Exchange(unserved, _autoconfig, 404)),
        "Autoconfig, by the router": (20, _Exchange(other, _autoconfig, is_routed=True)),
    }
    for name, (repetitions, exchange) in exchanges.items():
        yield Case(name, repetitions, exchange.prepare)
    yield Case(f"providers file with {_PROVIDERS} providers", 1, _read_providers)
    for file, render in FORMATS.items():
        yield Case(f"render {file}", 10, partial(_rendering, render, _config(file)))


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\n{_HEADERS}\r\n".encode()


def _autoconfig(address: str) -> bytes:
    return _get(f"/mail/config-v1.1.xml?emailaddress={address}")


def _profile(address: str) -> bytes:
    return _get(f"/mobileconfig?emailaddress={address}")


def _autodiscover(address: str) -> bytes:
    body = _OUTLOOK.format(address=address)
    return (
        f"POST /autodiscover/autodiscover.xml HTTP/1.1\r\n{_HEADERS}"
        f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


def _providers(number: int) -> str:
    each = _DOMAINS // number
    return "".join(
        f'[[provider]]\nname = "Provider {one}"\n'
        f"domains = {[f'd{domain}.example' for domain in range(one * each, (one + 1) * each)]}"
        f"{_SERVICES}"
        for one in range(number)
    )


def _store(text: str) -> MemoryStore:
    return MemoryStore(read_providers(text, name="mail.toml", format="toml").catalog)


def _read_providers() -> Work:
    text = _providers(_PROVIDERS)

    def work(times: int) -> None:
        for _ in range(times):
            read_providers(text, name="mail.toml", format="toml")

    return work


def _config(file: str) -> ClientConfig:
    domain = DomainName.parse("d0.example")
    address = None if file in OF_DOMAINS else _ALICE
    return client_config(_store(_providers(1)).find(domain), domain, address)


def _rendering(render: Callable[[ClientConfig], bytes], config: ClientConfig) -> Work:
    def work(times: int) -> None:
        for _ in range(times):
            render(config)

    return work
