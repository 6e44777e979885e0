"""The files that profiles are signed with, good and bad."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import DER_cert_to_PEM_cert

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificate

from tests.profiles.making import NAME, Signing
from tests.servers.requirements import program, require
from waypost.core.errors import SettingsError
from waypost.profiles.credentials import FILE_MAX_BYTES, load_credentials
from waypost.profiles.files import ProfileFiles

Spoil = Callable[[ProfileFiles], object]


def problems(files: ProfileFiles, now: datetime | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        load_credentials(files, now or datetime.now(UTC))
    return raised.value.problems


def encrypt(files: ProfileFiles) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    files.key.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s3cret"))
    )


def encrypt_as_of_old(files: ProfileFiles) -> None:
    key = load_pem_private_key(files.key.read_bytes(), None)
    form = PrivateFormat.TraditionalOpenSSL
    data = key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"s3cret"))
    files.key.write_bytes(data)


def other_key(files: ProfileFiles) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.key.write_bytes(data)


def odd_key(files: ProfileFiles) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.key.write_bytes(data)


def small_key(files: ProfileFiles) -> None:
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 -- the test is about its size
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.key.write_bytes(data)


def odd_curve(files: ProfileFiles) -> None:
    key = ec.generate_private_key(ec.SECP256K1())
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    files.key.write_bytes(data)


def wrong_order(files: ProfileFiles) -> None:
    text = chain_of(files).read_bytes() + files.certificate.read_bytes()
    files.certificate.write_bytes(text)


def without_its_key(files: ProfileFiles, old: bytes, new: bytes) -> None:
    """Replace bytes of the certificate with as many others, so that its signature is wrong."""
    data = load_pem_x509_certificate(files.certificate.read_bytes()).public_bytes(Encoding.DER)
    assert data.count(old) == 1
    files.certificate.write_text(DER_cert_to_PEM_cert(data.replace(old, new)))


# RFC 5480 s2.1.1: ecPublicKey and secp256r1, and a curve that the library does not support.
EC_ON_P256 = bytes.fromhex("06072a8648ce3d020106082a8648ce3d030107")
EC_ON_NO_CURVE = bytes.fromhex("06072a8648ce3d020106082a8648ce3d03017f")
OTHER_KEY = bytes.fromhex("06072a8648ce3d027f06082a8648ce3d030107")
# X.690 s8.6 and s8.23: the common name as a UTF8String, and as a BIT STRING.
UTF8_NAME = b"\x0c\x14" + NAME.encode()
BIT_STRING_NAME = b"\x03\x14\x00" + NAME[1:].encode()


def chain_of(files: ProfileFiles) -> Path:
    assert files.chain is not None
    return files.chain


BAD: list[tuple[str, Spoil, str, str]] = [
    # what, how, the option that is named, message
    ("no certificate", lambda f: f.certificate.unlink(), "cert", "cannot be read: No such file"),
    ("no key", lambda f: f.key.unlink(), "key", "cannot be read: No such file"),
    ("no chain", lambda f: chain_of(f).unlink(), "chain", "cannot be read: No such file"),
    (
        "empty",
        lambda f: f.certificate.write_bytes(b""),
        "cert",
        "contains no certificate in PEM form",
    ),
    (
        "DER",
        lambda f: f.certificate.write_bytes(b"\x30\x82"),
        "cert",
        "contains no certificate in PEM",
    ),
    (
        "broken PEM",
        lambda f: f.certificate.write_text(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        ),
        *("cert", "contains no certificate in PEM form, or a broken one"),
    ),
    (
        "BIT STRING as a name",
        lambda f: without_its_key(f, UTF8_NAME, BIT_STRING_NAME),
        *("cert", "contains no certificate in PEM form, or a broken one"),
    ),
    (
        "no PEM key",
        lambda f: f.key.write_bytes(b"key"),
        "key",
        "contains no private key in PEM form",
    ),
    (
        "no PEM chain",
        lambda f: chain_of(f).write_bytes(b""),
        "chain",
        "contains no certificate in PEM",
    ),
    ("open to all", lambda f: f.key.chmod(0o644), "key", "(mode 0644); run `chmod 600 "),
    ("open to a group", lambda f: f.key.chmod(0o640), "key", "(mode 0640); run `chmod 600 "),
    ("writable by a group", lambda f: f.key.chmod(0o620), "key", "(mode 0620); run `chmod 600 "),
    ("encrypted", encrypt, "key", "is encrypted, and Waypost cannot ask for its password"),
    ("encrypted of old", encrypt_as_of_old, "key", "is encrypted, and Waypost cannot ask"),
    ("another's", other_key, "key", "does not belong to the certificate in "),
    ("Ed25519", odd_key, "key", "is neither an RSA nor an EC key"),
    ("odd curve", odd_curve, "key", "is an EC key on the curve secp256k1; devices accept P-256"),
    (
        "wrong order",
        wrong_order,
        "key",
        "belongs to certificate 2, but the signer's certificate mu",
    ),
    (
        "unknown curve",
        lambda f: without_its_key(f, EC_ON_P256, EC_ON_NO_CURVE),
        *("key", "does not belong to the certificate in "),
    ),
    (
        "unknown key",
        lambda f: without_its_key(f, EC_ON_P256, OTHER_KEY),
        *("cert", "the first certificate is neither for an RSA key nor for an EC key"),
    ),
    ("small", small_key, "key", "is an RSA key of 1024 bits; 2048 is the minimum"),
    ("huge", lambda f: f.key.write_bytes(bytes(FILE_MAX_BYTES + 1)), "key", "is longer than"),
    (
        "foreign chain",
        lambda f: shutil.copy(f.certificate.with_name("authority.pem"), chain_of(f)),
        *("chain", "the certificate of CN=intermediate, which issued the signer's, is missing"),
    ),
]


@pytest.mark.parametrize(("spoil", "option", "said"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_files(made: Signing, spoil: Spoil, option: str, said: str) -> None:
    """A message names the problem, the option and the file, and contains no secret."""
    spoil(made.files)

    (problem,) = problems(made.files)

    path = {"cert": made.files.certificate, "key": made.files.key, "chain": made.files.chain}
    assert problem.startswith(f"profile_{option}: {path[option]}: ")
    assert said in problem
    assert "s3cret" not in problem


def test_good_files(made: Signing) -> None:
    """Certificate, key and chain of an authority are accepted, in whichever file the chain is."""
    files, now = made.files, datetime.now(UTC)
    apart = load_credentials(files, now)
    text = files.certificate.read_bytes() + chain_of(files).read_bytes()
    files.certificate.write_bytes(text)
    together = load_credentials(ProfileFiles(files.certificate, files.key), now)
    twice = load_credentials(files, now)

    assert apart.chain == together.chain == twice.chain
    assert apart.certificate == together.certificate


def test_key_of_another_user(made: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message does not propose chmod if other users may need the key: it proposes a copy."""
    made.files.key.chmod(0o640)
    monkeypatch.setattr("waypost.profiles.credentials.os.geteuid", lambda: os.getuid() + 1)

    (problem,) = problems(made.files)

    assert problem.endswith("(mode 0640); give Waypost's user a copy with mode 600")


