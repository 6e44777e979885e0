"""Reading signed data: CMS SignedData (RFC 5652 s5) in DER, of any signer, and its signatures.

The library can write it and cannot read it. What is read here are the outer layers, of which no
more is needed than to find the signature; certificates and keys stay the library's.
"""

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning

_INTEGER: Final = 0x02
_OCTETS: Final = 0x04
_OID: Final = 0x06
_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_CONTEXT_0: Final = 0xA0
_SKI: Final = 0x80
_CERTIFICATES: Final = _CONTEXT_0

_SIGNED_DATA: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # RFC 5652 s5.1
_DATA: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"  # s4
_CONTENT_TYPE: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"  # s11.1
_MESSAGE_DIGEST: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"  # s11.2
Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_DIGESTS: Final[dict[bytes, type[Digest]]] = {  # RFC 5754 s2
    b"\x60\x86\x48\x01\x65\x03\x04\x02\x01": hashes.SHA256,
    b"\x60\x86\x48\x01\x65\x03\x04\x02\x02": hashes.SHA384,
    b"\x60\x86\x48\x01\x65\x03\x04\x02\x03": hashes.SHA512,
}


class CmsError(ValueError):
    """Data is no SignedData, or its signature does not hold; the message says why."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What was signed, and by whom. The signature holds; who the signer is, is not looked at.

    Attributes:
        content: the octets.
        signer: whose key signed.
        others: the certificates that came along.
    """

    content: bytes
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Element:
    """One element of DER: its tag, its value, and both with the length."""

    tag: int
    value: bytes
    whole: bytes

    def parts(self) -> "list[_Element]":
        return list(_elements(self.value))


def is_signed(data: bytes) -> bool:
    """Tell whether data begins as SignedData does."""
    try:
        outer = next(_elements(data), None)
        first = None if outer is None else next(_elements(outer.value), None)
    except CmsError:
        return False
    return first is not None and (first.tag, first.value) == (_OID, _SIGNED_DATA)


def content_of(data: bytes) -> bytes:
    """Give what SignedData holds, whoever signed it; no signature is looked at.

    Raises:
        CmsError: it is no SignedData, or holds nothing.
    """
    return _content(_signed_data(data))


def verify(data: bytes) -> Signed:
    """Read SignedData and check its signature.

    Raises:
        CmsError: it is none, has not one signer, or the signature does not hold.
    """
    parts = _signed_data(data)
    content = _content(parts)
    certificates = _certificates(parts)
    infos = _expect(parts[-1], _SET).parts()
    if len(infos) != 1:
        raise CmsError(f"it has {len(infos)} signers, and a profile has one")
    info = _expect(infos[0], _SEQUENCE).parts()
    if len(info) < 5:
        raise CmsError("it is not whole")
    signer = _signer(info[1], certificates)
    digest = _digest(info[2])
    # RFC 5652 s5.3: the attributes are optional, and stand before the signature's algorithm.
    has_attributes = info[3].tag == _CONTEXT_0
    signed = _signed_octets(info[3], content, digest) if has_attributes else content
    _check(signer, _at(info, 5 if has_attributes else 4, _OCTETS).value, signed, digest)
    return Signed(content, signer, tuple(one for one in certificates if one != signer))


def _signed_data(data: bytes) -> list[_Element]:
    """Give the fields of SignedData (RFC 5652 s5.1)."""
    outer = list(_elements(data))
    if len(outer) != 1:
        raise CmsError("it is not one element of DER")
    info = _expect(outer[0], _SEQUENCE).parts()
    if len(info) != 2 or (info[0].tag, info[0].value) != (_OID, _SIGNED_DATA):
        raise CmsError("it is not signed data")
    parts = _at(_expect(info[1], _CONTEXT_0).parts(), 0, _SEQUENCE).parts()
    if len(parts) < 4:
        raise CmsError("it is not whole")
    return parts


def _content(parts: list[_Element]) -> bytes:
    inner = _expect(parts[2], _SEQUENCE).parts()
    if (_at(inner, 0, _OID).value) != _DATA:
        raise CmsError("what was signed is not plain data")
    if len(inner) < 2:
        raise CmsError("the profile is not in it (the signature is a detached one)")
    return _at(_expect(inner[1], _CONTEXT_0).parts(), 0, _OCTETS).value


