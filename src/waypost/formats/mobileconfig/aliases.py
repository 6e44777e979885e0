"""Several addresses of one mailbox in one Apple configuration profile.

Apple documents one address in the key `EmailAddress`. Apple's own Profile Manager wrote several
addresses into it, separated by commas, and devices use them as aliases: mox joins them this way
(mjl-/mox, http/mobileconfig.go), and mailcow/mailcow-dockerized#4828 reports that a comma and a
blank worked, but a comma alone did not. Apple's bug 35667841 has the same form, and says that
iOS 10 splits them only after the account was opened in the settings once.
"""

from collections.abc import Iterable
from typing import Final
from unicodedata import normalize

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError

ALIASES_MAX: Final = 20
_COMMA: Final = ","


def aliases_of(
    address: EmailAddress, addresses: Iterable[EmailAddress]
) -> tuple[EmailAddress, ...]:
    """Return the other addresses of a mailbox, each once, in their order.

    Args:
        address: the main address, which is not in the result.
        addresses: the addresses, with possible duplicates.

    Raises:
        AddressError: there are too many addresses, or one contains a comma.
    """
    by_mailbox: dict[str, EmailAddress] = {}
    for alias in addresses:
        by_mailbox.setdefault(mailbox_key(alias), alias)
    by_mailbox.pop(mailbox_key(address), None)
    aliases = tuple(by_mailbox.values())
    if len(aliases) > ALIASES_MAX:
        raise AddressError(f"there are more than {ALIASES_MAX} of them")
    if aliases and any(_COMMA in alias.local_part for alias in (address, *aliases)):
        raise AddressError("a comma in an address would divide it")
    return aliases


def mailbox_key(address: EmailAddress) -> str:
    """Return the same text for every spelling of an address.

    RFC 5321 s2.4 allows servers to distinguish `Alice` from `alice`, and advises against it. A
    keyboard that begins with a capital letter must not create a second account for one mailbox.
    RFC 6532 s3.1 recommends NFC for characters that can be typed as one code point or as two.
    """
    return f"{normalize('NFC', address.local_part.lower())}@{address.domain.ascii}"


def join_addresses(address: EmailAddress, aliases: Iterable[EmailAddress]) -> str:
    """Return the value of the key `EmailAddress`, with the main address first."""
    return f"{_COMMA} ".join(str(alias) for alias in (address, *aliases))
