"""The flow with a provider on loopback: a good sign-in, and a table of all that can go wrong."""

import base64
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.servers.scripted_openid import CLIENT_ID, CLIENT_SECRET, ScriptedOpenId, query_of
from waypost.oidc import flow as flow_module
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.flow import Flow, LoginState, RelyingParty, basic, code_challenge
from waypost.oidc.provider import OpenIdProvider

CALLBACK = "http://127.0.0.1:4244/admin/oidc/callback"
CLOSED = "http://127.0.0.1:9"
NOW = int(time.time())


def new_flow(
    issuer: str, secret: str | None = CLIENT_SECRET, claims: tuple[str, ...] = ("groups",)
) -> Flow:
    """Return a flow that has read nothing yet."""
    return Flow(OpenIdProvider(issuer), RelyingParty(CLIENT_ID, secret, CALLBACK, claims))


def sign_in(provider: ScriptedOpenId, flow: Flow | None = None, **query: str) -> dict[str, Any]:
    """Sign in, with more parameters of the callback, and return the claims."""
    flow = flow or new_flow(provider.url)
    login = LoginState.create()
    given = {**provider.authorize(flow.begin(login)), **query}
    return flow.finish({name: value for name, value in given.items() if value}, login)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Return a token with an empty signature."""
    parts = (json.dumps(part).encode() for part in (header, claims))
    return ".".join([*(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts), ""])


def with_key(key: Any) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """Return a function that signs with another key than the published one."""

    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        return ScriptedOpenId("", key).good_token(header, claims)

    return sign


def with_public_key(provider: ScriptedOpenId) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """Return a function that uses the public key as the key of an HMAC (RFC 8725 s2.1)."""
    pem = provider.key.as_pem(private=False)

    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = unsigned(header, claims)
        digest = hmac.digest(pem, text.rstrip(".").encode(), "sha256")
        return text + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    return sign


def test_good_sign_in(provider: ScriptedOpenId) -> None:
    """The claims of the token are returned; the secrets are where the standards want them."""
    flow, login = new_flow(provider.url), LoginState.create()
    url = flow.begin(login)
    query = {name: value for name, (value,) in query_of(url).items()}
    assert url.startswith(f"{provider.url}/authorize?")
    assert (query["scope"], query["redirect_uri"]) == ("openid profile email", CALLBACK)
    assert (query["state"], query["nonce"]) == (login.state, login.nonce)
    assert query["code_challenge_method"] == "S256"
    assert login.verifier not in url
    claims = flow.finish(provider.authorize(url), login)
    assert (claims["sub"], claims["groups"]) == ("8f1c2a", ["mail-admins"])
    (form,) = provider.forms
    assert "client_secret" not in form
    assert provider.asked["/userinfo"] == 0
    assert LoginState.read(login.text()) == login


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSAKey.generate_key(2048), "PS256"),
        (ECKey.generate_key("P-256"), "ES256"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
    ],
    ids=["PS256", "ES256", "EdDSA"],
)
def test_algorithms(provider: ScriptedOpenId, key: Any, algorithm: str) -> None:
    """Each allowed algorithm is accepted, also next to a key of an unknown kind."""
    key.ensure_kid()
    provider.published = [{"kty": "AKP", "kid": "x"}, {"kty": "RSA"}, key.as_dict(private=False)]
    provider.header, provider.sign = {"alg": algorithm, "kid": key.kid}, with_key(key)
    assert sign_in(provider)["sub"] == "8f1c2a"


def test_secret_in_the_form(provider: ScriptedOpenId) -> None:
    """The secret is in the form if the provider does not support HTTP Basic."""
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(provider)["sub"] == "8f1c2a"
    assert provider.forms[0]["client_secret"] == CLIENT_SECRET


# what is wrong: changes of the provider, more parameters of the callback, the code, a part of the
# reason
Case = tuple[dict[str, Any], dict[str, str], FailureCode, str]
HUGE = json.dumps({"keys": ["x" * 300_000]}).encode()
DISCOVERY = "/.well-known/openid-configuration"
CASES: dict[str, Case] = {
    "the person refuses": ({}, {"error": "access_denied"}, FailureCode.DENIED, "access_denied"),
    "an error": ({}, {"error": "server_error"}, FailureCode.PROVIDER_ERROR, "server_error"),
    "an error that is no code": ({}, {"error": "a@b c\n"}, FailureCode.PROVIDER_ERROR, "(unknown)"),
    "no code": ({}, {"code": ""}, FailureCode.BAD_ANSWER, "no code"),
    "a huge code": ({}, {"code": "x" * 5000}, FailureCode.BAD_ANSWER, "too long"),
    "an unknown code": ({}, {"code": "y"}, FailureCode.CODE_REFUSED, "invalid_grant"),
    "another state": ({}, {"state": "x"}, FailureCode.WRONG_STATE, "another state"),
    "no state": ({}, {"state": ""}, FailureCode.WRONG_STATE, "another state"),
    "another iss": ({}, {"iss": "https://evil.example"}, FailureCode.WRONG_ISSUER, "iss"),
    "iss is missing": (
        {"metadata": {"authorization_response_iss_parameter_supported": True}},
        {},
        FailureCode.WRONG_ISSUER,
        "iss",
    ),
    "the token endpoint is down": (
        {"metadata": {"token_endpoint": f"{CLOSED}/token"}},
        {},
        FailureCode.UNREACHABLE,
        "refused",
    ),
    "HTML at the token endpoint": (
        {"bodies": {"/token": (502, b"<html>Bad Gateway</html>")}},
        {},
        FailureCode.BAD_ANSWER,
        "status 502 is not JSON",
    ),
    "a list at the token endpoint": (
        {"bodies": {"/token": (200, b"[]")}},
        {},
        FailureCode.BAD_ANSWER,
        "not a JSON object",
    ),
    "a redirect at the token endpoint": (
        {"bodies": {"/token": (307, b"{}")}},
        {},
        FailureCode.PROVIDER_ERROR,
        "status 307",
    ),
    "no token": ({"bodies": {"/token": (200, b"{}")}}, {}, FailureCode.BAD_ANSWER, "id_token"),
    "no keys": ({"bodies": {"/jwks": (200, b"{}")}}, {}, FailureCode.BAD_ANSWER, "keys"),
    "an error at jwks_uri": (
        {"bodies": {"/jwks": (500, b"{}")}},
        {},
        FailureCode.BAD_ANSWER,
        "status 500",
    ),
    "huge keys": ({"bodies": {"/jwks": (200, HUGE)}}, {}, FailureCode.BAD_ANSWER, "256 KiB"),
    "deep JSON": (
        {"bodies": {"/jwks": (200, b"[" * 100_000)}},
        {},
        FailureCode.BAD_ANSWER,
        "not JSON",
    ),
    "expired": ({"claims": {"exp": NOW - 120}}, {}, FailureCode.BAD_TOKEN, "expired"),
    "no exp": ({"claims": {"exp": None}}, {}, FailureCode.BAD_TOKEN, "exp"),
    "exp is a text": ({"claims": {"exp": "later"}}, {}, FailureCode.BAD_TOKEN, "exp"),
    "from the future": ({"claims": {"iat": NOW + 86_400}}, {}, FailureCode.BAD_TOKEN, "future"),
    "no iat": ({"claims": {"iat": None}}, {}, FailureCode.BAD_TOKEN, "iat"),
    "another nonce": ({"claims": {"nonce": "x"}}, {}, FailureCode.BAD_TOKEN, "nonce"),
    "no nonce": ({"claims": {"nonce": None}}, {}, FailureCode.BAD_TOKEN, "nonce"),
    "another issuer": ({"claims": {"iss": "https://b.example"}}, {}, FailureCode.BAD_TOKEN, "iss"),
    "another audience": ({"claims": {"aud": "other"}}, {}, FailureCode.BAD_TOKEN, "aud"),
    "another list of audiences": ({"claims": {"aud": ["x"]}}, {}, FailureCode.BAD_TOKEN, "aud"),
    "two audiences without azp": (
        {"claims": {"aud": [CLIENT_ID, "other"]}},
        {},
        FailureCode.BAD_TOKEN,
        "azp",
    ),
    "another azp": ({"claims": {"azp": "other"}}, {}, FailureCode.BAD_TOKEN, "azp"),
    "no sub": ({"claims": {"sub": None}}, {}, FailureCode.BAD_TOKEN, "sub"),
    "a sub that is no text": ({"claims": {"sub": 7}}, {}, FailureCode.BAD_TOKEN, "sub"),
    "an empty sub": ({"claims": {"sub": ""}}, {}, FailureCode.BAD_TOKEN, "sub"),
    "no signature": (
        {"header": {"alg": "none"}, "sign": unsigned},
        {},
        FailureCode.BAD_TOKEN,
        "unsupported",
    ),
    "an HMAC with the public key": (
        {"header": {"alg": "HS256"}, "sign": with_public_key},
        {},
        FailureCode.BAD_TOKEN,
        "unsupported",
    ),
    "an EC signature for an RSA key": (
        {"header": {"alg": "ES256"}, "sign": with_key(ECKey.generate_key("P-256"))},
        {},
        FailureCode.BAD_TOKEN,
        "key",
    ),
    "a signature by another key": (
        {"sign": with_key(RSAKey.generate_key(2048))},
        {},
        FailureCode.BAD_TOKEN,
        "signature",
    ),
    "an unknown key": ({"header": {"kid": "x"}}, {}, FailureCode.BAD_TOKEN, "jwks_uri"),
    "a token that is no token": ({"sign": lambda *_: "a.b"}, {}, FailureCode.BAD_TOKEN, "ID token"),
    "userinfo of another person": (
        {"claims": {"groups": None}, "userinfo": {"sub": "x", "groups": ["mail-admins"]}},
        {},
        FailureCode.BAD_TOKEN,
        "sub",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_goes_wrong(provider: ScriptedOpenId, name: str) -> None:
    """Each mistake has its code, and a reason for the log without a secret or a person."""
    changes, query, code, part = CASES[name]
    for attribute, value in changes.items():
        made = value(provider) if value is with_public_key else value
        setattr(provider, attribute, made)
    with pytest.raises(OidcFailure) as caught:
        sign_in(provider, None, **query)
    assert caught.value.code is code, str(caught.value)
    assert part in str(caught.value)
    for secret in (CLIENT_SECRET, "code-", "8f1c2a", "ada", "access\n", "eyJ"):
        assert secret not in str(caught.value)


def test_wrong_secret(provider: ScriptedOpenId) -> None:
    """A wrong secret of Waypost, or none, is not a mistake of the person."""
    for secret in ("wrong", None):
        with pytest.raises(OidcFailure) as caught:
            sign_in(provider, new_flow(provider.url, secret))
        assert caught.value.code is FailureCode.CLIENT_REFUSED


def test_replayed_callback(provider: ScriptedOpenId) -> None:
    """The provider's code works once, also if the cookie was copied."""
    flow, login = new_flow(provider.url), LoginState.create()
    query = provider.authorize(flow.begin(login))
    assert flow.finish(query, login)
    with pytest.raises(OidcFailure) as caught:
        flow.finish(query, login)
    assert caught.value.code is FailureCode.CODE_REFUSED


