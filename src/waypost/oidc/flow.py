"""The authorization code flow: from the link on the sign-in page to the claims of a person.

Sources: OpenID Connect Core 1.0 s3.1, RFC 6749 s4.1, RFC 7636 (PKCE), RFC 9207 (`iss`),
RFC 9700 (best current practice).
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import BoundedSemaphore
from typing import Any, Final
from urllib.parse import quote_plus, urlencode

from waypost.net.deadline import Deadline
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.id_token import TokenRules, UnknownKey, read_id_token
from waypost.oidc.json_http import JsonAnswer, get_json, request_json
from waypost.oidc.provider import SELECT_ACCOUNT, Metadata, OpenIdProvider

SECONDS: Final = 10.0
"""The time limit of all requests of one callback together."""
SIGN_INS_MAX: Final = 4
SCOPES: Final = "openid profile email"
CODE_MAX_CHARS: Final = 4096
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class LoginState:
    """The secrets of one sign-in, which the browser keeps in a cookie.

    Attributes:
        state: of the callback (RFC 6749 s10.12).
        nonce: of the ID token (OpenID Connect Core 1.0 s15.5.2).
        verifier: of the code (RFC 7636 s4.1).
    """

    state: str
    nonce: str
    verifier: str

    @classmethod
    def create(cls) -> "LoginState":
        """Return new secrets of 256 random bits."""
        return cls(*(secrets.token_urlsafe(32) for _ in range(3)))

    @classmethod
    def read(cls, text: str) -> "LoginState | None":
        """Return the secrets of a cookie; None if it has none."""
        parts = text.split(".")
        if len(parts) != 3 or not all(40 <= len(part) <= 64 and part.isascii() for part in parts):
            return None
        return cls(*parts)

    def text(self) -> str:
        """Return the text of the cookie."""
        return f"{self.state}.{self.nonce}.{self.verifier}"


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Waypost as a client of a provider, which the standard calls relying party.

    Attributes:
        client_id, client_secret: as the provider knows them; no secret for a public client.
        redirect_uri: the URL of the callback.
        claims: the claims that Waypost needs. The userinfo endpoint is asked if the ID token does
            not have all of them.
    """

    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_uri: str
    claims: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Code:
    """A code of the provider, and the URL of the callback that it was sent to."""

    text: str = field(repr=False)
    redirect_uri: str


class Flow:
    """The sign-in at one provider. Its methods may be called in several threads."""

    def __init__(
        self, provider: OpenIdProvider, client: RelyingParty, clock: Callable[[], float] = time.time
    ) -> None:
        """Initialize; nothing is read yet.

        Args:
            provider: the provider.
            client: Waypost.
            clock: seconds since 1970.
        """
        self._provider = provider
        self._client = client
        self._clock = clock
        self._slots = BoundedSemaphore(SIGN_INS_MAX)

    def begin(
        self,
        login: LoginState,
        redirect_uri: str | None = None,
        *,
        asks_for_account: bool = False,
    ) -> str:
        """Return the URL of the provider where a person signs in.

        Args:
            login: the secrets of this sign-in.
            redirect_uri: of this sign-in, instead of that of the client.
            asks_for_account: whether the provider asks which account to use, also if the person is
                signed in there.

        Raises:
            OidcFailure: the provider cannot be used now.
        """
        with self._slot():
            metadata = self._provider.metadata(Deadline(SECONDS))
        query = {
            "response_type": "code",
            "client_id": self._client.client_id,
            "redirect_uri": redirect_uri or self._client.redirect_uri,
            "scope": SCOPES,
            "state": login.state,
            "nonce": login.nonce,
            "code_challenge": code_challenge(login.verifier),
            "code_challenge_method": "S256",
        }
        if asks_for_account:
            # s3.1.2.1 and s15.1: each provider supports `login`, which shows its form of sign-in;
            # some refuse `select_account`, which keeps the other accounts signed in.
            query["prompt"] = SELECT_ACCOUNT if metadata.offers_accounts else "login"
        url = metadata.authorization_endpoint
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"

    def finish(
        self,
        query: Mapping[str, str],
        login: LoginState | None,
        redirect_uri: str | None = None,
    ) -> dict[str, Any]:
        """Return the claims of the person whom the provider has sent back.

        Args:
            query: the parameters of the callback.
            login: of the cookie; None without a cookie.
            redirect_uri: as for `begin`.

        Raises:
            OidcFailure: there is no proof who the person is.
        """
        if not is_answer_to(query, login):
            reason = "callback: no cookie" if login is None else "callback: another state"
            raise OidcFailure(FailureCode.WRONG_STATE, reason)
        assert login is not None  # noqa: S101 -- for mypy
        with self._slot():
            deadline = Deadline(SECONDS)
            metadata = self._provider.metadata(deadline)
            self._check_issuer(query, metadata)
            code = _read_code(query)
            uri = redirect_uri or self._client.redirect_uri
            tokens = self._exchange(_Code(code, uri), login, metadata, deadline)
            claims = self._read_token(tokens, login, deadline)
            needed = self._client.claims
            if not claims.keys() >= {*needed} and metadata.userinfo_endpoint is not None:
                more = _read_userinfo(claims, tokens, metadata.userinfo_endpoint, deadline)
                claims = _joined(claims, more, needed)
        return claims

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """Keep a slow provider from using all threads of the process."""
        if not self._slots.acquire(blocking=False):
            raise OidcFailure(FailureCode.BUSY, f"{SIGN_INS_MAX} sign-ins wait for the provider")
        try:
            yield
        finally:
            self._slots.release()

    def _check_issuer(self, query: Mapping[str, str], metadata: Metadata) -> None:
        # RFC 9207 s2.4: against an answer of one provider that is sent to another.
        issuer = query.get("iss")
        if issuer is None and not metadata.sends_issuer:
            return
        if issuer != self._provider.issuer:
            raise OidcFailure(FailureCode.WRONG_ISSUER, "callback: iss is another issuer")

    def _exchange(
        self, code: _Code, login: LoginState, metadata: Metadata, deadline: Deadline
    ) -> Mapping[str, Any]:
        """Exchange the code for tokens (RFC 6749 s4.1.3)."""
        client = self._client
        form = {
            "grant_type": "authorization_code",
            "code": code.text,
            "redirect_uri": code.redirect_uri,
            "code_verifier": login.verifier,
        }
        headers = {}
        if client.client_secret is None:
            form["client_id"] = client.client_id
        elif metadata.by_form:
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
        else:
            headers["Authorization"] = basic(client.client_id, client.client_secret)
        answer = request_json(
            metadata.token_endpoint, deadline, "token_endpoint", headers, urlencode(form).encode()
        )
        if answer.status != _OK:
            raise _refusal(answer)
        return answer.data

    def _read_token(
        self, tokens: Mapping[str, Any], login: LoginState, deadline: Deadline
    ) -> dict[str, Any]:
        token = tokens.get("id_token")
        if not isinstance(token, str):
            reason = "token_endpoint: the answer has no id_token"
            raise OidcFailure(FailureCode.BAD_ANSWER, reason)
        rules = TokenRules(self._provider.issuer, self._client.client_id, login.nonce, self._clock)
        keys = self._provider.keys(deadline)
        try:
            return read_id_token(token, keys, rules)
        except UnknownKey:
            keys = self._provider.keys(deadline, unknown=keys)
        try:
            return read_id_token(token, keys, rules)
        except UnknownKey as error:
            reason = "ID token: jwks_uri does not have its key"
            raise OidcFailure(FailureCode.BAD_TOKEN, reason) from error


