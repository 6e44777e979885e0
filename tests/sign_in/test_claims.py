"""The person of the claims: which address counts, and a table of claims that count for nothing."""

from typing import Any

import pytest

from waypost.sign_in.authenticator import Refusal, SignInRefused
from waypost.sign_in.claims import needed_claims, read_person

ALICE: dict[str, Any] = {"sub": "7", "email": "alice@example.com", "email_verified": True}
GOOD: list[tuple[dict[str, Any], str, str, str]] = [
    # claims, the option, the address, the name
    (ALICE, "email", "alice@example.com", ""),
    (ALICE | {"name": " Alice "}, "email", "alice@example.com", "Alice"),
    # RFC 5321 s2.4: only the domain has no case.
    (ALICE | {"email": "Alice@EXAMPLE.com"}, "email", "Alice@example.com", ""),
    (ALICE | {"email": "a@bücher.example"}, "email", "a@xn--bcher-kva.example", ""),
    (ALICE | {"email": "a@XN--bcher-kva.example"}, "email", "a@xn--bcher-kva.example", ""),
    (ALICE | {"email": "ä@example.com"}, "email", "ä@example.com", ""),
    ({"preferred_username": "bob@example.com"}, "preferred_username", "bob@example.com", ""),
    # Another claim counts alone, whatever the claim email is.
    (ALICE | {"upn": "bob@example.com"}, "upn", "bob@example.com", ""),
    # A name that no profile can contain is left out.
    (ALICE | {"name": "n" * 200}, "email", "alice@example.com", ""),
    (ALICE | {"name": "a\0b"}, "email", "alice@example.com", ""),
    (ALICE | {"name": ["Alice"]}, "email", "alice@example.com", ""),
]
BAD: list[tuple[dict[str, Any], str, str]] = [
    # claims, the option, the rule
    ({"sub": "7"}, "email", "there is no claim email"),
    (ALICE, "mail", "there is no claim mail"),
    ({"email": "alice@example.com"}, "email", "email_verified is not true"),
    (ALICE | {"email_verified": False}, "email", "email_verified is not true"),
    (ALICE | {"email_verified": "true"}, "email", "email_verified is not true"),
    (ALICE | {"email_verified": 1}, "email", "email_verified is not true"),
    (ALICE | {"email": None}, "email", "the claim email is not a text"),
    (ALICE | {"email": ["alice@example.com"]}, "email", "the claim email is not a text"),
    (ALICE | {"email": ""}, "email", "the address has no @"),
    (ALICE | {"email": "alice"}, "email", "the address has no @"),
    (ALICE | {"email": "@example.com"}, "email", "the part before the @ is empty"),
    (ALICE | {"email": "alice@"}, "email", "the domain is empty"),
    (ALICE | {"email": "alice@192.0.2.1"}, "email", "an IP address is not a mail domain"),
    (ALICE | {"email": "a\0b@example.com"}, "email", "a control character"),
    (ALICE | {"email": "a@example.com, b@example.com"}, "email", "no quotation marks"),
    (ALICE | {"email": "%EMAILADDRESS%@example.com"}, "email", "is a placeholder"),
    (ALICE | {"email": "alice@exam\u200bple.com"}, "email", "the invisible character"),
    (ALICE | {"email": f"alice@{'a' * 64}.example"}, "email", "longer than 63 bytes"),
    (ALICE | {"email": f"{'a' * 300}@example.com"}, "email", "longer than 254 bytes"),
    (ALICE | {"email": f"{'a' * 1_000_000}@example.com"}, "email", "longer than 254 bytes"),
]


@pytest.mark.parametrize(("claims", "claim", "address", "name"), GOOD)
def test_good_claims(claims: dict[str, Any], claim: str, address: str, name: str) -> None:
    """The address is the verified one, or that of the claim which the operator has chosen."""
    person = read_person(claims, claim)
    assert (str(person.address), person.display_name) == (address, name)
    assert (person.aliases, person.device) == ((), "")


@pytest.mark.parametrize(("claims", "claim", "rule"), BAD)
def test_bad_claims(claims: dict[str, Any], claim: str, rule: str) -> None:
    """Claims without a verified address are refused, with the rule and without the address."""
    with pytest.raises(SignInRefused, match=rule) as caught:
        read_person(claims, claim)
    assert caught.value.refusal is Refusal.NO_ADDRESS
    assert "alice" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_needed() -> None:
    """The claim email needs the one that says whether it is verified."""
    assert needed_claims("email") == ("email", "email_verified")
    assert needed_claims("upn") == ("upn",)
