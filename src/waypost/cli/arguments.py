"""Domains, addresses and numbers that a user typed, and messages for other texts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, DomainError, DomainNotServed, InvalidObject

_NUMBER_MAX_DIGITS: Final = 18
_SHOWN_MAX_CHARS: Final = 60


def parse_address_or_domain(text: str) -> EmailAddress | DomainName:
    """Parse an address, or a domain alone.

    Raises:
        AddressError: the text is neither; the message names the rule that it breaks.
    """
    return EmailAddress.parse(text) if "@" in text else parse_domain(text)


def parse_domain(text: str) -> DomainName:
    """Parse a domain, or the domain of an address.

    Raises:
        AddressError: the text is neither; the message names the rule that it breaks.
    """
    try:
        return DomainName.parse(text.rpartition("@")[2])
    except DomainError as error:
        if "@" in text:
            raise
        raise _neither_error(text, f"it has no @, and {error}") from error


def read_number(text: str, command: str) -> int:
    """Return the number of an object.

    Args:
        text: the argument ID.
        command: lists the numbers.

    Raises:
        InvalidObject: the text is not a number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_MAX_DIGITS):
        rule = f"{text[:_SHOWN_MAX_CHARS]!r} is not a number; use one of `{command}`"
        raise InvalidObject([("ID", rule)])
    return int(text)


@contextmanager
def explain_missing_at_sign(text: str) -> Iterator[None]:
    """Raise a clearer error for one word that is not served: most often the @ is missing.

    Raises:
        AddressError: instead of DomainNotServed.
    """
    try:
        yield
    except DomainNotServed as error:
        if "@" in text or "." in text.strip("."):
            raise
        raise _neither_error(
            text, "it has no @ and no dot, and no such domain is served"
        ) from error


def _neither_error(text: str, reason: str) -> AddressError:
    shown = text if text.strip() else f"{text!r}"
    kinds = "an address such as alice@example.com nor a domain such as example.com"
    return AddressError(f"{shown}: is neither {kinds}: {reason}")