def is_answer_to(query: Mapping[str, str], login: LoginState | None) -> bool:
    """Return whether a callback belongs to a sign-in of this browser."""
    state = query.get("state", "")
    return login is not None and hmac.compare_digest(state.encode(), login.state.encode())


def code_challenge(verifier: str) -> str:
    """Return the challenge of a verifier (RFC 7636 s4.2, S256)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def basic(client_id: str, secret: str) -> str:
    """Return the value of Authorization; both texts are encoded first (RFC 6749 s2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode('ascii')}"


def _read_code(query: Mapping[str, str]) -> str:
    """Return the code of the callback (RFC 6749 s4.1.2)."""
    if "error" in query:
        shown = _error_word(query["error"])
        code = FailureCode.DENIED if shown == "access_denied" else FailureCode.PROVIDER_ERROR
        raise OidcFailure(code, f"callback: error {shown}")
    code_text = query.get("code", "")
    if not 1 <= len(code_text) <= CODE_MAX_CHARS:
        raise OidcFailure(FailureCode.BAD_ANSWER, "callback: there is no code, or it is too long")
    return code_text


def _refusal(answer: JsonAnswer) -> OidcFailure:
    """Return why there are no tokens (RFC 6749 s5.2)."""
    word = _error_word(answer.data.get("error"))
    codes = {
        "invalid_grant": FailureCode.CODE_REFUSED,
        "invalid_client": FailureCode.CLIENT_REFUSED,
        "unauthorized_client": FailureCode.CLIENT_REFUSED,
    }
    reason = f"token_endpoint: status {answer.status}, error {word}"
    return OidcFailure(codes.get(word, FailureCode.PROVIDER_ERROR), reason)


def _error_word(value: object) -> str:
    """Return the code of an error for the log; not its description, which may have a name."""
    text = value if isinstance(value, str) else ""
    is_word = 1 <= len(text) <= 64 and text.isascii() and text.replace("_", "").isalnum()
    return text if is_word else "(unknown)"


def _read_userinfo(
    claims: Mapping[str, Any], tokens: Mapping[str, Any], url: str, deadline: Deadline
) -> dict[str, Any]:
    """Return the claims of the userinfo endpoint (OpenID Connect Core 1.0 s5.3)."""
    token = tokens.get("access_token")
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        return {}
    headers = {"Authorization": f"Bearer {token}"}
    more = get_json(url, deadline, "userinfo_endpoint", headers)
    # s5.3.2: the answer may be about another person, if the access token was exchanged.
    if more.get("sub") != claims["sub"]:
        raise OidcFailure(FailureCode.BAD_TOKEN, "userinfo_endpoint: sub is another one")
    return more


def _joined(
    claims: Mapping[str, Any], more: Mapping[str, Any], needed: tuple[str, ...]
) -> dict[str, Any]:
    """Return the claims of a token with those of the userinfo endpoint; the token comes first.

    The needed claims are all from one of both: `email_verified` is about the `email` next to it.
    """
    own = dict(claims)
    if more.keys() >= {*needed}:
        own = {name: value for name, value in own.items() if name not in needed}
    else:
        more = {name: value for name, value in more.items() if name not in needed}
    return {**more, **own}
