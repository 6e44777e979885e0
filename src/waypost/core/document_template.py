"""A document in pieces, around the parts that differ between the users of a provider."""

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Final, Self

from waypost.core.address import DomainName, EmailAddress

ANY_USER: Final = EmailAddress(
    "Anybody.5f0c3b9e7d1a4286", DomainName("anydomain-5f0c3b9e7d1a4286.example")
)
"""A made-up user. The local part needs no escapes; hosts and domains have no capitals."""
_ETAG_BYTES: Final = 12
_LOCAL_PART: Final = ANY_USER.local_part.encode()
_DOMAIN: Final = ANY_USER.domain.ascii.encode()

ComputedTexts = Callable[[EmailAddress], Sequence[str]]
"""Returns the texts of a user's document that are computed of the address, in a fixed order."""


class DocumentTemplate:
    """A document that differs between users only in the local part and the domain.

    The entity tag of a user's document is made of the template's hash and of these two, because a
    hash of the whole document takes much longer (RFC 9110 s8.8.3).

    Attributes:
        is_for_any_domain: whether it is the document of all domains of a provider.
    """

    __slots__ = (
        "_compute",
        "_computed",
        "_domains",
        "_hash",
        "_local_parts",
        "_pieces",
        "is_for_any_domain",
    )

    def __init__(
        self,
        document: bytes,
        compute: ComputedTexts | None = None,
        *,
        user: EmailAddress = ANY_USER,
        is_for_any_domain: bool = False,
    ) -> None:
        """Initialize with the document of `ANY_USER`, or with one that is the same for all.

        Args:
            document: the document.
            compute: returns the texts that are computed of the address, such as identifiers.
            user: whose document it is, if texts are computed.
            is_for_any_domain: whether it is the document of all domains of a provider.
        """
        self.is_for_any_domain = is_for_any_domain
        self._compute = compute
        texts = [text.encode() for text in compute(user)] if compute is not None else []
        markers = b"|".join(map(re.escape, (*texts, _LOCAL_PART, _DOMAIN)))
        self._pieces = re.split(b"(%b)" % markers, document)
        self._local_parts = self._places(_LOCAL_PART)
        self._domains = self._places(_DOMAIN)
        self._computed = [
            (place, index) for index, text in enumerate(texts) for place in self._places(text)
        ]
        key = hashlib.blake2b(document).digest()
        self._hash = hashlib.blake2b(key=key, digest_size=_ETAG_BYTES)

    def document(self, local_part: bytes, domain: bytes) -> bytes:
        """Return the document of a user. The local part must be plain (`EmailAddress.is_plain`)."""
        pieces = self._pieces.copy()
        for place in self._local_parts:
            pieces[place] = local_part
        for place in self._domains:
            pieces[place] = domain
        if self._compute is not None:
            address = EmailAddress(local_part.decode(), DomainName(domain.decode()))
            texts = self._compute(address)
            for place, index in self._computed:
                pieces[place] = texts[index].encode()
        return b"".join(pieces)

    def etag(self, local_part: bytes, domain: bytes) -> bytes:
        """Return the entity tag of this document, with quotation marks."""
        tag = self._hash.copy()
        if self._domains:
            tag.update(domain)
        if self._local_parts:
            tag.update(b"@" + local_part)
        return b'"%b"' % tag.hexdigest().encode()

    def _places(self, marker: bytes) -> tuple[int, ...]:
        return tuple(place for place, piece in enumerate(self._pieces) if piece == marker)


class RenderedDocument:
    """A document for one user.

    Attributes:
        body: the document.
        etag: its entity tag, with quotation marks.
        template: the same document for other users; None if each has a different one.
    """

    __slots__ = ("body", "etag", "template")

    def __init__(self, body: bytes, etag: bytes, template: DocumentTemplate | None = None) -> None:
        """Initialize with the parts."""
        self.body = body
        self.etag = etag
        self.template = template

    @classmethod
    def of(cls, body: bytes) -> Self:
        """Return a document that only one user has."""
        tag = hashlib.blake2b(body, digest_size=_ETAG_BYTES).hexdigest()
        return cls(body, b'"%b"' % tag.encode())
