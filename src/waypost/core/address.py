"""Email addresses and domain names, parsed once at the input and trusted afterwards.

`DomainName` and `EmailAddress` are created by parsing, so code that has one need not check it
again. Rules: RFC 5321 s4.1.2 and s4.5.3.1, RFC 5890 to 5892 (IDNA 2008), RFC 6531 (SMTPUTF8),
RFC 6532, RFC 5233 (sub-addresses).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote

import idna

from waypost.core.errors import AddressError, DomainError
from waypost.core.text_rules import invisible_in, is_never_text, trimmed

# RFC 5321 s4.5.3.1.3: a path has at most 256 bytes, including its two angle brackets.
ADDRESS_MAX_BYTES: Final = 254
# RFC 1035 s2.3.4, without the length bytes and the root label.
DOMAIN_MAX_BYTES: Final = 253
LABEL_MAX_BYTES: Final = 63
# Longer input is refused before it is parsed; the longest U-label form is much shorter.
INPUT_MAX_CHARS: Final = 1024

# RFC 1123 s2.1: a label may begin with a digit. RFC 5890 s2.3.1: letters, digits, hyphens.
_LDH_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
# IDNA 2008 has no mapping; these are the dots that input methods produce (UTS 46 s2.3).
_DOTS: Final = re.compile("[.\u3002\uff0e\uff61]")
_PLACEHOLDER: Final = re.compile("%(?:EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%", re.IGNORECASE)
# RFC 5322 s3.2.3 atext, with the dots of a dot-atom; RFC 6531 s3.3 adds all characters that are
# not ASCII. Dots are allowed anywhere: some providers have mailboxes such as `a..b` and `a.`.
_UNQUOTED: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\U0010ffff]+")
# RFC 6068 s2; Exchange's proxyAddresses have `SMTP:` for the main address and `smtp:` for others.
_SCHEME: Final = re.compile("(mailto|smtp):", re.IGNORECASE)
# Characters that need no escape in a text, a URL or any format.
_PLAIN_LOCAL_PART: Final = re.compile("[A-Za-z0-9._-]+")
SEPARATORS: Final = "!#$%&'*+-/=?^_`{|}~"
"""The characters that can separate a user from a detail: those of RFC 5322 s3.2.3."""
ANONYMOUS_LOCAL_PART: Final = "EVOLUTIONUSER"
"""The local part that Evolution 3.46 sends for every user (seen with 3.46.4).

Evolution replaces it in the answer with the real one, so that no server sees the user's address.
"""


@dataclass(frozen=True, slots=True, order=True)
class DomainName:
    """A domain name, normalized.

    Attributes:
        ascii: lower case, A-labels (`xn--…`), no trailing dot, 1 to 253 bytes,
            each label 1 to 63 bytes of letters, digits and inner hyphens.
    """

    ascii: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a domain name in U-label or A-label form, in any case, with or without a final dot.

        An A-label is not decoded: IDNA 2008's rules for its content are for registries, and some
        registries have names outside these rules, such as those with emoji (RFC 5891 s5.4).

        Raises:
            DomainError: the message names the rule that `text` breaks.
        """
        if len(text) > INPUT_MAX_CHARS:
            raise DomainError(f"the domain is longer than {DOMAIN_MAX_BYTES} bytes")
        text = trimmed(text)
        if (invisible := invisible_in(text)) is not None:
            raise DomainError(f"the domain has the invisible character {invisible}")
        labels = _DOTS.split(text)
        if len(labels) > 1 and labels[-1] == "":
            labels.pop()
        if labels == [""]:
            raise DomainError("the domain is empty")
        encoded = ".".join([_label(label) for label in labels])
        if len(encoded) > DOMAIN_MAX_BYTES:
            raise DomainError(f"the domain is longer than {DOMAIN_MAX_BYTES} bytes")
        if encoded.rpartition(".")[2].isdigit():
            # RFC 3696 s2: a top-level domain is never all digits, so this is an IP address.
            raise DomainError("the domain ends in a number; an IP address is not a mail domain")
        return cls(encoded)

    @property
    def unicode(self) -> str:
        """The name with U-labels, for people; an invalid A-label stays unchanged."""
        return (
            ".".join(map(_u_label, self.ascii.split("."))) if "xn--" in self.ascii else self.ascii
        )

    def parents(self) -> Iterator["DomainName"]:
        """Yield the parent domains, the nearest first: for a.b.c they are b.c, then c."""
        rest = self.ascii
        while "." in rest:
            rest = rest.partition(".")[2]
            yield DomainName(rest)

    def __str__(self) -> str:
        """Return the A-label form."""
        return self.ascii


