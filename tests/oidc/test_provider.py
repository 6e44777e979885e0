"""The description and the keys of a provider: rules, memory, and how often they are read."""

from typing import Any

import pytest

from tests.oidc.test_flow import DISCOVERY
from tests.servers.scripted_openid import ScriptedOpenId
from waypost.net.deadline import Deadline
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.provider import OpenIdProvider, read_metadata

ISSUER = "https://login.example.com/a/"
GOOD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}authorize",
    "token_endpoint": f"{ISSUER}token",
    "jwks_uri": f"{ISSUER}jwks",
}
BAD: list[tuple[dict[str, Any], FailureCode]] = [
    ({"issuer": ISSUER.rstrip("/")}, FailureCode.WRONG_ISSUER),
    ({"issuer": "https://evil.example"}, FailureCode.WRONG_ISSUER),
    ({"issuer": None}, FailureCode.WRONG_ISSUER),
    ({"issuer": ["x"]}, FailureCode.WRONG_ISSUER),
    ({"token_endpoint": None}, FailureCode.BAD_ANSWER),
    ({"token_endpoint": 7}, FailureCode.BAD_ANSWER),
    ({"token_endpoint": "http://login.example.com/token"}, FailureCode.BAD_ANSWER),
    ({"token_endpoint": "http://127.0.0.1/token"}, FailureCode.BAD_ANSWER),
    ({"jwks_uri": "file:///etc/passwd"}, FailureCode.BAD_ANSWER),
    ({"jwks_uri": "https://user:password@login.example.com/"}, FailureCode.BAD_ANSWER),
    ({"authorization_endpoint": "javascript:alert(1)"}, FailureCode.BAD_ANSWER),
    ({"authorization_endpoint": f"{ISSUER}\r\nSet-Cookie: a=b"}, FailureCode.BAD_ANSWER),
    ({"authorization_endpoint": f"{ISSUER}\u0101"}, FailureCode.BAD_ANSWER),
    ({"userinfo_endpoint": "https://"}, FailureCode.BAD_ANSWER),
]


def test_good_description() -> None:
    """The URLs are read; without other information, the secret goes by HTTP Basic."""
    found = read_metadata(GOOD, ISSUER)
    assert (found.token_endpoint, found.userinfo_endpoint) == (f"{ISSUER}token", None)
    assert (found.by_form, found.sends_issuer) == (False, False)


@pytest.mark.parametrize(("change", "code"), BAD)
def test_bad_descriptions(change: dict[str, Any], code: FailureCode) -> None:
    """A description of another issuer, or with a URL that is not safe, is refused."""
    with pytest.raises(OidcFailure) as caught:
        read_metadata({**GOOD, **change}, ISSUER)
    assert caught.value.code is code
    assert "password" not in str(caught.value)


def test_memory(provider: ScriptedOpenId) -> None:
    """The description and the keys are read once an hour; unknown keys at most once a minute."""
    now = [0.0]
    found = OpenIdProvider(provider.url, lambda: now[0])
    keys = found.keys(Deadline(60))
    assert found.keys(Deadline(60)) is keys
    assert (provider.asked[DISCOVERY], provider.asked["/jwks"]) == (1, 1)
    now[0] = 59
    assert found.keys(Deadline(60), unknown=keys) is keys
    now[0] = 61
    newer = found.keys(Deadline(60), unknown=keys)
    assert newer is not keys
    # Another thread has refreshed them in the meantime.
    assert found.keys(Deadline(60), unknown=keys) is newer
    assert (provider.asked[DISCOVERY], provider.asked["/jwks"]) == (1, 2)
    now[0] = 3661
    found.keys(Deadline(60))
    assert (provider.asked[DISCOVERY], provider.asked["/jwks"]) == (2, 3)


def test_failures_are_not_kept(provider: ScriptedOpenId) -> None:
    """A provider that could not be reached is asked again."""
    found = OpenIdProvider(provider.url)
    provider.bodies = {DISCOVERY: (503, b"{}")}
    with pytest.raises(OidcFailure, match="status 503"):
        found.metadata(Deadline(60))
    provider.bodies = {}
    assert found.metadata(Deadline(60)).token_endpoint == f"{provider.url}/token"
