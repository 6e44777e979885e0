"""The cases: what is requested, and what must be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from bench.materials import DOMAINS, MILLION
from bench.requests import Asked, Template
from bench.sample import Content

_FILE: Final = ("--providers", "{providers}")
_OUTLOOK: Final = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/'
    'requestschema/2006"><Request><EMailAddress>{address}</EMailAddress>'
    "<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/"
    "responseschema/2006a</AcceptableResponseSchema></Request></Autodiscover>"
)
_AUTOCONFIG: Final = "/mail/config-v1.1.xml?emailaddress={address}"
_PROFILE: Final = "/mobileconfig?emailaddress={address}"
_AUTOMX2_PROFILE: Final = "/mobileconfig/?emailaddress={address}"

AUTOMX2: Final = "automx2, flask run"
GUNICORN: Final = "automx2, gunicorn"
KOA: Final = "Koa"
AHEAD: Final = 1.0
"""The least ratio of Waypost to a peer."""

START: Final = "start"
"""The name of the time to the first answer for `--only`, which is no case."""


def with_address() -> Content:
    """Return the content of answers with status 200 and the address in the body."""
    return Content(200, lambda asked: asked.address.encode())


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request.

    Attributes:
        key: its name for `--only`.
        title: its name in the table.
        template: the requests.
        target: the least ratio, or the most MB of memory; None if there is no target.
        options: the options of `waypost serve`, with places for files of `Materials`.
        content: what each answer of Waypost and of a peer must have.
        admin: whether the admin listener answers.
        peers: the peers that answer such requests, with another path if they need one.
        peer_targets: the least ratios to peers that are not `AHEAD`.
        compared: what is measured: requests per second and nginx's, those of one worker and of
            two, or the memory after the load.
    """

    key: str
    title: str
    template: Template
    target: float | None
    options: Sequence[str] = _FILE
    content: Content = field(default_factory=with_address)
    admin: bool = False
    peers: Mapping[str, str] = field(default_factory=dict)
    peer_targets: Mapping[str, float] = field(default_factory=dict)
    compared: Literal["nginx", "workers", "memory"] = "nginx"

    def for_peer(self, name: str) -> Template:
        """Return the requests for a peer."""
        return replace(self.template, path=self.peers[name] or self.template.path)

    def content_for_peer(self, name: str) -> Content:
        """Return what each answer of a peer must have."""
        # automx2's Autoconfig has placeholders, and the client replaces them with the address.
        if name in {AUTOMX2, GUNICORN} and self.template.path == _AUTOCONFIG:
            return Content(200, lambda asked: asked.domain.encode())
        return self.content


def _fixed(status: int, text: bytes) -> Content:
    return Content(status, lambda _: text)


def _not_served(asked: Asked) -> bytes:
    return f"{asked.domain} is not served here".encode()


_ALL: Final = {AUTOMX2: "", GUNICORN: "", KOA: ""}
_PROFILES: Final = {AUTOMX2: _AUTOMX2_PROFILE, GUNICORN: _AUTOMX2_PROFILE}
_MANY: Final = Template(_AUTOCONFIG, domains=DOMAINS)

ONE_ADDRESS: Final = Case(
    "autoconfig", "Autoconfig, one address", Template(_AUTOCONFIG), 0.70, peers=_ALL
)
DEMO: Final = Case(
    "memory",
    "memory of a worker, demo",
    Template("/mail/config-v1.1.xml?emailaddress=alice@example.com"),
    55.0,
    options=("--demo",),
    content=_fixed(200, b"alice@example.com"),
    peers=_ALL,
    compared="memory",
)
CASES: Final = (
    ONE_ADDRESS,
    Case("random", "Autoconfig, 10,000 domains at random", _MANY, 0.55, peers=_ALL),
    Case(
        "fresh",
        "the same, a connection for each request",
        replace(_MANY, close=True),
        0.60,
        peers=_ALL,
    ),
    Case(
        "autodiscover",
        "Autodiscover (POX), random addresses",
        Template("/autodiscover/autodiscover.xml", body=_OUTLOOK, domains=DOMAINS),
        0.40,
        peers=_ALL,
    ),
    Case(
        "profile",
        "profile, random addresses",
        Template(_PROFILE, domains=DOMAINS),
        0.40,
        peers=_PROFILES,
    ),
    Case(
        "signed",
        "profile signed with P-256, random addresses",
        Template(_PROFILE, domains=DOMAINS),
        0.12,
        options=(*_FILE, "--profile-cert", "{certificate}", "--profile-key", "{key}"),
        # A signature of ECDSA has two integers in DER, which are sometimes shorter.
        content=Content(200, lambda asked: asked.address.encode(), slack=8),
    ),
    Case(
        "unserved",
        "404 for 1,000 domains that are not served",
        Template(_AUTOCONFIG, domains=1000, prefix="stranger"),
        0.70,
        content=Content(404, _not_served),
    ),
    Case(
        "ask",
        "/tls/ask on the admin listener",
        Template("/tls/ask?domain=autoconfig.{domain}", domains=DOMAINS),
        0.40,
        content=_fixed(200, b"ok\n"),
        admin=True,
    ),
    Case(
        "cold",
        "Autoconfig, 10,000 domains in SQLite, cache_ttl = 0",
        _MANY,
        None,
        options=("--db-uri", "sqlite:///{database}", "--cache-ttl", "0"),
        peers={AUTOMX2: "", GUNICORN: ""},
        peer_targets={GUNICORN: 5.0},
    ),
    Case(
        "workers",
        "two workers on two cores, one address",
        Template(_AUTOCONFIG),
        1.7,
        compared="workers",
    ),
    DEMO,
    Case(
        "million",
        "memory of a worker, 1,000,000 domains in SQLite",
        Template(_AUTOCONFIG, domains=MILLION),
        75.0,
        options=("--db-uri", "sqlite:///{million}"),
        compared="memory",
    ),
)
