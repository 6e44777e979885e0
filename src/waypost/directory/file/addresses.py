"""Read the addresses of a file: usually many addresses in a few domains."""

import re
from typing import Final

from waypost.core.address import ADDRESS_MAX_BYTES, EmailAddress
from waypost.core.errors import AddressError

# Local parts that `EmailAddress.parse` always accepts; parsing takes ten times as long.
_SIMPLE_LOCAL_PART: Final = re.compile(r"[A-Za-z0-9_.+=-]{1,64}")


class AddressParser:
    """A reader of addresses that parses each domain once."""

    def __init__(self) -> None:
        """Create a reader that has seen no domain."""
        self._domains: dict[str, str] = {}

    def canonical(self, text: str) -> str:
        """Return an address with its domain in small letters and A-labels.

        Raises:
            AddressError: names the rule that the text breaks, but never the text.
        """
        text = text.strip(" \t")
        local_part, _, domain = text.rpartition("@")
        cached_domain = self._domains.get(domain)
        if cached_domain is not None and _SIMPLE_LOCAL_PART.fullmatch(local_part):
            address = f"{local_part}@{cached_domain}"
            if len(address) <= ADDRESS_MAX_BYTES:
                return address
        if text.startswith(("@", "*@")):
            raise AddressError(
                "is a catch-all, not a user; remove it (the key unknown_user says what unknown "
                "users get)"
            )
        parsed = EmailAddress.parse(text)
        self._domains[domain] = parsed.domain.ascii
        return str(parsed)
