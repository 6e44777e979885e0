"""Build search filters from a template and an address."""

import re
from typing import Final

from waypost.core.address import EmailAddress

# Letters, digits and signs without a meaning in a filter: they need no escape.
_PLAIN: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._@+=")
_PLACEHOLDER: Final = re.compile(r"\{(0|local_part|domain)\}")


def escape_value(value: str) -> str:
    r"""Return a text as a literal value for a filter.

    Each byte of its UTF-8 form that is not in `_PLAIN` becomes `\xx`.
    """
    # RFC 4515 s3: valueencoding; `*`, `(`, `)`, `\` and NUL must be escaped, any byte may be.
    # A lone surrogate becomes invalid UTF-8, which equals no value of a directory.
    data = value.encode("utf-8", "surrogatepass")
    return "".join(chr(byte) if byte in _PLAIN else f"\\{byte:02x}" for byte in data)


def fill_filter(template: str, address: EmailAddress) -> str:
    """Return a filter for one address: `{0}`, `{local_part}` and `{domain}` become its parts.

    The inserted parts are not expanded again, so a part cannot contain a placeholder.
    """
    parts = {
        "0": str(address),
        "local_part": address.local_part,
        "domain": address.domain.ascii,
    }
    return _PLACEHOLDER.sub(lambda match: escape_value(parts[match[1]]), template)
