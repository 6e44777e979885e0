"""What handlers may use: all that a request may touch, as protocols.

A handler imports no store, no database and no directory: `public/app.py` joins the parts.
"""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVarTuple, Unpack

from waypost.core.address import DomainName, EmailAddress
from waypost.core.document_template import DocumentTemplate, RenderedDocument
from waypost.core.model import ClientConfig, Domain, ProfileSettings, Provider
from waypost.lookup.lookup import LookupResult
from waypost.setup_links.link import LinkTarget, OpenedLink
from waypost.sign_in.authenticator import Login
from waypost.web.public.request import Request
from waypost.web.public.response import Response

Address = tuple[str, int | None]
"""The address and the port of one end of a connection."""
More = TypeVarTuple("More")
DrawQrCode = Callable[[str], Awaitable[str | None]]
"""Returns the QR code of a text as an SVG element, or None if the text is too long for one."""


class ConfigLookup(Protocol):
    """Finds configurations; `lookup.Lookup` describes the errors."""

    async def find_by_address(self, address: EmailAddress) -> LookupResult:
        """Find the entry and the user of an address."""
        ...

    async def find_by_domain(self, domain: DomainName) -> LookupResult:
        """Find the entry of a domain."""
        ...

    async def for_address(self, address: EmailAddress) -> ClientConfig:
        """Return the configuration for an address."""
        ...

    async def for_domain(self, domain: DomainName) -> ClientConfig:
        """Return the configuration for a domain."""
        ...

    async def entry_for(self, domain: DomainName) -> Domain | None:
        """Return the entry that matches a domain, served or not, or None."""
        ...


class DocumentRenderer(Protocol):
    """Renders the documents of the formats."""

    def render(
        self,
        render: Callable[[ClientConfig, Unpack[More]], bytes],
        result: LookupResult,
        *more: *More,
        template: Callable[[ClientConfig, Unpack[More]], DocumentTemplate] | None = None,
    ) -> RenderedDocument:
        """Return the bytes of `render(found.config(), *more)`."""
        ...


class InitdbOperations(Protocol):
    """automx2's operations on a whole database; `store.initdb` describes the errors."""

    def write_sample(self) -> bool:
        """Write the sample providers; return False if the database is not empty."""
        ...

    def import_seed(self, seed: bytes) -> bool:
        """Write a JSON seed of automx2; return False if the database is not empty."""
        ...

    def purge(self) -> None:
        """Remove all rows from the database."""
        ...


class PeerCheck(Protocol):
    """A check whether a client is the operator."""

    async def refusal(self, client: Address | None, server: Address | None) -> str | None:
        """Return why the client is not the operator, or None if it is.

        Args:
            client: address and port of the client's end of the connection.
            server: the same of Waypost's end.
        """
        ...


class LogLimit(Protocol):
    """A limit for repeated lines of the log."""

    def should_log(self) -> bool:
        """Return whether to log now."""
        ...


class Signing(Protocol):
    """Signs profiles for Apple devices."""

    def sign_at_once(self, profile: bytes, provider: Provider) -> bytes | None:
        """Return a profile, signed if it must be; None if `sign` must be used."""
        ...

    async def sign(self, profile: bytes, provider: Provider, *, may_cache: bool = True) -> bytes:
        """Return a profile, signed if it must be.

        Raises:
            SigningUnavailable: it must be signed, and there never were files without errors.
        """
        ...


class SetupLinkOperations(Protocol):
    """One-time links; `setup_links.service` describes the errors."""

    @property
    def makes_passwords(self) -> bool:
        """Whether each use of a link gets an app password."""
        ...

    async def open(self, token: str) -> OpenedLink:
        """Return what a link is for. Nothing changes."""
        ...

    async def use(
        self, token: str, build: Callable[[LinkTarget, str | None], Awaitable[Response]]
    ) -> Response:
        """Return the answer that was built for the person of a link; the use is counted."""
        ...


class AppPasswordOperations(Protocol):
    """App passwords; `setup_links.password_service` describes the errors."""

    async def use(
        self, request_id: str, target: LinkTarget, build: Callable[[str], Awaitable[Response]]
    ) -> Response:
        """Return the answer that was built with a new app password."""
        ...


class SignInOperations(Protocol):
    """Logins of people; `sign_in.service` describes the errors."""

    def take(self, peer: str | None, address: EmailAddress) -> None:
        """Count a try."""
        ...

    async def accepts(self, login: Login) -> bool:
        """Return whether a login is right."""
        ...

    async def pause(self, start: float) -> None:
        """Wait until an answer that fails may be sent.

        Args:
            start: of the request, by `perf_counter`.
        """
        ...


