"""The person whom the claims of an OpenID provider are about.

Sources: OpenID Connect Core 1.0 s5.1 (standard claims), s5.7 (only `sub` is unique: any other claim
may be given to another person later, so it counts for one sign-in).
"""

from collections.abc import Mapping
from typing import Any, Final

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, LinkError
from waypost.setup_links.link import LinkTarget, checked_target
from waypost.sign_in.authenticator import Refusal, SignInRefused

EMAIL: Final = "email"
VERIFIED: Final = "email_verified"


def needed_claims(claim: str) -> tuple[str, ...]:
    """Return the claims that say which address a person has.

    Args:
        claim: the option `sign_in_oidc_claim`.
    """
    return (EMAIL, VERIFIED) if claim == EMAIL else (claim,)


def read_person(claims: Mapping[str, Any], claim: str) -> LinkTarget:
    """Return the address and the name of a person.

    Args:
        claims: of a valid ID token, or of the userinfo endpoint.
        claim: the option `sign_in_oidc_claim`.

    Raises:
        SignInRefused: there is no verified address. The message contains no address.
    """
    if claim not in claims:
        raise _refused(f"there is no claim {claim}")
    text = claims[claim]
    if not isinstance(text, str):
        raise _refused(f"the claim {claim} is not a text")
    # s5.1: a boolean. A text such as "false" must not count as true.
    if claim == EMAIL and claims.get(VERIFIED) is not True:
        raise _refused(f"{VERIFIED} is not true")
    try:
        address = EmailAddress.parse(text)
    except AddressError as error:
        raise _refused(f"the claim {claim} is not a mail address: {error}") from error
    try:
        return checked_target(address, _name(claims), (), "")
    except LinkError:
        return LinkTarget(address)


def _name(claims: Mapping[str, Any]) -> str:
    name = claims.get("name")
    return name if isinstance(name, str) else ""


def _refused(reason: str) -> SignInRefused:
    return SignInRefused(Refusal.NO_ADDRESS, "no_address", reason)
