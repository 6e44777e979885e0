"""Search filters with the values of an address in them."""

import re
from typing import Final

from waypost.address import EmailAddress

# What may stand in a value as it is: letters, digits and signs that mean nothing in a filter.
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._@+=")
_PLACEHOLDER: Final = re.compile(r"\{(0|local_part|domain)\}")


def escaped(value: str) -> str:
    r"""Return a text as the value of a filter, in which it can mean nothing but itself.

    Each byte of its UTF-8 form that is no plain letter, digit or sign becomes `\xx`.
    """
    # RFC 4515 s3: valueencoding; `*`, `(`, `)`, `\` and NUL must be escaped, any byte may be.
    # A lone surrogate becomes bytes that are no UTF-8, which no value of a directory equals.
    data = value.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in data)


def filled(template: str, address: EmailAddress) -> str:
    """Return a filter for one address: `{0}`, `{local_part}` and `{domain}` become its parts.

    What is put in is not looked at again, so no part can bring a placeholder with it.
    """
    parts = {
        "0": str(address),
        "local_part": address.local_part,
        "domain": address.domain.ascii,
    }
    return _PLACEHOLDER.sub(lambda found: escaped(parts[found[1]]), template)
