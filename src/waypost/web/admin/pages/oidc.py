"""The sign-in at an OpenID provider, as the pages use it."""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from waypost.admin.access.roles import scope_of_groups
from waypost.admin.access.scope import AccessScope
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.runtime.limits.client_network import client_key
from waypost.runtime.limits.ratelimit import RateLimiter, RateLimits
from waypost.settings import Settings
from waypost.settings.admin import admin_pages_url

if TYPE_CHECKING:
    from waypost.oidc.flow import Flow, LoginState

START: Final = "/admin/oidc/start"
CALLBACK: Final = "/admin/oidc/callback"
LIMITS: Final = RateLimits(rate=0.5, burst=20, query_cost=0)
"""How often one address may begin or finish a sign-in."""
NAME_MAX_CHARS: Final = 60
"""Of each of the two parts of a name: the database has room for 128 characters."""
GROUPS_MAX: Final = 10_000


class NoRole(OidcFailure):
    """The provider has identified a person who has no role.

    Attributes:
        name: of the person, for the audit log.
    """

    def __init__(self, name: str, reason: str) -> None:
        """Create the failure for a person."""
        super().__init__(FailureCode.NO_ROLE, reason)
        self.name = name


@dataclass(frozen=True, slots=True)
class OidcSignIn:
    """The sign-in at the provider of the settings.

    Attributes:
        flow: the exchange with the provider.
        host: the host of the provider, for people.
        start_url: begins a sign-in. The cookie must belong to the host of the callback.
        groups_claim, roles: the options of that name.
        clock: monotonic seconds.
    """

    flow: "Flow"
    host: str
    start_url: str
    groups_claim: str
    roles: Mapping[str, str]
    clock: Callable[[], float] = time.monotonic
    _limiter: RateLimiter = field(default_factory=lambda: RateLimiter(LIMITS))
    _lock: Lock = field(default_factory=Lock)

    def begin(self, remote: str | None) -> "tuple[str, LoginState]":
        """Return the URL of the provider, and the secrets for the cookie.

        Args:
            remote: the address of the person.

        Raises:
            OidcFailure: the provider cannot be used now.
        """
        from waypost.oidc.flow import LoginState  # noqa: PLC0415 -- an optional library

        self._count(remote)
        login = LoginState.create()
        return self.flow.begin(login), login

    def finish(
        self, query: Mapping[str, str], cookie: str, remote: str | None
    ) -> tuple[str, AccessScope]:
        """Return the name of the person whom the provider has sent back, and the scope.

        Args:
            query: the parameters of the callback.
            cookie: the text of the cookie; empty without one.
            remote: the address of the person.

        Raises:
            OidcFailure: there is no proof who the person is, or the person has no role.
        """
        from waypost.oidc.flow import LoginState  # noqa: PLC0415 -- an optional library

        self._count(remote)
        claims = self.flow.finish(query, LoginState.read(cookie))
        groups = read_groups(claims.get(self.groups_claim))
        scope = scope_of_groups(groups, self.roles)
        if scope is None:
            known = f"none of {len(groups)} groups is in oidc_roles"
            has_claim = self.groups_claim in claims
            reason = known if has_claim else f"there is no claim {self.groups_claim}"
            raise NoRole(person_name(claims), reason)
        return person_name(claims), scope

    def is_answer(self, query: Mapping[str, str], cookie: str) -> bool:
        """Return whether a callback belongs to the sign-in in the cookie, which is then used up."""
        from waypost.oidc.flow import LoginState, is_answer_to  # noqa: PLC0415 -- an optional library

        return is_answer_to(query, LoginState.read(cookie))

    def _count(self, remote: str | None) -> None:
        with self._lock:
            seconds = self._limiter.take(client_key(remote), self.clock())
        if seconds:
            raise OidcFailure(FailureCode.TOO_MANY, "too many sign-ins from one address")


def open_oidc(settings: Settings) -> OidcSignIn | None:
    """Return the sign-in of the settings; None without `oidc_issuer`. Nothing is read yet."""
    issuer, client_id, roles = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_roles
    if issuer is None or client_id is None or roles is None:
        return None
    from waypost.oidc.flow import Flow, RelyingParty  # noqa: PLC0415 -- an optional library
    from waypost.oidc.provider import OpenIdProvider  # noqa: PLC0415 -- an optional library

    url, claim = admin_pages_url(settings), settings.oidc_groups_claim
    client = RelyingParty(client_id, settings.oidc_client_secret, f"{url}{CALLBACK}", (claim,))
    host = urlsplit(issuer).hostname or ""
    return OidcSignIn(Flow(OpenIdProvider(issuer), client), host, f"{url}{START}", claim, roles)


def read_groups(value: object) -> list[str]:
    """Return the groups of a claim: a list of texts, or one text."""
    values = value if isinstance(value, list) else [value]
    return [one for one in values[:GROUPS_MAX] if isinstance(one, str)]


def person_name(claims: Mapping[str, Any]) -> str:
    """Return the name of a person for sessions and the audit log: `ada (8f1c2a)`.

    Only `sub` is unique and never given to another person (OpenID Connect Core 1.0 s5.7), so it is
    a part of the name. Otherwise a person could take the name of another one.
    """
    subject = str(claims["sub"])
    if len(subject) > NAME_MAX_CHARS or not subject.isprintable():
        subject = hashlib.sha256(subject.encode("utf-8", "replace")).hexdigest()[:40]
    for claim in ("preferred_username", "email", "name"):
        name = claims.get(claim)
        if isinstance(name, str) and name.isprintable() and (name := name.strip()):
            return subject if name == subject else f"{name[:NAME_MAX_CHARS]} ({subject})"
    return subject
