"""Parsing and verification of signed data: CMS SignedData (RFC 5652 s5) of any signer.

Waypost writes DER. Programs that sign a stream write BER with indefinite lengths (X.690 s8.1.3.6).
This module reads both.

The library `cryptography` can write SignedData but cannot read it. This module parses the outer
layers, only as far as the signature; the library handles certificates and keys.
"""

import warnings
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.utils import CryptographyDeprecationWarning

from waypost.parsing.der import (
    BYTES,
    DerElement,
    DerError,
    byte_string,
    element,
    element_at,
    expect,
)

_INTEGER: Final = 0x02
_OID: Final = 0x06
_SEQUENCE: Final = 0x30
_SET: Final = 0x31
_CONTEXT_0: Final = 0xA0
_SKI: Final = 0x80
_CERTIFICATES: Final = _CONTEXT_0

_SIGNED_DATA: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"  # RFC 5652 s5.1
_DATA: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"  # s4
_ENVELOPED_DATA: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"  # s6.1
_PSS: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a"  # RFC 4056 s3
_CONTENT_TYPE: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"  # s11.1
_MESSAGE_DIGEST: Final = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"  # s11.2
Digest = hashes.SHA256 | hashes.SHA384 | hashes.SHA512
_DIGESTS: Final[dict[bytes, type[Digest]]] = {  # RFC 5754 s2
    b"\x60\x86\x48\x01\x65\x03\x04\x02\x01": hashes.SHA256,
    b"\x60\x86\x48\x01\x65\x03\x04\x02\x02": hashes.SHA384,
    b"\x60\x86\x48\x01\x65\x03\x04\x02\x03": hashes.SHA512,
}


class CmsError(ValueError):
    """Data is no SignedData, or its signature is not valid; the message says why."""


@dataclass(frozen=True, slots=True)
class SignedContent:
    """The content of signed data, and its signer. The signature is valid; trust is not checked.

    Attributes:
        content: the bytes that were signed.
        signer: the certificate of the signer.
        others: the other certificates in the data.
    """

    content: bytes
    signer: x509.Certificate
    others: tuple[x509.Certificate, ...]


def is_signed(data: bytes) -> bool:
    """Return whether data begins as SignedData does, complete or not."""
    return _begins_with(data, _SIGNED_DATA)


def is_encrypted(data: bytes) -> bool:
    """Return whether data begins as EnvelopedData does: only its receiver can read it."""
    return _begins_with(data, _ENVELOPED_DATA)


def _begins_with(data: bytes, kind: bytes) -> bool:
    """Return whether a type of content (RFC 5652 s3) follows the first length of 1 to 5 bytes.

    This is also true for truncated data.
    """
    length_bytes = data[1] & 0x7F if len(data) > 1 and data[1] & 0x80 else 0
    type_field = data[2 + length_bytes : 4 + length_bytes + len(kind)]
    return (
        data[:1] == bytes([_SEQUENCE])
        and length_bytes <= 4
        and type_field == bytes([_OID, len(kind)]) + kind
    )


def content_of(data: bytes) -> bytes:
    """Return the content of SignedData without checking its signature.

    Raises:
        CmsError: it is no SignedData, or has no content.
    """
    try:
        return _content(_signed_data(data))
    except DerError as error:
        raise CmsError(f"{error}") from error


def verify(data: bytes) -> SignedContent:
    """Read SignedData and check its signature.

    Raises:
        CmsError: it is none, does not have exactly one signer, or the signature is not valid.
    """
    try:
        return _verify(_signed_data(data))
    except DerError as error:
        raise CmsError(f"{error}") from error


def _verify(parts: list[DerElement]) -> SignedContent:
    content = _content(parts)
    certificates = _certificates(parts)
    infos = expect(parts[-1], _SET).parts()
    if len(infos) != 1:
        raise CmsError(f"it has {len(infos)} signers, and a profile has one")
    info = expect(infos[0], _SEQUENCE).parts()
    if len(info) < 5:
        raise CmsError("it is not complete")
    signer = _signer(info[1], certificates)
    digest = _digest(info[2])
    # RFC 5652 s5.3: the attributes are optional, and come before the signature's algorithm.
    has_attributes = info[3].tag == _CONTEXT_0
    signed = _signed_bytes(info[3], content, digest) if has_attributes else content
    algorithm = element_at(element_at(info, 4 if has_attributes else 3, _SEQUENCE).parts(), 0, _OID)
    if algorithm.value == _PSS:
        raise CmsError("it is signed with RSASSA-PSS, which Waypost cannot check")
    _verify_signature(
        signer, element_at(info, 5 if has_attributes else 4, BYTES).value, signed, digest
    )
    return SignedContent(
        content, signer, tuple(certificate for certificate in certificates if certificate != signer)
    )


