"""The answers to requests as a function: no socket, no event loop, no log, no metrics.

For programs that use Waypost as a library (`waypost.api`). The routes and handlers are those of the
public listener, so the answers are the same.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar
from urllib.parse import quote

from waypost.core.address import DomainName, EmailAddress
from waypost.core.document_template import RenderedDocument
from waypost.core.errors import DirectoryUnavailable, RequestTooLarge
from waypost.core.model import (
    Directory,
    DirectoryPolicy,
    Domain,
    FileDirectory,
    ProfileSettings,
    Provider,
    SigningFiles,
    User,
)
from waypost.lookup.lookup import Lookup, LookupResult
from waypost.lookup.render_cache import More, Render, RenderCache, Template
from waypost.runtime.log_throttle import LogThrottle
from waypost.web.app_context import AccessLogEntry, AppContext
from waypost.web.public.handlers.autodiscover_json import merge_slashes_outside_address
from waypost.web.public.mount import Mount
from waypost.web.public.origin.operator_check import RefuseAll
from waypost.web.public.origin.proxy import ClientOrigin
from waypost.web.public.origin.schemes import SchemeCheck
from waypost.web.public.page import qr
from waypost.web.public.page.languages import Languages
from waypost.web.public.request import Request, merge_slashes
from waypost.web.public.router import Router

if TYPE_CHECKING:
    from waypost.formats.mobileconfig.signing import Credentials

Result = TypeVar("Result")

FindUser = Callable[[EmailAddress], User | None]
"""Returns the user of an address, or None if there is no such user.

It may raise DirectoryUnavailable: then the client gets the general answer of the domain.
"""
MAX_AGE_SECONDS: Final = 60
# The label of the users that a program itself finds; no file is read.
_PROGRAM_USERS: Final = FileDirectory("find_user", "")


class DomainStore(Protocol):
    """The domains that are served."""

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry with the best match for a domain, or None."""
        ...


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request, as a program received it.

    Attributes:
        method: `GET`, `POST` and so on, in capitals (RFC 9110 s9.1).
        path: decoded, without the query, and without `mount`.
        query: undecoded, without the question mark.
        raw_path: the path undecoded, as the client sent it, without `mount`; None if the program
            does not know it. It separates a slash from an encoded slash (`%2F`).
        headers: names in any case; Host is needed (RFC 9112 s3.2).
        body: the whole body.
        scheme: `http` or `https`, as far as the program knows.
        scheme_is_known: whether the scheme is certain. If it is not, Waypost also reads the headers
            of web servers in front, and redirects less.
        mount: the path of the site below which the program serves Waypost; empty for the site.
        http_version: `1.0`, `1.1` or `2`.
    """

    method: str
    path: str
    query: bytes = b""
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = field(default=b"", repr=False)
    scheme: str = "https"
    scheme_is_known: bool = False
    mount: str = ""
    http_version: str = "1.1"
    raw_path: bytes | None = None


@dataclass(frozen=True, slots=True)
class WebResponse:
    """An answer. The program sends all of its headers, and no others about its content.

    Attributes:
        status: the status code.
        headers: all headers, with Content-Type and Content-Length.
        body: empty for HEAD.
        code: `ok`, or what is wrong, for the program's own log.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    code: str = "ok"


@dataclass(frozen=True, slots=True)
class ProfileCredentials:
    """The credentials that sign profiles.

    Attributes:
        general: for all providers without their own; None leaves their profiles unsigned.
        by_files: those of the providers that name their own files.
    """

    general: "Credentials | None" = None
    by_files: Mapping[SigningFiles, "Credentials"] = field(default_factory=dict)

    def sign_at_once(self, _profile: bytes, _provider: Provider) -> bytes | None:
        """Return None: a program calls `sign`."""
        return None

    async def sign(self, profile: bytes, provider: Provider, *, may_cache: bool = True) -> bytes:  # noqa: ARG002 -- nothing is kept
        """Return a profile, signed if it must be."""
        files = provider.profile.signing
        credentials = self.general if files is None else self.by_files[files]
        if credentials is None:
            return profile
        from waypost.formats.mobileconfig.signing import sign  # noqa: PLC0415 -- cryptography needs 19 MB

        return sign(profile, credentials)


@dataclass(frozen=True, slots=True)
class Options:
    """The options of the answers; each is described in docs/reference/settings.md.

    Attributes:
        public_url: the https URL where clients of all domains reach this site, without a path and
            without a slash at its end; None if each domain has its own host names.
        max_age_seconds: how long clients may keep an answer (`max_age`).
        profiles: settings of Apple profiles.
        signing: signs Apple profiles.
        takes_passwords: whether a profile may contain the user's password.
    """

    public_url: str | None = None
    max_age_seconds: int = MAX_AGE_SECONDS
    profiles: ProfileSettings = field(default_factory=ProfileSettings)
    signing: ProfileCredentials = field(default_factory=ProfileCredentials)
    takes_passwords: bool = False


