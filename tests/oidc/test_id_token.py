"""Any text as an ID token: it is refused, and nothing else happens."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from tests.oidc.test_flow import unsigned
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.id_token import TokenRules, UnknownKey, read_id_token

RULES = TokenRules("https://login.example.com", "waypost", "nonce", lambda: 0.0)
KEYS = [ECKey.generate_key("P-256", auto_kid=True).as_dict(private=False)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "b64"]), JSON)


@settings(max_examples=30)
@given(st.text(max_size=60) | st.builds(unsigned, HEADERS, JSON))
def test_any_text(token: str) -> None:
    """A text without a signature of the provider is never accepted."""
    with pytest.raises((OidcFailure, UnknownKey)) as caught:
        read_id_token(token, [dict(one) for one in KEYS], RULES)
    assert not isinstance(caught.value, OidcFailure) or caught.value.code is FailureCode.BAD_TOKEN


@settings(max_examples=30)
@given(st.lists(st.dictionaries(st.sampled_from(["kty", "n", "e", "crv", "x", "y", "kid"]), JSON)))
def test_any_keys(keys: list[dict[str, object]]) -> None:
    """Keys that cannot be read are left out."""
    token = unsigned({"alg": "ES256", "kid": "x"}, json.loads("{}"))
    with pytest.raises((OidcFailure, UnknownKey)):
        read_id_token(token, [{**key, "kty": "EC"} for key in keys], RULES)
