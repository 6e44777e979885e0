"""Signed profiles, checked with OpenSSL."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.profiles.making import NAME, Signing, openssl_verifies, signing
from tests.servers.authority import Authority, Key
from tests.servers.requirements import program
from waypost.formats.mobileconfig.signing import Credentials, sign
from waypost.profiles.credentials import load_credentials

PROFILE = b'<?xml version="1.0"?>\n<plist>\r\n\xc3\xa4</plist>\n'


def credentials(made: Signing) -> Credentials:
    return load_credentials(made.files, datetime.now(UTC))


@pytest.mark.rule("mobileconfig-signature")
@pytest.mark.parametrize("kind", ["RSA", "EC"])
def test_openssl_verifies(tmp_path: Path, kind: str) -> None:
    """With either kind of key, OpenSSL verifies the chain and returns the same bytes."""
    key: Key = (
        rsa.generate_private_key(65537, 2048)
        if kind == "RSA"
        else ec.generate_private_key(ec.SECP384R1())
    )
    made = signing(tmp_path, key=key)

    assert openssl_verifies(sign(PROFILE, credentials(made)), made.root) == PROFILE


@pytest.mark.rule("mobileconfig-signature-chain")
def test_chain_is_included(tmp_path: Path) -> None:
    """Without the intermediate certificate, the root alone is not enough."""
    made = signing(tmp_path)
    whole = credentials(made)
    without = Credentials(whole.certificate, whole.key)

    assert len(whole.chain) == 1
    assert openssl_verifies(sign(PROFILE, without), made.root) is None


def test_other_authority_is_not_trusted(tmp_path: Path) -> None:
    """Another authority with the same name is not trusted for it."""
    made = signing(tmp_path / "a")
    (tmp_path / "b").mkdir()
    other = Authority.create(tmp_path / "b", below=1)

    assert openssl_verifies(sign(PROFILE, credentials(made)), other.certificate) is None


def test_changed_byte(tmp_path: Path) -> None:
    """If any byte of the profile is changed, OpenSSL refuses it."""
    made = signing(tmp_path)
    signed = sign(PROFILE, credentials(made))
    start = signed.index(PROFILE)
    for position in (0, len(PROFILE) // 2, len(PROFILE) - 1):
        changed = bytearray(signed)
        changed[start + position] ^= 1
        assert openssl_verifies(bytes(changed), made.root) is None


@pytest.mark.rule("mobileconfig-signature", "mobileconfig-signature-sha256")
def test_content_of_the_signed_profile(tmp_path: Path) -> None:
    """It is DER with the profile attached, with SHA-256 and without S/MIME capabilities."""
    made = signing(tmp_path)
    command = [program("openssl"), "cms", "-cmsout", "-print", "-inform", "DER"]
    printed = subprocess.run(
        command, input=sign(PROFILE, credentials(made)), capture_output=True, check=True
    ).stdout.decode()

    assert "digestAlgorithm: \n          algorithm: sha256" in printed
    assert printed.count("X509v3 Basic Constraints") == 2
    assert f"CN = {NAME}" in printed or f"CN={NAME}" in printed
    assert "signingTime" in printed
    assert "SMIME" not in printed
    assert "eContent: <ABSENT>" not in printed


def test_key_is_not_shown(tmp_path: Path) -> None:
    """The repr of a value contains neither key nor password."""
    assert "key" not in repr(credentials(signing(tmp_path)))
