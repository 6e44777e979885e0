"""Targets for the sign-in of mail users: cookies of browsers, and claims of OpenID providers."""

import json
from contextlib import suppress
from typing import Final

from tests.fuzz.target import Target
from tests.fuzz.targets.requests import request_with
from waypost.core.address import EmailAddress
from waypost.setup_links.keys import LinkKeys
from waypost.sign_in.authenticator import SignInRefused
from waypost.sign_in.claims import read_person
from waypost.sign_in.proof import Proofs, form_key
from waypost.web.public.setup.cookies import read_cookie
from waypost.web.public.setup.openid_page import LOGIN_COOKIE, PROOF_COOKIE

_KEY: Final = "k" * 32


def cookies(data: bytes) -> None:
    """Read the cookies of a sign-in, one header field in each line; no text is a proof."""
    request = request_with([(b"cookie", line) for line in data.splitlines()])
    proof = read_cookie(request, PROOF_COOKIE)
    assert Proofs(LinkKeys([_KEY])).read(proof) is None, "a proof that Waypost has not made"
    form_key(proof)
    assert ";" not in read_cookie(request, LOGIN_COOKIE)


def claims(data: bytes) -> None:
    """Read the person of claims; the address is verified, and the same text gives it again."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    for claim in ("email", "preferred_username"):
        with suppress(SignInRefused):
            person = read_person(found, claim)
            assert claim != "email" or found["email_verified"] is True
            assert EmailAddress.parse(str(person.address)) == person.address


SIGN_IN: Final = (
    Target(
        "cookies",
        cookies,
        words=(PROOF_COOKIE.encode(), LOGIN_COOKIE.encode(), b"=", b"; ", b"\n", b"~de", b"A" * 43),
    ),
    Target(
        "claims",
        claims,
        words=(
            *(b'"email":', b'"email_verified":', b"true", b'"true"', b"null", b'"name":', b"["),
            *(b'"preferred_username":', b"alice@example.com", b"\\u0000", b"\\u200b", b"mailto:"),
        ),
    ),
)
