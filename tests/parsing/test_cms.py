"""Parsing of signed data: Waypost's, OpenSSL's, and data that only resembles it."""

import hashlib
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.profiles.making import Signing, signing
from tests.servers.requirements import program, require
from waypost.formats.mobileconfig.signing import sign
from waypost.parsing.cms import CmsError, content_of, is_encrypted, is_signed, verify
from waypost.profiles.credentials import load_credentials

PROFILE = b"<plist>\n\xc3\xa4</plist>"


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Signing:
    return signing(tmp_path_factory.mktemp("signing"))


@pytest.fixture(name="signed", scope="module")
def _signed(made: Signing) -> bytes:
    return sign(PROFILE, load_credentials(made.files, datetime.now(UTC)))


def by_openssl(made: Signing, *flags: str) -> bytes:
    require(programs=["openssl"])
    files = made.files
    command = [program("openssl"), "cms", "-sign", "-binary", "-outform", "DER", "-nodetach"]
    command += ["-signer", f"{files.certificate}", "-inkey", f"{files.key}"]
    command += ["-certfile", f"{files.chain}", *flags]
    return subprocess.run(command, input=PROFILE, capture_output=True, check=True).stdout


def test_own(made: Signing, signed: bytes) -> None:
    """What Waypost signs is read back, with its signer and the chain."""
    found = verify(signed)
    wanted = load_credentials(made.files, datetime.now(UTC))

    assert (found.content, found.signer) == (PROFILE, wanted.certificate)
    assert found.others == wanted.chain
    assert is_signed(signed)
    assert content_of(signed) == PROFILE


@pytest.mark.parametrize(
    "flags",
    [["-md", "sha256"], ["-md", "sha512"], ["-noattr"], ["-keyid"], ["-stream"]],
    ids=" ".join,
)
def test_of_openssl(made: Signing, flags: list[str]) -> None:
    """All signatures of OpenSSL are read: digests, no attributes, key identifiers, BER."""
    signed = by_openssl(made, *flags)

    assert verify(signed).content == content_of(signed) == PROFILE
    assert is_signed(signed)
    assert (signed[1] == 0x80) is ("-stream" in flags)


BAD = [
    # flags of OpenSSL, what is said
    (["-md", "sha1"], "another digest than SHA-256"),
    (["-nocerts"], "it does not contain the signer's certificate"),
]


@pytest.mark.parametrize(("flags", "said"), BAD, ids=[" ".join(bad[0]) for bad in BAD])
def test_bad_of_openssl(made: Signing, flags: list[str], said: str) -> None:
    """A weak digest and a missing certificate are refused with the reason."""
    with pytest.raises(CmsError, match=said):
        verify(by_openssl(made, *flags))


def test_other_padding(tmp_path: Path) -> None:
    """RSASSA-PSS is reported by its name, not as a signature that is not valid."""
    made = signing(tmp_path, key=rsa.generate_private_key(65537, 2048))

    with pytest.raises(CmsError, match="it is signed with RSASSA-PSS"):
        verify(by_openssl(made, "-keyopt", "rsa_padding_mode:pss"))


NESTED = [
    # bytes, what is said
    (b"\x30\x80" * 9000, "it is nested too deeply"),
    (b"\x30\x80\x04\x80\0\0\0\0", "it is neither DER nor BER"),
    (b"\x30\x80\x02\x01\x01", "it is cut off"),
    (b"\x30\x85\0\0\0\0\0", "it is neither DER nor BER"),
    (b"\x30\x00\x00", "there is more data after it"),
    (b"\x1f\x01\x00", "it is neither DER nor BER"),
]


@pytest.mark.parametrize(("raw", "said"), NESTED)
def test_no_form_of_data(raw: bytes, said: str) -> None:
    """Data with a wrong structure is refused with the reason, however deep it is nested."""
    with pytest.raises(CmsError, match=said):
        verify(raw)


def test_string_in_strings(made: Signing) -> None:
    """The strings that BER divides the content into may not be nested without end."""
    signed = by_openssl(made, "-stream")
    string = b"\x04" + bytes([len(PROFILE)]) + PROFILE
    assert signed.count(b"\x24\x80" + string + b"\0\0") == 1
    for depth, is_read in ((3, True), (15, False)):
        deep = b"\x24\x80" * depth + string + b"\0\0" * depth
        changed = signed.replace(b"\x24\x80" + string + b"\0\0", deep)
        if is_read:
            assert verify(changed).content == PROFILE
        else:
            with pytest.raises(CmsError, match="it is nested too deeply"):
                verify(changed)


def test_begins_as_signed(signed: bytes) -> None:
    """Truncated signed data is still recognized as signed."""
    assert is_signed(signed[:40])
    assert not any(is_signed(signed[:size]) for size in (0, 1, 2, 3, 10))
    assert not is_encrypted(signed)


def test_detached(made: Signing) -> None:
    """A signature without the profile is reported as detached."""
    require(programs=["openssl"])
    command = [program("openssl"), "cms", "-sign", "-binary", "-outform", "DER", "-signer"]
    command += [f"{made.files.certificate}", "-inkey", f"{made.files.key}"]
    done = subprocess.run(command, input=PROFILE, capture_output=True, check=True)

    with pytest.raises(CmsError, match="detached"):
        verify(done.stdout)


def test_another_signature(made: Signing, signed: bytes) -> None:
    """A signature of the same key over other content is not valid."""
    other = sign(b"other", load_credentials(made.files, datetime.now(UTC)))

    with pytest.raises(CmsError, match="the signature is not valid"):
        verify(signed[:-60] + other[-60:])


def test_every_byte_counts(signed: bytes) -> None:
    """With any changed byte of content, attributes or signature, verification fails."""
    content = signed.index(PROFILE)
    digest = signed.index(hashlib.sha256(PROFILE).digest())
    places = [*range(content, content + len(PROFILE)), *range(digest - 17, digest + 32)]
    for position in [*places, *range(len(signed) - 60, len(signed))]:
        changed = bytearray(signed)
        changed[position] ^= 1
        with pytest.raises(CmsError):
            verify(bytes(changed))


def test_cut_off(signed: bytes) -> None:
    """Truncated data, or data with extra bytes, is refused."""
    for cut in (signed[:-1], signed[:100], signed[:3], b"", signed + b"\0", signed + signed):
        with pytest.raises(CmsError):
            verify(cut)


def test_negative_serial_number(signed: bytes) -> None:
    """A certificate whose serial number is not positive is broken (RFC 5280 s4.1.2.2)."""
    serial = signed.index(b"\x02\x14") + 2  # an INTEGER of 20 bytes, the first of all
    changed = signed[:serial] + b"\x80" + signed[serial + 1 :]
    with pytest.raises(CmsError, match="one of its certificates is broken"):
        verify(changed)


@given(st.data())
def test_any_bytes(signed: bytes, data: st.DataObject) -> None:
    """Data with any changed bytes is read or refused, and nothing else happens."""
    start = data.draw(st.integers(0, len(signed)))
    patch = data.draw(st.binary(max_size=8))
    changed = signed[:start] + patch + signed[start + len(patch) :]
    for read in (is_signed, content_of, verify):
        try:
            read(changed)
        except CmsError:
            continue


@given(st.binary(max_size=60))
def test_any_short_bytes(raw: bytes) -> None:
    """Any short bytes are no signed data."""
    with pytest.raises(CmsError):
        verify(raw)
