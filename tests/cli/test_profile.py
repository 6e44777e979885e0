"""`waypost profile verify`, and signed profiles from `waypost show`."""

import json
import plistlib
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.profiles.making import NAME, Signing, openssl_verifies, signing

SHOW = ("show", "mobileconfig", "alice@example.com", "--demo")


@pytest.fixture(name="made")
def _made(home: Path, monkeypatch: pytest.MonkeyPatch) -> Signing:
    made = signing(home / "keys")
    monkeypatch.setenv("WAYPOST_PROFILE_CERT", f"{made.files.certificate}")
    monkeypatch.setenv("WAYPOST_PROFILE_KEY", f"{made.files.key}")
    monkeypatch.setenv("WAYPOST_PROFILE_CHAIN", f"{made.files.chain}")
    return made


def shown(home: Path, capsysbinary: pytest.CaptureFixture[bytes], *more: str) -> Path:
    """Write what `waypost show mobileconfig` prints into a file."""
    from waypost.cli import main

    capsysbinary.readouterr()
    assert main([*SHOW, *more]) == 0
    file = home / "a.mobileconfig"
    file.write_bytes(capsysbinary.readouterr().out)
    return file


def test_show_signs(made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """What is printed is what a server would send: signed, for OpenSSL as well."""
    content = openssl_verifies(shown(home, capsysbinary).read_bytes(), made.root)

    assert content is not None
    assert plistlib.loads(content)["PayloadType"] == "Configuration"


def test_good(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A good profile is told with its signer, the way to the root, and what is in it."""
    file = shown(home, capsysbinary)
    outcome = waypost("profile", "verify", file, "--ca", made.root)

    assert (outcome.code, outcome.err) == (0, "")
    assert f"{NAME} < intermediate < Authority of a test run" in outcome.out
    assert "com.apple.mail.managed alice@example.com" in outcome.out


def test_good_for_scripts(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The same as JSON."""
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
    """A profile that nobody signed is a finding."""
    file = shown(home, capsysbinary)
    outcome = waypost("profile", "verify", file)

    assert outcome.code == 1
    assert "signature: there is none" in outcome.err
    assert "com.apple.mail.managed" in outcome.out


def test_foreign_authority(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A signer whom nobody vouches for is a finding, with this system's authorities and another."""
    file = shown(home, capsysbinary)
    other = signing(home / "other")
    assert made.root != other.root
    for flags in ([], ["--ca", other.root]):
        outcome = waypost("profile", "verify", file, *flags)
        assert outcome.code == 1
        assert f"signed by     {NAME}" in outcome.out
        assert "trusted by    nobody" in outcome.out
        assert "authority" in outcome.err


def test_changed(
    waypost: Waypost, made: Signing, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """A profile that was changed after it was signed is a finding, and shown as nobody's."""
    file = shown(home, capsysbinary)
    file.write_bytes(file.read_bytes().replace(b"alice@example.com", b"mallet@example.co", 1))
    outcome = waypost("profile", "verify", file, "--ca", made.root)

    assert outcome.code == 1
    assert "the content was changed after it was signed" in outcome.err
    assert "signed by     nobody" in outcome.out


BAD = [
    # what the file holds, what is said
    (None, "cannot be read: No such file or directory"),
    (b"", "is neither a property list nor a signed one"),
    (b"hello", "is neither a property list nor a signed one"),
    (b"\x30\x80", "is neither a property list nor a signed one"),
    (plistlib.dumps({"a": "b"}), "is a property list, but no profile"),
    (plistlib.dumps(["a"]), "is a property list, but no profile"),
    (plistlib.dumps({"PayloadContent": ["a"]}), "one of its payloads is not a dictionary"),
    (b"bplist00" + bytes(40), "is neither a property list nor a signed one"),
]


@pytest.mark.parametrize(("octets", "said"), BAD)
def test_no_profile(waypost: Waypost, home: Path, octets: bytes | None, said: str) -> None:
    """What is no profile is wrong use, in one line with the file's name."""
    file = home / "a.mobileconfig"
    if octets is not None:
        file.write_bytes(octets)
    outcome = waypost("profile", "verify", file)

    assert outcome.code == 2
    assert outcome.err.startswith(f"error: {file}: ")
    assert said in outcome.err
    assert outcome.err.count("\n") == 1


def test_bad_authorities(waypost: Waypost, home: Path) -> None:
    """Authorities that cannot be read are wrong use."""
    file = home / "a.mobileconfig"
    file.write_bytes(plistlib.dumps({"PayloadContent": []}))
    outcome = waypost("profile", "verify", file, "--ca", file)

    assert outcome.code == 2
    assert "--ca: " in outcome.err
    assert "holds no certificate in PEM form" in outcome.err


def test_secrets_and_signs_are_not_printed(waypost: Waypost, home: Path) -> None:
    """Neither a password nor a sign that moves a terminal reaches the screen."""
    payload = {"PayloadType": "com.apple.mail.managed", "IncomingPassword": "s3cret"}
    profile = {"PayloadContent": [payload], "PayloadDisplayName": "a\u202eb\nc"}
    file = home / "a.mobileconfig"
    file.write_bytes(plistlib.dumps(profile))
    for flags in ([], ["--json"]):
        outcome = waypost("profile", "verify", file, *flags)
        assert "s3cret" not in outcome.out + outcome.err
        assert "a?b?c" in outcome.out
