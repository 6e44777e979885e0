"""The files that profiles are signed with, read and checked before they are used."""

import os
import stat
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import PublicKeyAlgorithmOID

from waypost.core.errors import SettingsError, SettingsUnreadable
from waypost.formats.mobileconfig.signing import Credentials, SigningKey
from waypost.profiles.files import ProfileFiles
from waypost.runtime.regular_file import open_regular_file, read_up_to, reason_of

FILE_MAX_BYTES: Final = 1024 * 1024
RSA_MIN_BITS: Final = 2048
"""Devices accept no certificate with a smaller key."""
_KEYS: Final = frozenset(
    {PublicKeyAlgorithmOID.RSAES_PKCS1_v1_5, PublicKeyAlgorithmOID.EC_PUBLIC_KEY}
)
# RFC 5480 s2.1.1.1 has more.
_CURVES: Final = (SECP256R1, SECP384R1, SECP521R1)
FORBIDDEN_KEY_MODE: Final = stat.S_IRWXG | stat.S_IRWXO
"""The bits that the mode of a key file must not have."""

_T = TypeVar("_T")


class _Problem(ValueError):
    """A problem of one file."""


class _Unreadable(_Problem):
    """The system does not allow a file to be read."""


def load_credentials(
    files: ProfileFiles, now: datetime, provider: str | None = None
) -> Credentials:
    """Read the files, and check whether profiles can be signed with them.

    Args:
        files: their paths.
        now: the time, with its zone.
        provider: the provider that names them; None if they are those of all providers.

    Raises:
        SettingsUnreadable: with each problem; one of them is that a file cannot be read.
        SettingsError: with each problem, which names the option or the key, and the file.
    """
    problems: list[str] = []
    kinds: list[type[SettingsError]] = [SettingsError]
    option_prefix = "profile_" if provider is None else f'provider "{provider}": profile.'

    def load_or_report(name: str, path: Path, load: Callable[[Path], _T]) -> _T | None:
        try:
            return load(path)
        except _Problem as problem:
            problems.append(f"{option_prefix}{name}: {path}: {problem}")
            if isinstance(problem, _Unreadable):
                kinds.append(SettingsUnreadable)
            return None

    certificates = load_or_report("cert", files.certificate, lambda path: _signers(path, now))
    key = load_or_report("key", files.key, _key)
    intermediates: list[x509.Certificate] | None = []
    if files.chain is not None:
        intermediates = load_or_report("chain", files.chain, lambda path: _certificates(path, now))
    if certificates is None or key is None or intermediates is None:
        raise kinds[-1](problems)
    certificate, chain = certificates[0], [*certificates[1:], *intermediates]
    if problem := _key_mismatch(key, certificates):
        raise SettingsError([f"{option_prefix}key: {files.key}: {problem} {files.certificate}"])
    if chain and not any(_has_issued(issuer_candidate, certificate) for issuer_candidate in chain):
        location = (
            f"{option_prefix}cert: {files.certificate}"
            if files.chain is None
            else f"{option_prefix}chain: {files.chain}"
        )
        issuer = certificate.issuer.rfc4514_string()
        message = f"{location}: the certificate of {issuer}, which issued the signer's, is missing"
        raise SettingsError([message])
    return Credentials(certificate, key, _unique_chain(certificate, chain))


def _signers(path: Path, now: datetime) -> list[x509.Certificate]:
    """Read the signer's certificate, the first of a file, and the certificates after it."""
    certificates = _certificates(path, now)
    if certificates[0].public_key_algorithm_oid not in _KEYS:
        raise _Problem(
            "the first certificate is neither for an RSA key nor for an EC key, "
            "and devices accept no other keys"
        )
    return certificates


def _certificates(path: Path, now: datetime) -> list[x509.Certificate]:
    data, _ = _read(path)
    try:
        certificates = x509.load_pem_x509_certificates(data)
        # The library parses the parts of a certificate only when they are used.
        names = [
            (
                certificate,
                certificate.subject.rfc4514_string(),
                certificate.issuer,
                certificate.extensions,
            )
            for certificate in certificates
        ]
    # The library raises TypeError for a BIT STRING as the value of any name but one.
    except (ValueError, TypeError, x509.DuplicateExtension, x509.InvalidVersion) as error:
        raise _Problem("contains no certificate in PEM form, or a broken one") from error
    for certificate, name, *_ in names:
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if end < now:
            raise _Problem(f"the certificate of {name} expired on {end:%Y-%m-%d}; renew it")
        if begin > now:
            raise _Problem(
                f"the certificate of {name} is not valid before {begin:%Y-%m-%d %H:%M} UTC; "
                "is this machine's clock right?"
            )
    return certificates


def _key(path: Path) -> SigningKey:
    data, status = _read(path)
    if status.st_mode & FORBIDDEN_KEY_MODE:
        # If another user owns the file, its mode may be needed for other readers.
        is_own = status.st_uid == os.geteuid()
        fix = f"run `chmod 600 {path}`" if is_own else "give Waypost's user a copy with mode 600"
        mode = f"mode {status.st_mode & 0o777:04o}"
        raise _Problem(f"can be read by others than its owner ({mode}); {fix}")
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError as error:  # raised by the library if a password is needed
        raise _Problem(
            "is encrypted, and Waypost cannot ask for its password; "
            "write it without one: `openssl pkey -in OLD -out NEW`"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _Problem("contains no private key in PEM form, or a broken one") from error
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise _Problem("is neither an RSA nor an EC key, and devices accept no others")
    if isinstance(key, EllipticCurvePrivateKey) and not isinstance(key.curve, _CURVES):
        raise _Problem(
            f"is an EC key on the curve {key.curve.name}; devices accept P-256, P-384 and P-521"
        )
    if isinstance(key, RSAPrivateKey) and key.key_size < RSA_MIN_BITS:
        raise _Problem(f"is an RSA key of {key.key_size} bits; {RSA_MIN_BITS} is the minimum")
    return key


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    """Return the content of a file, and its status at the time when it was opened."""
    try:
        with open_regular_file(path) as file:
            status = os.fstat(file.fileno())
            data = read_up_to(file, FILE_MAX_BYTES)
    except OSError as error:
        raise _Unreadable(f"cannot be read: {reason_of(error)}") from error
    except ValueError as error:
        raise _Problem(f"cannot be read: {error}") from error
    if len(data) > FILE_MAX_BYTES:
        raise _Problem(f"is longer than {FILE_MAX_BYTES} bytes, so it is another kind of file")
    return data, status


def _key_mismatch(key: SigningKey, certificates: Sequence[x509.Certificate]) -> str | None:
    """Return why a key is not that of the first certificate, as text before the file's name."""
    public_key = _spki(key)
    positions = [
        position
        for position, certificate in enumerate(certificates, 1)
        if _spki_of(certificate) == public_key
    ]
    if not positions:
        return "does not belong to the certificate in"
    if positions[0] == 1:
        return None
    return f"belongs to certificate {positions[0]}, but the signer's certificate must be first, in"


def _spki(key_holder: x509.Certificate | SigningKey) -> bytes:
    """Return the public key as it is in a certificate (RFC 5280 s4.1.2.7)."""
    return key_holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _spki_of(certificate: x509.Certificate) -> bytes | None:
    """Return the same, or None if the library does not support such keys."""
    try:
        return _spki(certificate)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _unique_chain(
    certificate: x509.Certificate, chain: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Return a chain once, and without the signer's own certificate, which is added anyway."""
    return tuple(issuer for issuer in dict.fromkeys(chain) if issuer != certificate)