def test_code_of_another_browser(provider: ScriptedOpenId) -> None:
    """A code that was stolen or injected does not fit the verifier of this browser (PKCE)."""
    flow, victim, thief = new_flow(provider.url), LoginState.create(), LoginState.create()
    stolen = provider.authorize(flow.begin(victim))["code"]
    with pytest.raises(OidcFailure) as caught:
        flow.finish({"code": stolen, "state": thief.state}, thief)
    assert caught.value.code is FailureCode.CODE_REFUSED


def test_groups_of_userinfo(provider: ScriptedOpenId) -> None:
    """If the token has no groups, those of the userinfo endpoint count."""
    provider.claims = {"groups": None}
    provider.userinfo = {"sub": "8f1c2a", "groups": ["helpdesk"], "iss": "x"}
    claims = sign_in(provider)
    assert (claims["groups"], claims["iss"]) == (["helpdesk"], provider.url)


EMAILS: list[tuple[dict[str, Any], dict[str, Any], tuple[object, object]]] = [
    # claims of the token, claims of the userinfo endpoint, the address and whether it is verified
    ({"email": "a", "email_verified": True}, {"email": "b"}, ("a", True)),
    ({}, {"email": "b", "email_verified": True}, ("b", True)),
    ({"email": "a"}, {"email": "b", "email_verified": True}, ("b", True)),
    ({"email": "a"}, {"email_verified": True}, ("a", None)),
    ({"email_verified": True}, {"email": "b"}, (None, True)),
    ({}, {}, (None, None)),
]


