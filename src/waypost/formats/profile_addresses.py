"""Several addresses of one mailbox in one Apple configuration profile.

Apple describes one address in the key `EmailAddress`. Apple's own Profile Manager put several
there, divided by commas, and devices take them for aliases: mox joins them so
(mjl-/mox, http/mobileconfig.go), and mailcow/mailcow-dockerized#4828 reports that a comma and a
blank worked where a comma alone did not. Apple's bug 35667841 has the same form, and says that
iOS 10 divides them only after the account was opened in the settings once.
"""

from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from waypost.address import EmailAddress
from waypost.errors import AddressError

ALIASES_MAX: Final = 20
_COMMA: Final = ","


def aliases_of(address: EmailAddress, given: Iterable[EmailAddress]) -> tuple[EmailAddress, ...]:
    """Return the other addresses of a mailbox, each once, in the order in which they came.

    Args:
        address: the main one, which is left out.
        given: perhaps some of them twice.

    Raises:
        AddressError: there are too many, or the list could not be divided again.
    """
    once: dict[str, EmailAddress] = {}
    for one in given:
        once.setdefault(mailbox(one), one)
    once.pop(mailbox(address), None)
    found = tuple(once.values())
    if len(found) > ALIASES_MAX:
        raise AddressError(f"there are more than {ALIASES_MAX} of them")
    if found and any(_COMMA in one.local_part for one in (address, *found)):
        raise AddressError("a comma in an address would divide it")
    return found


def mailbox(address: EmailAddress) -> str:
    """Return the same text for every spelling of an address.

    RFC 5321 s2.4 allows servers to tell `Alice` from `alice`, and advises against it. A keyboard
    that begins with a capital must not make a second account of one mailbox. RFC 6532 s3.1 has
    NFC for what can be typed as one character or as two.
    """
    return f"{normalize('NFC', address.local_part.lower())}@{address.domain.ascii}"


def joined(address: EmailAddress, aliases: Iterable[EmailAddress]) -> str:
    """Return the value of `EmailAddress`, the main address first."""
    return f"{_COMMA} ".join(str(one) for one in (address, *aliases))
