"""`waypost profile verify`, and signed profiles from `waypost show`."""

import json
import os
import plistlib
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.profiles.making import NAME, Signing, openssl_verifies, signing
from tests.servers.requirements import program, require

SHOW = ("show", "mobileconfig", "alice@example.com", "--demo")


@pytest.fixture(name="made")
def _made(home: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    made = signing(home / "keys")
    monkeypatch.setenv("WAYPOST_PROFILE_CERT", f"{made.files.certificate}")
    monkeypatch.setenv("WAYPOST_PROFILE_KEY", f"{made.files.key}")
    monkeypatch.setenv("WAYPOST_PROFILE_CHAIN", f"{made.files.chain}")
    return made


def shown(home: Path, capsysbinary: pytest.CaptureFixture[bytes], *more: str) -> Path:
    """Write the output of `waypost show mobileconfig` to a file."""
    from waypost.cli.main import main

    capsysbinary.readouterr()
    assert main([*SHOW, *more]) == 0
    file = home / "a.mobileconfig"
    file.write_bytes(capsysbinary.readouterr().out)
    return file


def test_show_signs(made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """The printed profile is the one that a server would send: signed, and valid for OpenSSL."""
    content = openssl_verifies(shown(home, capsysbinary).read_bytes(), made.root)

    assert content is not None
    assert plistlib.loads(content)["PayloadType"] == "Configuration"


def test_good(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """For a good profile, the signer, the chain to the root and the content are printed."""
    file = shown(home, capsysbinary)
    outcome = waypost("profile", "verify", file, "--ca", made.root)

    assert (outcome.code, outcome.err) == (0, "")
    assert f"{NAME} < intermediate < Authority of a test run" in outcome.out
    assert "com.apple.mail.managed alice@example.com" in outcome.out


def test_good_for_scripts(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """JSON has the same data."""
    file = shown(home, capsysbinary)
    outcome = waypost("profile", "verify", file, "--ca", made.root, "--json")
    found = json.loads(outcome.out)

    assert outcome.code == 0
    assert (found["signed"], found["trusted"], found["problems"]) == (True, True, [])
    assert found["signer"] == NAME
    assert found["chain"] == [NAME, "intermediate", "Authority of a test run"]
    assert found["valid_until"].endswith("+00:00")
    assert found["payloads"][0]["type"] == "com.apple.mail.managed"


def test_unsigned(waypost: Waypost, home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A profile without a signature is a finding."""
    file = shown(home, capsysbinary)
    outcome = waypost("profile", "verify", file)

    assert outcome.code == 1
    assert "signature: there is none" in outcome.err
    assert "com.apple.mail.managed" in outcome.out


def test_unknown_authority(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A signer without a trusted chain is a finding, with the system's authorities and another."""
    file = shown(home, capsysbinary)
    other = signing(home / "other")
    assert made.root != other.root
    for flags in ([], ["--ca", other.root]):
        outcome = waypost("profile", "verify", file, *flags)
        assert outcome.code == 1
        assert f"signed by     {NAME}" in outcome.out
        assert "trusted by    -" in outcome.out
        assert "authority" in outcome.err


def test_changed_profile(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A profile that was changed after it was signed is a finding, and shown without a signer."""
    file = shown(home, capsysbinary)
    file.write_bytes(file.read_bytes().replace(b"alice@example.com", b"mallet@example.co", 1))
    outcome = waypost("profile", "verify", file, "--ca", made.root)

    assert outcome.code == 1
    assert "the content was changed after it was signed" in outcome.err
    assert "signed by     -" in outcome.out


# RFC 5652 s3: a type of content, here of what is signed and of what is encrypted.
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
ENVELOPED_DATA = bytes.fromhex("06092a864886f70d010703")

BAD = [
    # what the file holds, what is said
    (None, "cannot be read: No such file or directory"),
    (b"", "is neither a property list nor a signed one"),
    (b"hello", "is neither a property list nor a signed one"),
    (b"\x30\x80", "is neither a property list nor a signed one"),
    (
        b"\x30\x82\x40\x00" + SIGNED_DATA,
        "as a signed profile, but cannot be read: it is cut off",
    ),
    (b"\x30\x0b" + SIGNED_DATA + b"\n", "cannot be read: there is more data after it"),
    (b"\x30\x80" + ENVELOPED_DATA, "is encrypted: only its device can read it"),
    (b"-----BEGIN PKCS7-----\n", "is signed as text (PEM or S/MIME), but devices need DER"),
    (b"MIME-Version: 1.0\n", "is signed as text (PEM or S/MIME), but devices need DER"),
    (b"-----BEGIN CERTIFICATE-----\n", "is neither a property list nor a signed one"),
    (plistlib.dumps({"a": "b"}), "is a property list, but no profile"),
    (plistlib.dumps(["a"]), "is a property list, but no profile"),
    (plistlib.dumps({"PayloadContent": ["a"]}), "one of its payloads is not a dictionary"),
    (b"bplist00" + bytes(40), "is neither a property list nor a signed one"),
]


@pytest.mark.parametrize(("data", "said"), BAD)
def test_no_profile(waypost: Waypost, home: Path, data: bytes | None, said: str) -> None:
    """Another file than a profile is wrong use, in one line with the file's name."""
    file = home / "a.mobileconfig"
    if data is not None:
        file.write_bytes(data)
    outcome = waypost("profile", "verify", file)

    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {file}: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_detached(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A detached signature is reported as such."""
    signed = by_openssl(
        shown(home, capsysbinary), made.files.certificate, made.files.key, "-binary"
    )
    outcome = waypost("profile", "verify", signed)

    assert outcome.code == 2
    assert "it does not contain the profile (the signature is detached)" in outcome.err


def by_openssl(file: Path, certificate: Path, key: Path, *flags: str) -> Path:
    """Sign a file with OpenSSL only."""
    require(programs=["openssl"])
    signed = file.with_suffix(".signed")
    command = [program("openssl"), "cms", "-sign", "-outform", "DER", "-in", f"{file}", *flags]
    command += ["-out", f"{signed}", "-signer", f"{certificate}", "-inkey", f"{key}"]
    subprocess.run(command, check=True, capture_output=True)
    return signed


def test_without_its_chain(
    waypost: Waypost, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """If the chain is missing, the message has the missing certificate."""
    made = signing(home / "keys")
    files = made.files
    file = shown(home, capsysbinary)
    signed = by_openssl(file, files.certificate, files.key, "-nodetach", "-binary")
    outcome = waypost("profile", "verify", signed, "--ca", made.root)

    assert outcome.code == 1
    missing = f"the certificate of CN=intermediate, the issuer of {NAME}, is not in the file; --ca"
    assert missing in outcome.err


@pytest.mark.parametrize("extensions", ["", "keyUsage=critical,cRLSign"])
def test_authority_without_extensions(
    waypost: Waypost, home: Path, capsysbinary: pytest.CaptureFixture[bytes], extensions: str
) -> None:
    """An authority without extensions is trusted as by OpenSSL, unless its key usage forbids it."""
    require(programs=["openssl"])
    openssl, names = program("openssl"), ("root", "signer")
    root, signer = (home / f"{name}.pem" for name in names)
    for name in names:
        command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
        command += ["-subj", f"/CN={name}"]
        command += ["-keyout", f"{name}.key", "-out", f"{name}.pem"]
        issuer = ["-CA", f"{root}", "-CAkey", "root.key", "-addext", "keyUsage=digitalSignature"]
        command += issuer if name == "signer" else ["-addext", extensions] if extensions else []
        subprocess.run(command, check=True, capture_output=True)
    signed = by_openssl(
        shown(home, capsysbinary), signer, home / "signer.key", "-nodetach", "-binary"
    )
    outcome = waypost("profile", "verify", signed, "--ca", root)

    good = openssl_verifies(signed.read_bytes(), root) is not None
    assert good is (extensions == "")
    assert outcome.code == (0 if good else 1)
    assert ("trusted by    signer < root" in outcome.out) is good


@pytest.mark.parametrize(
    ("days", "said"), [((-3, -2), "expired on "), ((2, 3), "is not valid before ")]
)
def test_certificate_outside_its_validity(
    waypost: Waypost,
    home: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
    days: tuple[float, float],
    said: str,
) -> None:
    """A certificate before and after its validity is reported as such."""
    made = signing(home / "keys", days=days)
    files = made.files
    file = by_openssl(
        shown(home, capsysbinary),
        files.certificate,
        files.key,
        "-nodetach",
        "-certfile",
        f"{files.chain}",
    )
    outcome = waypost("profile", "verify", file, "--ca", made.root)

    assert outcome.code == 1
    assert f"signature: the certificate of {NAME} {said}" in outcome.err


def test_bad_authorities(waypost: Waypost, home: Path) -> None:
    """Authorities that cannot be read are wrong use."""
    file = home / "a.mobileconfig"
    file.write_bytes(plistlib.dumps({"PayloadContent": []}))
    outcome = waypost("profile", "verify", file, "--ca", file)

    assert outcome.code == 2
    assert outcome.err.startswith(f"error: --ca: {file}: contains no usable certificate")
    missing = waypost("profile", "verify", file, "--ca", home / "missing")
    assert missing.err == f"error: --ca: {home / 'missing'}: cannot be read: {os.strerror(2)}\n"


def test_secrets_and_signs_are_not_printed(waypost: Waypost, home: Path) -> None:
    """Neither a password nor a control character is printed."""
    payload = {"PayloadType": "com.apple.mail.managed", "IncomingPassword": "s3cret"}
    profile = {"PayloadContent": [payload], "PayloadDisplayName": "a\u202eb\nc"}
    file = home / "a.mobileconfig"
    file.write_bytes(plistlib.dumps(profile))
    for flags in ([], ["--json"]):
        outcome = waypost("profile", "verify", file, *flags)
        assert "s3cret" not in outcome.out + outcome.err
        assert "a?b?c" in outcome.out
