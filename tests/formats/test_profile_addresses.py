"""Several addresses of one mailbox in one profile."""

import plistlib
from typing import Any

import pytest

from tests.formats.test_profile_settings import EVERYTHING, config
from tests.making import ALICE, EXAMPLE_COM
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError
from waypost.formats.mobileconfig.aliases import ALIASES_MAX, aliases_of
from waypost.formats.mobileconfig.profile import render

BOB = EmailAddress("bob", EXAMPLE_COM)
CAROL = EmailAddress("carol", DomainName("example.net"))
MANY = [EmailAddress(f"a{number}", EXAMPLE_COM) for number in range(ALIASES_MAX)]

GOOD = [
    # the given aliases, the used aliases
    ([], ()),
    ([BOB], (BOB,)),
    ([CAROL, BOB, CAROL], (CAROL, BOB)),
    ([ALICE, BOB, ALICE], (BOB,)),
    ([EmailAddress("Alice", EXAMPLE_COM), BOB, EmailAddress("BOB", EXAMPLE_COM)], (BOB,)),
    ([*MANY, *MANY, ALICE], tuple(MANY)),
]
BAD = [
    # the main address, the given aliases, the rule
    (ALICE, [*MANY, BOB], "more than 20"),
    (ALICE, [EmailAddress('"a,b"', EXAMPLE_COM)], "a comma"),
    (EmailAddress("a,b", EXAMPLE_COM), [BOB], "a comma"),
]


@pytest.mark.parametrize(("given", "taken"), GOOD)
def test_good(given: list[EmailAddress], taken: tuple[EmailAddress, ...]) -> None:
    """Each alias is used once, in the given order, without the main address."""
    assert aliases_of(ALICE, given) == taken


@pytest.mark.parametrize(("address", "given", "rule"), BAD)
def test_bad(address: EmailAddress, given: list[EmailAddress], rule: str) -> None:
    """Too many aliases, or aliases with commas, are refused."""
    with pytest.raises(AddressError, match=rule):
        aliases_of(address, given)


def test_comma_without_aliases() -> None:
    """A main address with a comma is allowed without aliases."""
    assert aliases_of(EmailAddress("a,b", EXAMPLE_COM), []) == ()


def profile(*aliases: EmailAddress) -> dict[str, Any]:
    found: dict[str, Any] = plistlib.loads(render(config(*EVERYTHING), aliases=aliases))
    return found


@pytest.mark.rule("mobileconfig-aliases")
def test_only_the_mail_account_changes() -> None:
    """Aliases follow the main address in the one key for several addresses, and only there."""
    plain, several = profile(), profile(BOB, CAROL)
    (mail,) = (one for one in several["PayloadContent"] if "EmailAccountType" in one)
    assert mail["EmailAddress"] == "alice@example.com, bob@example.com, carol@example.net"

    mail["EmailAddress"] = "alice@example.com"
    assert several == plain, "the same identity, so that it replaces the one without aliases"
