"""The sign-in of a mail user: each failure of the flow is one of a few that people can act on."""

from collections.abc import Iterator

import pytest

from tests.servers.scripted_openid import (
    CLIENT_ID,
    CLIENT_SECRET,
    ScriptedOpenId,
    scripted_openid,
)
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.flow import Flow, RelyingParty
from waypost.oidc.provider import OpenIdProvider
from waypost.sign_in.authenticator import Refusal, SignInRefused
from waypost.sign_in.openid import OpenIdAuthenticator

CALLBACK = "https://setup.example.com/sign-in/oidc/callback"
BELOW = "https://setup.example.com/mail/sign-in/oidc/callback"
ENDED = {FailureCode.WRONG_STATE, FailureCode.CODE_REFUSED}


@pytest.fixture(name="provider", scope="module")
def _provider() -> Iterator[ScriptedOpenId]:
    with scripted_openid() as provider:
        yield provider


def authenticator(provider: ScriptedOpenId) -> OpenIdAuthenticator:
    claims = ("email", "email_verified")
    client = RelyingParty(CLIENT_ID, CLIENT_SECRET, CALLBACK, claims)
    return OpenIdAuthenticator(Flow(OpenIdProvider(provider.url), client), "email")


def test_good_sign_in(provider: ScriptedOpenId) -> None:
    """The verified address is that of the person, whose secrets belong to one sign-in."""
    provider.reset()
    provider.claims = {"email": "alice@example.com", "email_verified": True, "name": "Alice"}
    running = authenticator(provider)
    url, secrets = running.begin(BELOW, asks_for_account=False)
    query = provider.authorize(url)
    assert running.is_answer(query, secrets)
    assert not running.is_answer(query, "")
    person = running.finish(query, secrets, BELOW)
    assert (f"{person.address}", person.display_name) == ("alice@example.com", "Alice")
    (form,) = provider.forms
    assert form["redirect_uri"] == BELOW
    with pytest.raises(SignInRefused) as caught:
        running.finish(query, secrets, BELOW)
    assert (caught.value.refusal, caught.value.reason_code) == (Refusal.ENDED, "code_refused")


@pytest.mark.parametrize("code", FailureCode)
def test_failures(
    provider: ScriptedOpenId, code: FailureCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each failure keeps its code and its reason for the log."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise OidcFailure(code, "the reason")

    monkeypatch.setattr(Flow, "begin", fail)
    monkeypatch.setattr(Flow, "finish", fail)
    running = authenticator(provider)
    for call in (
        lambda: running.begin(BELOW, asks_for_account=False),
        lambda: running.finish({}, "", BELOW),
    ):
        with pytest.raises(SignInRefused, match="the reason") as caught:
            call()
        assert caught.value.reason_code == code
        assert (caught.value.refusal is Refusal.ENDED) == (code in ENDED)
        assert (caught.value.refusal is Refusal.DENIED) == (code is FailureCode.DENIED)
