"""What handlers may use: all that a request may touch."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field

from waypost.core.address import EmailAddress
from waypost.core.model import ProfileSettings
from waypost.lookup.lookup import Lookup
from waypost.lookup.render_cache import RenderCache
from waypost.profiles.signers import ProfileSigners
from waypost.runtime.ratelimit import RateLimiter
from waypost.store.initdb import InitDb
from waypost.web.public.origin.operator_check import OwnerCheck, PeerCheck
from waypost.web.public.origin.schemes import SchemeCheck
from waypost.web.public.request import Request
from waypost.web.public.response import Response


@dataclass(frozen=True, slots=True)
class AppContext:
    """The parts of a running listener that handlers use.

    Attributes:
        max_age_seconds: how long clients may keep an Autoconfig answer.
        public_url: the URL of Waypost for the clients of all domains, without a slash at its end;
            None if each domain has its own host names.
        seeding: automx2's `/initdb/`; None if it is disabled or there is no database.
        peer_check: decides who may use `/initdb/`.
        refusals: limits the log lines about refused requests to `/initdb/` from this machine.
        profiles: the operator's settings for Apple profiles.
        signer: signs the profiles; None if signing is disabled.
        takes_passwords: whether a profile may contain the user's password.
        documents: renders the documents of the formats.
        schemes: decides which clients are redirected to https.
    """

    lookup: Lookup
    max_age_seconds: int
    public_url: str | None = None
    seeding: InitDb | None = None
    peer_check: PeerCheck = field(default_factory=OwnerCheck)
    refusals: RateLimiter = field(default_factory=RateLimiter)
    profiles: ProfileSettings = field(default_factory=ProfileSettings)
    signer: ProfileSigners | None = None
    takes_passwords: bool = False
    documents: RenderCache = field(default_factory=RenderCache)
    schemes: SchemeCheck = field(default_factory=SchemeCheck)


@dataclass(slots=True)
class RequestLog:
    """What a handler found out about a request, for its log line."""

    address: EmailAddress | None = None
    domain: str | None = None
    fields: MutableMapping[str, object] = field(default_factory=dict)


Handler = Callable[[AppContext, Request, RequestLog], Awaitable[Response]]
