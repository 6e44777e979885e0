"""The text of a link: an opaque token for a database, or a signed token without one.

A token is the only secret that opens a link, so it is in the fragment of the URL, which browsers
never send (RFC 3986 s3.5, RFC 9110 s4.2.4). The functions here are pure.
"""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, LinkInvalid
from waypost.setup_links.link import LinkTarget

PATH: Final = "/setup/"
TOKEN_BYTES: Final = 32
TOKEN_MAX_CHARS: Final = 8000
# RFC 4648 s5, without padding.
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,8000}")


@dataclass(frozen=True, slots=True)
class TokenContent:
    """The content of a token that is its own storage.

    Attributes:
        expires_at: in seconds since the epoch.
    """

    target: LinkTarget
    expires_at: int


def encode(data: bytes) -> str:
    """Return bytes as a token."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(token: str) -> bytes:
    """Return the bytes of a token.

    Raises:
        LinkInvalid: it is not a token. The message does not show it.
    """
    if _TOKEN.fullmatch(token) is None or len(token) % 4 == 1:
        raise LinkInvalid("this is not a setup link")
    data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    if encode(data) != token:  # Unused bits at the end are a second spelling.
        raise LinkInvalid("this is not a setup link")
    return data


def token_of(text: str) -> str:
    """Return the token of a text that a person has pasted: a whole link, or the token alone."""
    return text.strip().rpartition("#")[2]


def hash_of(token: str) -> str:
    """Return what a database stores of an opaque token: a database that leaks opens no link.

    A token has 256 random bits, so its hash needs neither a salt nor many rounds.

    Raises:
        LinkInvalid: it is not a token.
    """
    data = decode(token)
    if len(data) != TOKEN_BYTES:
        raise LinkInvalid("this is not a setup link")
    return hashlib.sha256(data).hexdigest()


def link_url(base: str, token: str) -> str:
    """Return the URL of a link.

    Args:
        base: scheme and host, perhaps with the path of a mount, without a slash at its end.
        token: the token.
    """
    return f"{base}{PATH}#{token}"


def write_content(content: TokenContent) -> bytes:
    """Return the content of a signed token as JSON, with short keys for a small QR code."""
    target = content.target
    data = {
        "a": str(target.address),
        "n": target.display_name,
        "l": [str(alias) for alias in target.aliases],
        "d": target.device,
        "e": content.expires_at,
    }
    kept = {key: value for key, value in data.items() if value not in ("", [])}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()


def read_content(data: bytes) -> TokenContent:
    """Read the content of a token whose signature is right.

    Raises:
        LinkInvalid: it was written by a version with other rules.
    """
    try:
        fields = json.loads(data)
        target = LinkTarget(
            EmailAddress.parse(fields["a"]),
            str(fields.get("n", "")),
            tuple(EmailAddress.parse(alias) for alias in fields.get("l", ())),
            str(fields.get("d", "")),
        )
        return TokenContent(target, int(fields["e"]))
    except (ValueError, KeyError, TypeError, AttributeError, AddressError) as error:
        raise LinkInvalid("this setup link is from another version of Waypost") from error
