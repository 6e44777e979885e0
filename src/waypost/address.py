"""Email addresses and domain names, parsed once where they enter and trusted afterwards.

`DomainName` and `EmailAddress` can only be made by parsing, so whoever holds one need not look
at it again. Rules: RFC 5321 s4.1.2 and s4.5.3.1, RFC 5890 to 5892 (IDNA 2008), RFC 6531
(SMTPUTF8), RFC 6532, RFC 5233 (sub-addresses).
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote

import idna

from waypost.characters import invisible_in, is_never_text, trimmed
from waypost.errors import AddressError, DomainError

# RFC 5321 s4.5.3.1.3: a path has at most 256 bytes, its two angle brackets included.
ADDRESS_MAX_BYTES: Final = 254
# RFC 1035 s2.3.4, without the length bytes and the root label.
DOMAIN_MAX_BYTES: Final = 253
LABEL_MAX_BYTES: Final = 63
# Longer input is refused before anything looks at it; the longest U-label form stays far below.
INPUT_MAX_CHARS: Final = 1024

# RFC 1123 s2.1: a label may begin with a digit. RFC 5890 s2.3.1: letters, digits, hyphens.
_LDH_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
# IDNA 2008 maps nothing itself; these are the dots that input methods type (UTS 46 s2.3).
_DOTS: Final = re.compile("[.\u3002\uff0e\uff61]")
_PLACEHOLDER: Final = re.compile("%(?:EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%", re.IGNORECASE)
# RFC 5322 s3.2.3 atext, with the dots of a dot-atom; RFC 6531 s3.3 adds all that is not ASCII.
# Dots may stand anywhere: some providers have mailboxes such as `a..b` and `a.`.
_UNQUOTED: Final = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~.\u0080-\U0010ffff]+")
# RFC 6068 s2; Exchange's proxyAddresses have `SMTP:` for the main address and `smtp:` for others.
_SCHEME: Final = re.compile("(mailto|smtp):", re.IGNORECASE)
# What is written as it is in a text, a URL and every format.
_PLAIN_LOCAL_PART: Final = re.compile("[A-Za-z0-9._+-]+")
SEPARATORS: Final = "!#$%&'*+-/=?^_`{|}~"
"""What can divide a user from a detail: the signs of RFC 5322 s3.2.3."""
STAND_IN: Final = "EVOLUTIONUSER"
"""The local part with which Evolution 3.46 asks, whoever the user is (seen with 3.46.4).

It puts the true one in its place in the answer, so that nobody is told who asks.
"""


@dataclass(frozen=True, slots=True, order=True)
class DomainName:
    """A domain name as DNS and clients know it.

    Attributes:
        ascii: lower case, A-labels (`xn--…`), no trailing dot, 1 to 253 bytes,
            each label 1 to 63 bytes of letters, digits and inner hyphens.
    """

    ascii: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a domain name in U-label or A-label form, in any case, with or without a last dot.

        An A-label is taken as it is: IDNA 2008's rules for its content are for registries, and some
        have registered names outside them, such as those with emoji (RFC 5891 s5.4).

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
        """The name with U-labels, for people to read; what is no valid A-label stays as it is."""
        return (
            ".".join(map(_u_label, self.ascii.split("."))) if "xn--" in self.ascii else self.ascii
        )

    def parents(self) -> Iterator["DomainName"]:
        """Yield the enclosing domains, the nearest first: a.b.c gives b.c, then c."""
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
        local_part: exactly as it was given, case (RFC 5321 s2.4), `+tag` and non-ASCII letters
            (RFC 6531 s3.3) included; without control characters, so that every format can carry it.
        domain: the part after the last `@`.
    """

    local_part: str
    domain: DomainName

    @property
    def is_stand_in(self) -> bool:
        """Return whether it stands for any user of its domain (seen with Evolution 3.46)."""
        return self.local_part == STAND_IN

    @property
    def is_plain(self) -> bool:
        """Return whether the local part has letters, digits, dots, hyphens, `_` and `+` alone.

        Every document writes such a one as it is: nothing escapes or encodes any of these.
        """
        return _PLAIN_LOCAL_PART.fullmatch(self.local_part) is not None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `local-part@domain`, with or without `smtp:` in front, or the same as a link.

        A link begins with `mailto:`, and may be percent-encoded and have a subject (RFC 6068 s2).

        Raises:
            AddressError: the message names the rule that `text` breaks.
        """
        if len(text) > INPUT_MAX_CHARS:
            raise AddressError(f"the address is longer than {ADDRESS_MAX_BYTES} bytes")
        text = trimmed(text)
        if (scheme := _SCHEME.match(text)) is not None:
            text = trimmed(text[scheme.end() :])
            if scheme[1].lower() == "mailto":
                text = _of_link(text)
        if (invisible := invisible_in(text)) is not None:
            raise AddressError(f"the address has the invisible character {invisible}")
        # A quoted local part may hold "@" (RFC 5321 s4.1.2), a domain never: the last one divides.
        local_part, at, domain = text.rpartition("@")
        if not at:
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
        """Read an address from a decoded URL, as clients send it.

        A redirect of Apache's mod_rewrite encodes the query once more unless the rule has the flag
        NE, so that `%40` is still there. Without an `@` it can be nothing else.

        Raises:
            AddressError: the message names the rule that `text` breaks.
        """
        if "@" not in text and "%40" in text:
            with suppress(UnicodeDecodeError):
                text = unquote(text, errors="strict")
        return cls.parse(text)

    def without_detail(self, separators: str) -> Self:
        """Return the address of the user whose sub-address this is: `alice+shop` is `alice`'s.

        RFC 5233 s4 leaves to the site what stands between user and detail. Here it is the first
        of the separators that has a user in front of it, as in Postfix. A local part in quotation
        marks has no detail.

        Args:
            separators: each sign is one; empty where no address has a detail.
        """
        if not separators or self.local_part.startswith('"'):
            return self
        ends = (at for at, sign in enumerate(self.local_part) if at and sign in separators)
        return type(self)(self.local_part[: next(ends, None)], self.domain)

    def __str__(self) -> str:
        """Return `local-part@domain` with the domain in A-label form."""
        return f"{self.local_part}@{self.domain.ascii}"


def _label(label: str) -> str:
    """Turn one label into lower-case LDH or A-label form."""
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
        # RFC 5892 (letters and contexts) and RFC 5893 (right-to-left labels) are the library's.
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


def _of_link(text: str) -> str:
    """Return the address of a link: RFC 6068 s2, percent-encoded, with a subject and more."""
    address = text.partition("?")[0]
    try:
        return unquote(address, errors="strict")
    except UnicodeDecodeError:
        return address


def _check_local_part(local_part: str) -> None:
    """Refuse what no client means and what a document cannot carry."""
    if _PLAIN_LOCAL_PART.fullmatch(local_part):
        return
    if any(is_never_text(char) for char in local_part):
        raise AddressError("the part before the @ holds a control character")
    quoted = len(local_part) > 2 and local_part[0] == local_part[-1] == '"'
    if not quoted and '"' in local_part:
        raise AddressError("the part before the @ has an unpaired quotation mark")
    if not quoted and any(char.isspace() for char in local_part):
        raise AddressError("the part before the @ has a space and no quotation marks")
    if not quoted and (sign := _UNQUOTED.sub("", local_part)[:1]):
        raise AddressError(f"the part before the @ has {sign} and no quotation marks")
    if _PLACEHOLDER.search(local_part):
        # A client would expand it again, so the answer would not be what was asked for.
        raise AddressError("the part before the @ holds a placeholder, not a mailbox name")
