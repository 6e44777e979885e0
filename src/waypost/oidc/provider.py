"""What Waypost knows about a provider: its description and its keys, in memory for an hour.

Sources: OpenID Connect Discovery 1.0 s3 and s4, RFC 7517 s5 (JWK sets).
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlsplit

from waypost.net.deadline import Deadline
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.json_http import get_json
from waypost.settings.validators import validate_hook

Value = TypeVar("Value")
DISCOVERY_PATH: Final = "/.well-known/openid-configuration"
_PRINTABLE: Final = re.compile("[!-~]+")
SELECT_ACCOUNT: Final = "select_account"
KEPT_SECONDS: Final = 3600.0
REFRESH_SECONDS: Final = 60.0
"""An unknown key makes Waypost read the keys again, at most this often."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """The description of a provider.

    Attributes:
        sends_issuer: whether the callback has the parameter `iss` (RFC 9207 s3).
        by_form: whether the client sends its secret in the form, because the provider does not
            support HTTP Basic.
        offers_accounts: whether the provider says that it lets people choose an account
            (`prompt_values_supported` of Initiating User Registration via OpenID Connect 1.0 s4).
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    sends_issuer: bool
    by_form: bool
    offers_accounts: bool


@dataclass(frozen=True, slots=True)
class _Kept(Generic[Value]):
    value: Value
    read_at: float


@dataclass(slots=True)
class OpenIdProvider:
    """One provider. Its methods may be called in several threads.

    Attributes:
        issuer: the configured name, which is a URL.
        clock: monotonic seconds.
    """

    issuer: str
    clock: Callable[[], float] = time.monotonic
    _metadata: "_Kept[Metadata] | None" = None
    _keys: "_Kept[list[Mapping[str, Any]]] | None" = None
    _lock: Lock = field(default_factory=Lock)

    def metadata(self, deadline: Deadline) -> Metadata:
        """Return the description of the provider.

        Raises:
            OidcFailure: it cannot be read, or is not usable.
        """
        kept = self._metadata
        if kept is None or self.clock() - kept.read_at >= KEPT_SECONDS:
            url = f"{self.issuer.rstrip('/')}{DISCOVERY_PATH}"
            data = get_json(url, deadline, "discovery")
            kept = _Kept(read_metadata(data, self.issuer), self.clock())
            self._metadata = kept
        return kept.value

    def keys(
        self, deadline: Deadline, unknown: list[Mapping[str, Any]] | None = None
    ) -> list[Mapping[str, Any]]:
        """Return the keys of the provider, as JWKs.

        Args:
            deadline: of the sign-in.
            unknown: the keys of an earlier call, if these did not have the key of a token.

        Raises:
            OidcFailure: they cannot be read.
        """
        with self._lock:
            kept, now = self._keys, self.clock()
            if kept is not None:
                seconds = REFRESH_SECONDS if kept.value is unknown else KEPT_SECONDS
                if now - kept.read_at < seconds:
                    return kept.value
        data = get_json(self.metadata(deadline).jwks_uri, deadline, "jwks_uri")
        found = data.get("keys")
        if not isinstance(found, list):
            raise OidcFailure(FailureCode.BAD_ANSWER, "jwks_uri: the answer has no list keys")
        keys: list[Mapping[str, Any]] = [key for key in found if isinstance(key, dict)]
        with self._lock:
            self._keys = _Kept(keys, now)
        return keys


def read_metadata(data: Mapping[str, Any], issuer: str) -> Metadata:
    """Return the description of a provider (OpenID Connect Discovery 1.0 s3).

    Raises:
        OidcFailure: it is that of another issuer, or a URL is missing or not safe.
    """
    # s4.3: exactly the same text, including a slash at its end.
    if data.get("issuer") != issuer:
        shown = str(data.get("issuer"))[:200]
        reason = f"discovery: the issuer is {shown!r}; the configured one must be the same text"
        raise OidcFailure(FailureCode.WRONG_ISSUER, reason)
    methods = data.get("token_endpoint_auth_methods_supported")
    by_form = isinstance(methods, list) and "client_secret_basic" not in methods
    prompts = data.get("prompt_values_supported")
    has_userinfo = data.get("userinfo_endpoint") is not None
    return Metadata(
        _url(data, "authorization_endpoint", issuer),
        _url(data, "token_endpoint", issuer),
        _url(data, "jwks_uri", issuer),
        _url(data, "userinfo_endpoint", issuer) if has_userinfo else None,
        data.get("authorization_response_iss_parameter_supported") is True,
        by_form,
        isinstance(prompts, list) and SELECT_ACCOUNT in prompts,
    )


def _url(data: Mapping[str, Any], name: str, issuer: str) -> str:
    """Return a URL of the description; without encryption only if the issuer is without it."""
    value = data.get(name)
    # `urlsplit` drops line breaks, which would end a header field of the answer to a browser.
    if (
        not isinstance(value, str)
        or _PRINTABLE.fullmatch(value) is None
        or not _is_safe(value, issuer)
    ):
        raise OidcFailure(FailureCode.BAD_ANSWER, f"discovery: {name} is not an https URL")
    return value


def _is_safe(url: str, issuer: str) -> bool:
    try:
        validate_hook(url)
        return urlsplit(url).scheme == "https" or urlsplit(issuer).scheme == "http"
    except ValueError:
        return False