class Responder:
    """The answers for some providers. It keeps nothing of a request; threads may share one.

    `/initdb/` is always 404: there is no database.
    """

    def __init__(
        self, domains: DomainStore, options: Options, find_user: FindUser | None = None
    ) -> None:
        """Initialize with the domains, the options, and the function that finds users.

        Args:
            domains: answers are for these alone.
            options: of the answers.
            find_user: finds the users of all domains; None if the program knows nothing of them.
        """
        finder = _ProgramFinder(domains, find_user)
        self._router = Router()
        self._context = AppContext(
            lookup=Lookup(finder, finder, options.public_url),
            documents=_UncachedRenderer(),
            max_age_seconds=options.max_age_seconds,
            public_url=options.public_url,
            initdb=None,
            peer_check=RefuseAll("there is no database"),
            refusal_log_limit=LogThrottle(),
            profiles=options.profiles,
            signer=options.signing,
            takes_passwords=options.takes_passwords,
            scheme_check=SchemeCheck(),
            draw_qr_code=_draw_qr_code,
            load_languages=Languages().load,
        )

    def serves(self, path: str) -> bool:
        """Return whether Waypost answers at a path, so that the site does not.

        The setup page at `/` does not count: a site has its own page there.

        Args:
            path: decoded, without the query, and without the path of a mount.
        """
        return self._router.serves(merge_slashes(path))

    def respond(self, request: WebRequest) -> WebResponse:
        """Return the answer to a request; any request has one.

        Raises:
            Exception: what `find_user` raises, except DirectoryUnavailable and DirectoryError.
        """
        converted = _convert_request(request)
        _, response = _run_without_event_loop(
            self._router.answer(self._context, converted, AccessLogEntry())
        )
        headers, body = response.complete(head=request.method == "HEAD")
        pairs = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)
        return WebResponse(response.status, pairs, body, response.code)


def with_users(entry: Domain | None) -> Domain | None:
    """Return the entry of a domain whose users the program finds.

    If the providers file has a directory for the domain, its rules for unknown users and for names
    count. Otherwise the program decides what an answer shows, by what it returns.
    """
    if entry is None or entry.users is not None or entry.redirect is not None:
        return entry
    return replace(entry, users=DirectoryPolicy(_PROGRAM_USERS, show_display_name=True))


class _UncachedRenderer:
    """A renderer that keeps nothing. Implements `app_context.DocumentRenderer`."""

    def render(
        self,
        render: Render[*More],
        result: LookupResult,
        *more: *More,
        template: Template[*More] | None = None,
    ) -> RenderedDocument:
        """Return the bytes of `render(result.config(), *more)`, and the same ETag as a server."""
        return RenderCache(size=1).render(render, result, *more, template=template)


class _ProgramFinder:
    """The domains and users of the program. Implements `DomainFinder` and `UserFinder`."""

    def __init__(self, domains: DomainStore, find_user: FindUser | None) -> None:
        self._domains = domains
        self._find_user = find_user

    async def find(self, domain: DomainName) -> Domain | None:
        """Return the entry for a domain, whose users the program finds."""
        entry = self._domains.find(domain)
        return entry if self._find_user is None else with_users(entry)

    async def user_for(self, _directory: Directory, address: EmailAddress) -> User | None:
        """Return the user that the program finds.

        Raises:
            DirectoryUnavailable: the program knows nothing of users; no directory is opened here.
        """
        if self._find_user is None:
            raise DirectoryUnavailable("the library opens no directory")
        return self._find_user(address)


async def _draw_qr_code(url: str) -> str | None:
    return qr.svg(url)


def _convert_request(request: WebRequest) -> Request:
    headers = [
        (name.lower().encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in request.headers
    ]
    host = next((value.decode("latin-1") for name, value in headers if name == b"host"), "")
    decoded = (request.path or "/").encode("utf-8", "surrogatepass")
    path = decoded.decode("utf-8", "replace")
    raw_path = request.raw_path or quote(decoded).encode()

    async def read_body(max_bytes: int) -> bytes:
        if len(request.body) > max_bytes:
            raise RequestTooLarge(max_bytes)
        return request.body

    return Request(
        method=request.method,
        path=merge_slashes_outside_address(path, raw_path),
        raw_path=raw_path,
        query_string=request.query,
        headers=headers,
        client=None,
        server=None,
        origin=ClientOrigin(None, request.scheme, host, request.scheme_is_known),
        read_body=read_body,
        http_version=request.http_version,
        mount=Mount.of(request.mount),
    )


def _run_without_event_loop(answer: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine that waits for nothing, without an event loop."""
    try:
        answer.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    answer.close()
    raise RuntimeError("an answer without a server must not wait for anything")
