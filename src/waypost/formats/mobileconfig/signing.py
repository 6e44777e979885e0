"""Signed configuration profiles: CMS SignedData with the profile in it (RFC 5652 s5).

This is the only format whose bytes are not reproducible: they contain the time of signing, and
each ECDSA signature is different.
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
    """The certificate and the key of a signer.

    Attributes:
        certificate: the signer's certificate.
        key: the private key of this certificate.
        chain: the intermediate certificates, in any order.
    """

    certificate: x509.Certificate
    key: SigningKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()


def sign(profile: bytes, credentials: Credentials) -> bytes:
    """Return a profile in SignedData, the form that devices accept.

    Args:
        profile: the profile, as `mobileconfig.render` returns it.
        credentials: a valid certificate and its key.

    Returns:
        DER with the content (RFC 5652 s5.2), the signer's certificate and the chain (s5.1).
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
