"""Secrets that are given out once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.admin.access.secret_text import (
    LINK_PREFIX,
    SESSION_PREFIX,
    TOKEN_PREFIX,
    digest,
    is_well_formed,
    new_id,
    new_secret,
)

PREFIXES = (TOKEN_PREFIX, LINK_PREFIX, SESSION_PREFIX)


@pytest.mark.parametrize("prefix", PREFIXES)
def test_new_secrets_are_well_formed_and_differ(prefix: str) -> None:
    """Each secret has its prefix and its checksum, and no other prefix."""
    secrets = {new_secret(prefix) for _ in range(100)}
    assert len(secrets) == 100
    assert all(is_well_formed(secret, prefix) for secret in secrets)
    others = [other for other in PREFIXES if other != prefix]
    assert not any(is_well_formed(secret, other) for secret in secrets for other in others)
    assert len({digest(secret) for secret in secrets}) == 100


@given(st.integers(0, 48), st.sampled_from("0Az"))
def test_one_wrong_character_breaks_the_checksum(place: int, char: str) -> None:
    """A token that was typed or copied wrongly is recognized without the database."""
    secret = new_secret(TOKEN_PREFIX)
    start = len(TOKEN_PREFIX) + place
    changed = secret[:start] + char + secret[start + 1 :]
    assert is_well_formed(changed, TOKEN_PREFIX) == (changed == secret)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "waypost_",
        new_secret(TOKEN_PREFIX)[:-1],
        new_secret(TOKEN_PREFIX) + "0",
        new_secret(TOKEN_PREFIX).upper(),
        new_secret(TOKEN_PREFIX) + "\n",
        "waypost_" + "é" * 49,
        "waypost_" + "٣" * 49,
        "waypost_" + "0" * 100_000,
    ],
    ids=["empty", "prefix", "short", "long", "case", "newline", "letter", "digit", "huge"],
)
def test_other_text_is_no_secret(text: str) -> None:
    """Text of another form is not a token."""
    assert not is_well_formed(text, TOKEN_PREFIX)


def test_ids_are_easy_to_type() -> None:
    """An id has no characters that look alike."""
    assert not set("".join(new_id() for _ in range(200))) & set("l1o0")