@pytest.mark.parametrize(("token", "userinfo", "expected"), EMAILS)
def test_claims_that_belong_together(
    provider: ScriptedOpenId,
    token: dict[str, Any],
    userinfo: dict[str, Any],
    expected: tuple[object, object],
) -> None:
    """Whether an address is verified is never taken from another place than the address."""
    provider.claims, provider.userinfo = token, {"sub": "8f1c2a", **userinfo}
    claims = sign_in(provider, new_flow(provider.url, claims=("email", "email_verified")))
    assert (claims.get("email"), claims.get("email_verified")) == expected
    assert claims["preferred_username"] == "ada"


def test_slow_provider(provider: ScriptedOpenId, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that does not answer in time fails, and only a few sign-ins wait for it."""
    monkeypatch.setattr(flow_module, "SECONDS", 0.3)
    provider.slow = {DISCOVERY}
    with pytest.raises(OidcFailure, match="discovery") as caught:
        sign_in(provider)
    assert caught.value.code is FailureCode.UNREACHABLE
    monkeypatch.setattr(flow_module, "SIGN_INS_MAX", 1)
    flow = new_flow(provider.url)
    with flow._slot(), pytest.raises(OidcFailure) as caught:  # noqa: SLF001 -- a full flow
        flow.begin(LoginState.create())
    assert caught.value.code is FailureCode.BUSY


@pytest.mark.parametrize(
    "text", ["", "a.b.c", "é" * 43 + ".x.y", f"{'a' * 43}.{'b' * 43}", "." * 9]
)
def test_wrong_cookies(text: str) -> None:
    """A cookie that Waypost has not made counts as none."""
    assert LoginState.read(text) is None


def test_challenge_and_basic() -> None:
    """The challenge is that of RFC 7636 appendix B, and Basic encodes both texts."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    assert basic("a b", "c:d") == f"Basic {base64.b64encode(b'a+b:c%3Ad').decode()}"
