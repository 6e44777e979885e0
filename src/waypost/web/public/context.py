"""What handlers may use: all that a request may touch."""

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field

from waypost.address import EmailAddress
from waypost.documents import Documents
from waypost.lookup import Lookup
from waypost.model import ProfileSettings
from waypost.profiles.signers import ProfileSigners
from waypost.seeding import Seeding
from waypost.seldom import Seldom
from waypost.web.public.operator_check import OwnerCheck, PeerCheck
from waypost.web.public.reply import Reply
from waypost.web.public.request import Request
from waypost.web.public.schemes import SchemeCheck


@dataclass(frozen=True, slots=True)
class Context:
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
    seeding: Seeding | None = None
    peer_check: PeerCheck = field(default_factory=OwnerCheck)
    refusals: Seldom = field(default_factory=Seldom)
    profiles: ProfileSettings = field(default_factory=ProfileSettings)
    signer: ProfileSigners | None = None
    takes_passwords: bool = False
    documents: Documents = field(default_factory=Documents)
    schemes: SchemeCheck = field(default_factory=SchemeCheck)


@dataclass(slots=True)
class Noted:
    """What a handler found out about a request, for its log line."""

    address: EmailAddress | None = None
    domain: str | None = None
    fields: MutableMapping[str, object] = field(default_factory=dict)


Handler = Callable[[Context, Request, Noted], Awaitable[Reply]]
