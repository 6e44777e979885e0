"""Hostile and broken files of automx 1.x."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from waypost.core.errors import ProvidersError
from waypost.importers.automx1 import ini_file
from waypost.importers.automx1 import sections as automx1_sections
from waypost.importers.automx1.providers import read_automx1
from waypost.providers_file.document import decode
from waypost.providers_file.load import read_providers, write_providers

SETTINGS = Path(__file__).parent / "automx1" / "settings"
SAMPLES = [path.read_bytes() for path in sorted(SETTINGS.glob("*.conf"))]
# Pieces that may have a meaning for a parser of INI files, for automx, or for a terminal.
PIECES = [
    *(b"\0", b"\xef\xbb\xbf", b"\xff\xfe[\0", b"\x80", b"\r", b"\r\n\r\n", b"\n[", b"]\n", b"\n "),
    *(b"%(a)s", b"%%", b"%s", b"%u", b"%d", b"%EMAILADDRESS%", b"${host}", b"$", b"=", b":", b"#"),
    *(b"\n[global]\n", b"\n[DEFAULT]\n", b"\n[automx]\n", b"\nbackend = ldap\n"),
    b"\nfollow = %d\n",
    *(b"\nhost = ldap://127.0.0.1/\nfilter = (&(mail=%s)(\n", b"\nquery = SELECT '%u';--\n"),
    *(b"*", b"\x1b[2J", b"\xe2\x80\xae\xc3\xbc", b"9" * 5000),
]


def read(data: bytes) -> None:
    """Read a file as the command does, write the providers, and read them again."""
    try:
        found = read_automx1(decode(data, "automx.conf"), name="automx.conf")
    except ProvidersError as error:
        for problem in error.problems:
            assert problem.startswith("automx.conf: ")
            assert len(problem) < 2000
        return
    assert found.catalog.domains
    written = write_providers(found.catalog, "toml")
    assert read_providers(written, name="again", format="toml").catalog.domains
    for note in (*found.left_out, *found.warnings):
        assert note.line <= data.count(b"\n") + 1
        assert len(f"{note}") < 2000
        assert "\n" not in f"{note}"


@examples(300)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    """Any bytes return providers, or raise an error that names the file."""
    read(data)


@st.composite
def changed_samples(draw: st.DrawFn) -> bytes:
    """Build a sample with inserted, removed and repeated pieces."""
    data = draw(st.sampled_from(SAMPLES))
    for _ in range(draw(st.integers(1, 6))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 40)))
        piece = draw(st.one_of(st.sampled_from(PIECES), st.binary(max_size=4), st.just(b"")))
        data = data[:begin] + piece + (data[begin:] if draw(st.booleans()) else data[end:])
    return data


@examples(500)
@given(changed_samples())
def test_any_change_of_a_sample(data: bytes) -> None:
    """A changed sample of automx returns providers, or raises an error that names the file."""
    read(data)


HEAD = "[automx]\nprovider = p\ndomains = *\n[global]\nbackend = static\n"
BAD_LINES = [
    # text after line 5, line in the error
    ("hunter2", 6),
    ("[a]\n hunter2", 7),
    ("= hunter2", 6),
    (": hunter2", 6),
    ("[hunter2", 6),
    (f"hunter2{' ' * 50_000}2", 6),
    (f"a = 1\n b{' ' * 50_000}\nhunter2\nhunter2", 8),
]


@pytest.mark.parametrize(("text", "line"), BAD_LINES)
def test_bad_line_is_named_and_not_shown(text: str, line: int) -> None:
    """An error names the first bad line but does not show it, as it may contain a password."""
    with pytest.raises(ProvidersError) as caught:
        read_automx1(HEAD + text, name="automx.conf")
    (problem,) = caught.value.problems
    assert problem.startswith(f"automx.conf: line {line}: not an INI file: ")
    assert "hunter2" not in problem


def test_default_section_is_noted_once() -> None:
    """A key of [DEFAULT] that cannot be imported gets one note, for any number of sections."""
    service = "backend = static\nimap = yes\nimap_server = a.example\n"
    sections = "".join(f"[d{number}.example]\n{service}" for number in range(20))
    found = read_automx1(f"{HEAD}{service}{sections}[DEFAULT]\nhost = x\n", name="automx.conf")
    (note,) = found.left_out
    assert f"{note}".startswith("automx.conf: line 90: [DEFAULT] host: ")


def test_too_many_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file whose sections inherit too many keys in total is refused."""
    monkeypatch.setattr(automx1_sections, "KEYS_MAX", 100)
    keys = "".join(f"key{number} = 1\n" for number in range(30))
    sections = "".join(f"[d{number}.example]\nbackend = static\n" for number in range(5))
    with pytest.raises(ProvidersError, match=r"line \d+: sections, .* have over 100 keys"):
        read_automx1(f"[DEFAULT]\n{keys}{HEAD}{sections}", name="automx.conf")


def test_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is too long is refused before it is parsed."""
    monkeypatch.setattr(ini_file, "MAX_CHARS", 100)
    with pytest.raises(ProvidersError, match="has more than"):
        read_automx1("x\n" * 100, name="automx.conf")