def _signed_data(data: bytes) -> list[DerElement]:
    """Return the fields of SignedData (RFC 5652 s5.1)."""
    outer, end = element(data, 0)
    if end != len(data):
        raise CmsError("there is more data after it")
    info = expect(outer, _SEQUENCE).parts()
    if len(info) != 2 or (info[0].tag, info[0].value) != (_OID, _SIGNED_DATA):
        raise CmsError("it is not signed data")
    parts = element_at(expect(info[1], _CONTEXT_0).parts(), 0, _SEQUENCE).parts()
    if len(parts) < 4:
        raise CmsError("it is not complete")
    return parts


def _content(parts: list[DerElement]) -> bytes:
    inner = expect(parts[2], _SEQUENCE).parts()
    if (element_at(inner, 0, _OID).value) != _DATA:
        raise CmsError("the signed content is not plain data")
    if len(inner) < 2:
        raise CmsError("it does not contain the profile (the signature is detached)")
    return byte_string(expect(inner[1], _CONTEXT_0).parts())


def _certificates(parts: list[DerElement]) -> list[x509.Certificate]:
    holders = [part for part in parts[3:-1] if part.tag == _CERTIFICATES]
    return [
        _certificate(certificate.encoded) for holder in holders for certificate in holder.parts()
    ]


def _certificate(encoded: bytes) -> x509.Certificate:
    """Read a certificate, and its fields that are used later: the library parses them late."""
    with warnings.catch_warnings():
        # The library reads names of any length (RFC 5280 app. A.1), and warns of some of them.
        warnings.simplefilter("ignore", UserWarning)
        # RFC 5280 s4.1.2.2: a serial number is positive. The library still reads others.
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            certificate = x509.load_der_x509_certificate(encoded)
            _ = (
                certificate.issuer,
                certificate.subject,
                certificate.not_valid_before_utc,
                certificate.not_valid_after_utc,
            )
            _ = certificate.extensions
        except (
            # The library raises TypeError for a BIT STRING as the value of any name but one.
            *(ValueError, TypeError, CryptographyDeprecationWarning),
            *(x509.DuplicateExtension, x509.InvalidVersion),
        ) as error:
            raise CmsError("one of its certificates is broken") from error
    return certificate


def _signer(sid: DerElement, certificates: list[x509.Certificate]) -> x509.Certificate:
    """Return the certificate that a SignerIdentifier means (RFC 5652 s5.3)."""
    for certificate in certificates:
        if sid.tag == _SKI:
            if _key_identifier(certificate) == sid.value:
                return certificate
            continue
        issuer, serial = element_at(sid.parts(), 0, _SEQUENCE), element_at(sid.parts(), 1, _INTEGER)
        if certificate.serial_number == int.from_bytes(serial.value, signed=True) and (
            certificate.issuer.public_bytes() == issuer.encoded
        ):
            return certificate
    raise CmsError("it does not contain the signer's certificate")


def _key_identifier(certificate: x509.Certificate) -> bytes | None:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except x509.ExtensionNotFound:
        return None
    return extension.value.digest


def _digest(algorithm: DerElement) -> Digest:
    oid = element_at(expect(algorithm, _SEQUENCE).parts(), 0, _OID).value
    if oid not in _DIGESTS:
        raise CmsError("it is signed with another digest than SHA-256, SHA-384 or SHA-512")
    return _DIGESTS[oid]()


def _signed_bytes(attributes: DerElement, content: bytes, digest: Digest) -> bytes:
    """Return the bytes that were signed, after checking that the attributes fit (s5.4)."""
    values_by_name: dict[bytes, bytes] = {}
    for attribute in attributes.parts():
        fields = expect(attribute, _SEQUENCE).parts()
        name = element_at(fields, 0, _OID).value
        values = element_at(fields, 1, _SET).parts()
        if name in values_by_name or not values:
            raise CmsError("its attributes are broken")
        values_by_name[name] = values[0].value
    if values_by_name.get(_CONTENT_TYPE) != _DATA:
        raise CmsError("its attributes name another type of content")
    hasher = hashes.Hash(digest)
    hasher.update(content)
    if values_by_name.get(_MESSAGE_DIGEST) != hasher.finalize():
        raise CmsError("the content was changed after it was signed")
    # s5.4: a SET OF tag replaces the implicit tag.
    return bytes([_SET]) + attributes.encoded[1:]


def _verify_signature(
    certificate: x509.Certificate, signature: bytes, signed: bytes, digest: Digest
) -> None:
    try:
        key = certificate.public_key()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(digest))
        else:
            raise CmsError("it is signed with a key that is neither RSA nor EC")
    except InvalidSignature as error:
        raise CmsError("the signature is not valid") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if isinstance(error, CmsError):
            raise
        raise CmsError("the signer's key cannot be used") from error