class OpenIdOperations(Protocol):
    """Sign-ins at an OpenID provider; `sign_in.openid_service` describes the errors."""

    @property
    def host(self) -> str:
        """The host name of the provider."""
        ...

    def own_url(self, mount: str, path: str) -> str:
        """Return a URL of Waypost, whose cookies belong to a sign-in."""
        ...

    async def begin(
        self, peer: str | None, mount: str, *, asks_for_account: bool = False
    ) -> tuple[str, str]:
        """Return the URL of the provider, and the secrets for the cookie of the browser."""
        ...

    def is_answer(self, query: Mapping[str, str], secrets: str) -> bool:
        """Return whether a callback belongs to the sign-in with these secrets."""
        ...

    async def finish(
        self, peer: str | None, query: Mapping[str, str], secrets: str, mount: str
    ) -> LinkTarget:
        """Return the person whom the provider has sent back, after `is_answer` was true."""
        ...

    def write_proof(self, person: LinkTarget) -> str:
        """Return the proof who a person is, for a cookie."""
        ...

    def read_proof(self, proof: str) -> LinkTarget | None:
        """Return the person of a proof; None if it is not valid any more."""
        ...

    def take(self, peer: str | None, address: EmailAddress) -> None:
        """Count an answer for a person."""
        ...

    async def pause(self, start: float) -> None:
        """Wait until an answer that fails may be sent, as `SignInOperations.pause`."""
        ...


class PlainHttpCheck(Protocol):
    """A check which requests came over plain http."""

    def is_plain_http(self, request: Request) -> bool:
        """Return whether nothing says that the client used https."""
        ...


class PageLanguage(Protocol):
    """The texts of the setup page in one language."""

    @property
    def tag(self) -> str:
        """The language tag of RFC 5646."""
        ...

    @property
    def direction(self) -> str:
        """In which direction the language is written: `ltr` or `rtl`."""
        ...

    @property
    def texts(self) -> Mapping[str, str]:
        """All texts of the page, by key."""
        ...


class PageLanguages(Protocol):
    """The languages of the setup page."""

    tags: tuple[str, ...]

    def language(self, tag: str) -> PageLanguage:
        """Return one of the languages in `tags`."""
        ...


LoadLanguages = Callable[[], Awaitable[PageLanguages]]
"""Returns the languages of the setup page, the default one first."""


@dataclass(frozen=True, slots=True)
class AppContext:
    """The parts of a running listener that handlers use.

    Attributes:
        lookup: finds the configuration for an address or a domain.
        documents: renders the documents of the formats.
        max_age_seconds: how long clients may keep an Autoconfig answer.
        public_url: the URL of Waypost for the clients of all domains, without a slash at its end;
            None if each domain has its own host names.
        initdb: automx2's `/initdb/`; None if it is disabled or there is no database.
        peer_check: decides who may use `/initdb/`.
        refusal_log_limit: limits the log lines about refused requests to `/initdb/` from this
            machine.
        profiles: the operator's settings for Apple profiles.
        signer: signs the profiles; None if signing is disabled.
        takes_passwords: whether a profile may contain the user's password.
        scheme_check: decides which clients are redirected to https.
        draw_qr_code: draws the QR codes of the page.
        load_languages: returns the languages of the page, which are read when first used.
        is_ready: returns whether clients get their answers; None if `/healthz` and `/readyz` are
            not served, as in another program.
        setup_links: the one-time links; None if they are disabled.
        sign_in: tries the passwords of people who sign in; None if that is disabled.
        openid: signs people in at an OpenID provider; None if that is disabled.
        app_passwords: makes app passwords for them; None if the operator has no system for it.
    """

    lookup: ConfigLookup
    documents: DocumentRenderer
    max_age_seconds: int
    public_url: str | None
    initdb: InitdbOperations | None
    peer_check: PeerCheck
    refusal_log_limit: LogLimit
    profiles: ProfileSettings
    signer: Signing | None
    takes_passwords: bool
    scheme_check: PlainHttpCheck
    draw_qr_code: DrawQrCode
    load_languages: LoadLanguages
    is_ready: Callable[[], bool] | None = None
    setup_links: SetupLinkOperations | None = None
    sign_in: SignInOperations | None = None
    openid: OpenIdOperations | None = None
    app_passwords: AppPasswordOperations | None = None


@dataclass(slots=True)
class AccessLogEntry:
    """What a handler found out about a request, for its log line."""

    address: EmailAddress | None = None
    domain: str | None = None
    fields: MutableMapping[str, object] = field(default_factory=dict)
    part_milliseconds: Mapping[str, float] = field(default_factory=dict)


Handler = Callable[[AppContext, Request, AccessLogEntry], Awaitable[Response]]
