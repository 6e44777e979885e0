"""Signed configuration profiles: CMS SignedData with the profile in it (RFC 5652 s5).

The one format whose bytes are not repeatable: they tell when they were signed, and an ECDSA
signature is another one each time.
"""

from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)

SigningKey = RSAPrivateKey | EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs.

    Attributes:
        certificate: the signer's.
        key: belongs to it.
        chain: the certificates between it and an authority, in any order.
    """

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()


def sign(profile: bytes, credentials: Credentials) -> bytes:
    """Put a profile into SignedData, as a device wants it.

    Args:
        profile: as `mobileconfig.render` writes it.
        credentials: fit together, and are valid.

    Returns:
        DER, with the content in it (RFC 5652 s5.2), the signer's certificate and the chain (s5.1).
    """
    builder = (
        PKCS7SignatureBuilder()
        .set_data(profile)
        .add_signer(credentials.certificate, credentials.key, hashes.SHA256())  # RFC 5754 s2.2
    )
    for certificate in credentials.chain:
        builder = builder.add_certificate(certificate)
    # Binary: line ends stay as they are. Capabilities are for mail (RFC 8551 s2.5.2).
    options = [PKCS7Options.Binary, PKCS7Options.NoCapabilities]
    return builder.sign(serialization.Encoding.DER, options)