@dataclass(frozen=True, slots=True, order=True)
class EmailAddress:
    """An email address.

    Attributes:
        local_part: exactly as in the input, including case (RFC 5321 s2.4), `+tag` and non-ASCII
            letters (RFC 6531 s3.3); without control characters, which some formats cannot contain.
        domain: the part after the last `@`.
    """

    local_part: str
    domain: DomainName

    @property
    def is_anonymous(self) -> bool:
        """Return whether it is a placeholder for any user of its domain (Evolution 3.46)."""
        return self.local_part == ANONYMOUS_LOCAL_PART

    @property
    def is_plain(self) -> bool:
        """Return whether the local part has only letters, digits, dots, hyphens and `_`.

        No document escapes or encodes any of these.
        """
        return _PLAIN_LOCAL_PART.fullmatch(self.local_part) is not None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse `local-part@domain`, with or without `smtp:` in front, or a `mailto:` link.

        A link may be percent-encoded and have a subject (RFC 6068 s2).

        Raises:
            AddressError: the message names the rule that `text` breaks.
        """
        if len(text) > INPUT_MAX_CHARS:
            raise AddressError(f"the address is longer than {ADDRESS_MAX_BYTES} bytes")
        text = trimmed(text)
        if (scheme := _SCHEME.match(text)) is not None:
            text = trimmed(text[scheme.end() :])
            if scheme[1].lower() == "mailto":
                text = _address_of_link(text)
        if (invisible := invisible_in(text)) is not None:
            raise AddressError(f"the address has the invisible character {invisible}")
        # A quoted local part may contain "@" (RFC 5321 s4.1.2), a domain cannot.
        local_part, separator, domain = text.rpartition("@")
        if not separator:
            raise AddressError("the address has no @")
        if not local_part:
            raise AddressError("the part before the @ is empty")
        _check_local_part(local_part)
        address = cls(local_part, DomainName.parse(domain))
        if len(str(address).encode()) > ADDRESS_MAX_BYTES:
            raise AddressError(f"the address is longer than {ADDRESS_MAX_BYTES} bytes")
        return address

    @classmethod
    def parse_query(cls, text: str) -> Self:
        """Parse an address from a decoded URL, as clients send it.

        A redirect of Apache's mod_rewrite encodes the query a second time unless the rule has the
        flag NE, so that `%40` remains. Without an `@` the address must be encoded.

        Raises:
            AddressError: the message names the rule that `text` breaks.
        """
        if "@" not in text and "%40" in text:
            with suppress(UnicodeDecodeError):
                text = unquote(text, errors="strict")
        return cls.parse(text)

    def without_detail(self, separators: str) -> Self:
        """Return the address of the user of this sub-address: of `alice+shop` it is `alice`.

        RFC 5233 s4 lets the site choose the separator of user and detail. Here it is the first of
        the separators that has a user in front of it, as in Postfix. A local part in quotation
        marks has no detail.

        Args:
            separators: each character is one; empty if no address has a detail.
        """
        if not separators or self.local_part.startswith('"'):
            return self
        ends = (
            position
            for position, char in enumerate(self.local_part)
            if position and char in separators
        )
        return type(self)(self.local_part[: next(ends, None)], self.domain)

    def __str__(self) -> str:
        """Return `local-part@domain` with the domain in A-label form."""
        return f"{self.local_part}@{self.domain.ascii}"


def _label(label: str) -> str:
    """Return one label in lower-case LDH or A-label form."""
    if not label:
        raise DomainError("the domain has an empty label (two dots in a row, or a dot in front)")
    lower = label.lower() if label.isascii() else label
    if label.isascii():
        if len(lower) > LABEL_MAX_BYTES:
            raise DomainError(f"a label of the domain is longer than {LABEL_MAX_BYTES} bytes")
        if not _LDH_LABEL.fullmatch(lower):
            raise DomainError(
                "a label of the domain has characters other than letters, digits and inner hyphens"
            )
        return lower
    try:
        # The library checks RFC 5892 (letters and contexts) and RFC 5893 (right-to-left labels).
        encoded = idna.encode(lower, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError) as error:
        if "long" in str(error):
            message = f"a label of the domain is longer than {LABEL_MAX_BYTES} bytes"
            raise DomainError(message) from error
        message = (
            "a label of the domain is not allowed by IDNA 2008; write it as an A-label (xn--...)"
        )
        raise DomainError(message) from error
    if not _LDH_LABEL.fullmatch(encoded):
        raise DomainError("a label of the domain is not allowed by IDNA 2008")
    return encoded


def _u_label(label: str) -> str:
    try:
        return idna.ulabel(label)
    except UnicodeError:
        return label


def _address_of_link(text: str) -> str:
    """Return the address of a link (RFC 6068 s2), which may be percent-encoded and have a query."""
    address = text.partition("?")[0]
    try:
        return unquote(address, errors="strict")
    except UnicodeDecodeError:
        return address


def _check_local_part(local_part: str) -> None:
    """Refuse a local part that no client means, or that a document cannot contain."""
    if _PLAIN_LOCAL_PART.fullmatch(local_part):
        return
    if any(is_never_text(char) for char in local_part):
        raise AddressError("the part before the @ contains a control character")
    quoted = len(local_part) > 2 and local_part[0] == local_part[-1] == '"'
    if not quoted and '"' in local_part:
        raise AddressError("the part before the @ has an unpaired quotation mark")
    if not quoted and any(char.isspace() for char in local_part):
        raise AddressError("the part before the @ has a space and no quotation marks")
    if not quoted and (char := _UNQUOTED.sub("", local_part)[:1]):
        raise AddressError(f"the part before the @ has {char} and no quotation marks")
    if _PLACEHOLDER.search(local_part):
        # A client would expand it again, so the answer would be for another address.
        raise AddressError("the part before the @ is a placeholder, not a mailbox name")