def test_key_for_one_scheme(tmp_path: Path) -> None:
    """A certificate whose key signs only with RSASSA-PSS is refused: Waypost does not use that."""
    require(programs=["openssl"])
    key, certificate = tmp_path / "pss.key", tmp_path / "pss.pem"
    command = [program("openssl"), "req", "-x509", "-newkey", "rsa-pss", "-nodes", "-subj", "/CN=x"]
    command += ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    key.chmod(0o600)

    (problem,) = problems(ProfileFiles(certificate, key))

    assert "the first certificate is neither for an RSA key nor for an EC key" in problem


def test_expired(made: Signing) -> None:
    """A certificate is refused before and after its validity, and one of the chain as well."""
    late = problems(made.files, datetime.now(UTC) + timedelta(days=2))
    early = problems(made.files, datetime.now(UTC) - timedelta(days=2))

    assert (
        f"profile_cert: {made.files.certificate}: the certificate of CN={NAME} expired" in late[0]
    )
    assert f"profile_chain: {made.files.chain}: the certificate of CN=intermediate exp" in late[1]
    assert "is not valid before" in early[0]
    assert "is this machine's clock right?" in early[0]


def test_all_mistakes_at_once(made: Signing) -> None:
    """Three bad files are three error messages."""
    for path in made.files.paths:
        path.write_bytes(b"x")

    assert len(problems(made.files)) == 3


def test_key_behind_its_parameters(made: Signing) -> None:
    """A key as `openssl ecparam -genkey` writes it, with the curve before it, is accepted."""
    parameters = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    made.files.key.write_bytes(parameters + made.files.key.read_bytes())

    found = load_credentials(made.files, datetime.now(UTC))

    assert found.key.public_key() == found.certificate.public_key()