def _certificates(parts: list[_Element]) -> list[x509.Certificate]:
    holders = [part for part in parts[3:-1] if part.tag == _CERTIFICATES]
    return [_certificate(one.whole) for holder in holders for one in holder.parts()]


def _certificate(octets: bytes) -> x509.Certificate:
    """Read a certificate, and all of it that is looked at later: the library does that late."""
    with warnings.catch_warnings():
        # RFC 5280 s4.1.2.2: a serial number is positive. The library still reads others.
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            found = x509.load_der_x509_certificate(octets)
            _ = found.issuer, found.subject, found.not_valid_before_utc, found.not_valid_after_utc
            _ = found.extensions
        except (ValueError, CryptographyDeprecationWarning) as error:
            raise CmsError("one of its certificates is broken") from error
    return found


def _signer(sid: _Element, certificates: list[x509.Certificate]) -> x509.Certificate:
    """Find the certificate that a SignerIdentifier means (RFC 5652 s5.3)."""
    for one in certificates:
        if sid.tag == _SKI:
            if _key_identifier(one) == sid.value:
                return one
            continue
        issuer, serial = _at(sid.parts(), 0, _SEQUENCE), _at(sid.parts(), 1, _INTEGER)
        if one.serial_number == int.from_bytes(serial.value, signed=True) and (
            one.issuer.public_bytes() == issuer.whole
        ):
            return one
    raise CmsError("the signer's certificate is not in it")


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return found.value.digest


def _digest(algorithm: _Element) -> Digest:
    oid = _at(_expect(algorithm, _SEQUENCE).parts(), 0, _OID).value
    if oid not in _DIGESTS:
        raise CmsError("it is signed with another digest than SHA-256, SHA-384 or SHA-512")
    return _DIGESTS[oid]()


def _signed_octets(attributes: _Element, content: bytes, digest: Digest) -> bytes:
    """Give what the signature is made over, once the attributes fit the content (s5.4)."""
    found: dict[bytes, bytes] = {}
    for attribute in attributes.parts():
        fields = _expect(attribute, _SEQUENCE).parts()
        name = _at(fields, 0, _OID).value
        values = _at(fields, 1, _SET).parts()
        if name in found or not values:
            raise CmsError("its attributes are broken")
        found[name] = values[0].value
    if found.get(_CONTENT_TYPE) != _DATA:
        raise CmsError("its attributes tell another type of content")
    hasher = hashes.Hash(digest)
    hasher.update(content)
    if found.get(_MESSAGE_DIGEST) != hasher.finalize():
        raise CmsError("the content was changed after it was signed")
    # s5.4: a SET OF takes the place of the implicit tag.
    return bytes([_SET]) + attributes.whole[1:]


def _check(certificate: x509.Certificate, signature: bytes, signed: bytes, digest: Digest) -> None:
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        else:
            raise CmsError("it is signed with a key that is neither RSA nor EC")
    except InvalidSignature as error:
        raise CmsError("the signature does not hold") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if isinstance(error, CmsError):
            raise
        raise CmsError("the signer's key cannot be used") from error


def _expect(element: _Element, tag: int) -> _Element:
    if element.tag != tag:
        raise CmsError("it is not built as signed data is")
    return element


def _at(elements: list[_Element], position: int, tag: int) -> _Element:
    if position >= len(elements):
        raise CmsError("it is not whole")
    return _expect(elements[position], tag)


def _elements(data: bytes) -> Iterator[_Element]:
    """Take data apart into the elements that stand in it one after the other (X.690 s8.1, s10)."""
    start = 0
    while start < len(data):
        header = data[start : start + 2]
        if len(header) < 2 or header[0] & 0x1F == 0x1F:
            raise CmsError("it is not DER")
        length, body = header[1], start + 2
        if length & 0x80:
            count = length & 0x7F
            if not 1 <= count <= 4:  # 0 would be BER's indefinite form
                raise CmsError("it is not DER")
            length, body = int.from_bytes(data[body : body + count]), body + count
        end = body + length
        if end > len(data):
            raise CmsError("it is cut off")
        yield _Element(header[0], data[body:end], data[start:end])
        start = end
