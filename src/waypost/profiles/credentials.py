"""The files that profiles are signed with, read and looked through before they are used."""

import os
import stat
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from waypost.errors import SettingsError
from waypost.formats.signing import Credentials, SigningKey
from waypost.profiles.files import ProfileFiles

FILE_MAX_OCTETS: Final = 1024 * 1024
RSA_MIN_BITS: Final = 2048
"""Devices trust no certificate with a smaller key."""
OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""What the mode of a key's file must not hold."""

_T = TypeVar("_T")


class _Problem(ValueError):
    """What is wrong with one file."""


def load_credentials(
    files: ProfileFiles, now: datetime, provider: str | None = None
) -> Credentials:
    """Read the files, and see whether profiles can be signed with them.

    Args:
        files: where they are.
        now: the time, with its zone.
        provider: the name of whose they are; None where they are those of all providers.

    Raises:
        SettingsError: with each mistake, which names the option or the key, and the file.
    """
    problems: list[str] = []
    whose = "profile_" if provider is None else f'provider "{provider}": profile.'

    def tried(name: str, path: Path, load: Callable[[Path], _T]) -> _T | None:
        try:
            return load(path)
        except _Problem as problem:
            problems.append(f"{whose}{name}: {path}: {problem}")
            return None

    certificates = tried("cert", files.certificate, lambda path: _certificates(path, now))
    key = tried("key", files.key, _key)
    given: list[x509.Certificate] | None = []
    if files.chain is not None:
        given = tried("chain", files.chain, lambda path: _certificates(path, now))
    if certificates is None or key is None or given is None:
        raise SettingsError(problems)
    certificate, chain = certificates[0], [*certificates[1:], *given]
    if _spki(certificate) != _spki(key):
        problems.append(
            f"{whose}key: {files.key}: does not belong to the certificate in {files.certificate}"
        )
    if chain and not any(_has_issued(one, certificate) for one in chain):
        place = (
            f"{whose}cert: {files.certificate}"
            if files.chain is None
            else f"{whose}chain: {files.chain}"
        )
        issuer = certificate.issuer.rfc4514_string()
        problems.append(f"{place}: lacks the certificate of {issuer}, which issued the signer's")
    if problems:
        raise SettingsError(problems)
    return Credentials(certificate, key, _without(certificate, chain))


def _certificates(path: Path, now: datetime) -> list[x509.Certificate]:
    octets, _ = _read(path)
    try:
        found = x509.load_pem_x509_certificates(octets)
    except ValueError as error:
        raise _Problem("holds no certificate in PEM form, or a broken one") from error
    for one in found:
        name = one.subject.rfc4514_string()
        if one.not_valid_after_utc < now:
            raise _Problem(
                f"the certificate of {name} expired on {one.not_valid_after_utc:%Y-%m-%d}; renew it"
            )
        if one.not_valid_before_utc > now:
            raise _Problem(
                f"the certificate of {name} is not valid before "
                f"{one.not_valid_before_utc:%Y-%m-%d %H:%M} UTC; is this machine's clock right?"
            )
    return found


def _key(path: Path) -> SigningKey:
    octets, mode = _read(path)
    if mode & OTHERS:
        raise _Problem(
            f"can be read by others than its owner (mode {mode & 0o777:04o}); "
            f"run `chmod 600 {path}`"
        )
    try:
        key = load_pem_private_key(octets, password=None)
    except TypeError as error:  # so says the library where a password is needed
        raise _Problem(
            "is encrypted, and nobody is there to type its password; "
            "write it without one: `openssl pkey -in OLD -out NEW`"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _Problem("holds no private key in PEM form, or a broken one") from error
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise _Problem("is neither an RSA nor an EC key, and devices know no others")
    if isinstance(key, RSAPrivateKey) and key.key_size < RSA_MIN_BITS:
        raise _Problem(f"is an RSA key of {key.key_size} bits; {RSA_MIN_BITS} are the least")
    return key


def _read(path: Path) -> tuple[bytes, int]:
    """Give what is in a file, and its mode at the moment when it was open."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            octets = file.read(FILE_MAX_OCTETS + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise _Problem(f"cannot be read: {reason or error}") from error
    if len(octets) > FILE_MAX_OCTETS:
        raise _Problem(f"is longer than {FILE_MAX_OCTETS} octets, so it is something else")
    return octets, mode


def _spki(one: x509.Certificate | SigningKey) -> bytes:
    """Give the public key as a certificate holds it (RFC 5280 s4.1.2.7)."""
    return one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _without(
    certificate: x509.Certificate, chain: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """Give a chain once, and without the signer's own certificate, which is added anyway."""
    return tuple(one for one in dict.fromkeys(chain) if one != certificate)
