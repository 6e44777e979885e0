"""Separate files of domains."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.errors import ProvidersError
from waypost.core.model import DomainPattern
from waypost.providers_file.domains_file import read_lines
from waypost.providers_file.load import read_providers, read_providers_path

FILE = """
[[provider]]
name = "X"
domains = ["inline.example"]
domains_file = "lists/x.txt"
services = [
  { type = "imap", host = "imap.example" },
  { type = "smtp", host = "smtp.example" },
  { type = "pop3", host = "pop.example", domains = ["b.example"] },
]
"""


def write(folder: Path, data: bytes, text: str = FILE) -> Path:
    """Write a providers file and its domain file."""
    (folder / "lists").mkdir(exist_ok=True)
    (folder / "lists" / "x.txt").write_bytes(data)
    (folder / "mail.toml").write_text(text, encoding="utf-8")
    return folder / "mail.toml"


def problems(path: Path) -> list[str]:
    """Read a file with mistakes; return the mistakes without the folder."""
    with pytest.raises(ProvidersError) as caught:
        read_providers_path(path)
    return [one.replace(f"{path.parent}/", "") for one in caught.value.problems]


def test_lines(tmp_path: Path) -> None:
    """A line is a domain or a pattern in any form; comments, spaces and line breaks are ignored."""
    data = "\ufeff# all\n\nA.example\r\n  b.example # mine\n*.c.example\nb\u00fccher.example"
    data += "\nxn--i-7iq.ws\n\u200bxn--abc.example\u00a0"
    catalog = read_providers_path(write(tmp_path, data.encode())).catalog
    assert [(one.pattern.text, len(one.services)) for one in catalog.domains] == [
        ("inline.example", 2),
        ("a.example", 2),
        ("b.example", 3),
        ("*.c.example", 2),
        ("xn--bcher-kva.example", 2),
        # outside IDNA 2008, but registered
        ("xn--i-7iq.ws", 2),
        ("xn--abc.example", 2),
    ]
    assert len(catalog.domains) == 7
    assert catalog.domains[-1].pattern.text == "xn--abc.example"
    assert [one.pattern.text for one in catalog.domains[1:3]] == ["a.example", "b.example"]
    assert catalog.unused_providers == ()


BAD = [
    # bytes, problems
    (b"b.example\na..b\n", ["lists/x.txt: line 2: the domain has an empty label"]),
    (b"b.example\n\xff\n", ["lists/x.txt: line 2: is not UTF-8"]),
    (b"b.example\n\0\n", ["lists/x.txt: line 2: a label of the domain has characters"]),
    (b"b.example\n" + b"a" * 5000, ["lists/x.txt: line 2: is longer than 4096 bytes"]),
    (b"b.example\n" + b"a." * 70 + b"b", ["lists/x.txt: line 2: is longer than 128 characters"]),
    (b"b.example\nc d", ["lists/x.txt: line 2: a label of the domain has characters"]),
    (
        b"b.example\nc.example\nB.example\n",
        ["lists/x.txt: line 3: b.example is also at lists/x.txt: line 1;"],
    ),
    (
        b"b.example\ninline.example\n",
        ["lists/x.txt: line 2: inline.example is also at provider[0].domains[0];"],
    ),
    (
        b"c.example\n",
        ["mail.toml: provider[0].services[2].domains: b.example is not one of this provider's"],
    ),
]


@pytest.mark.parametrize(("data", "expected"), BAD, ids=range(len(BAD)))
def test_mistakes(tmp_path: Path, data: bytes, expected: list[str]) -> None:
    """A mistake is reported with the file and the line."""
    found = problems(write(tmp_path, data))
    assert len(found) == len(expected)
    assert all(one.startswith(start) for one, start in zip(found, expected, strict=True)), found


def test_list_of_mistakes_is_bounded(tmp_path: Path) -> None:
    """A file that is not a list of domains results in a bounded list of mistakes."""
    assert len(problems(write(tmp_path, b"..\n" * 100_000))) <= 1001


@pytest.mark.parametrize("name", ["missing.txt", "lists"])
def test_unreadable(tmp_path: Path, name: str) -> None:
    """A file that cannot be read is reported with its path and the system's reason."""
    path = write(tmp_path, b"", FILE.replace("lists/x.txt", name))
    assert problems(path)[0].startswith(f"{name}: cannot be read: ")


def test_text_without_a_file_cannot_name_other_files() -> None:
    """A providers text that is not in a file cannot refer to other files."""
    with pytest.raises(ProvidersError, match="domains_file: cannot be used here"):
        read_providers(FILE, name="f", format="toml")


def test_change_while_reading(tmp_path: Path) -> None:
    """A file that changes between two readings is an error, not an incomplete list."""
    path = write(tmp_path, b"b.example\nc.example\n")
    catalog = read_providers_path(path).catalog
    write(tmp_path, b"b.example\n")
    with pytest.raises(ProvidersError, match="changed while it was read"):
        tuple(catalog.domains)


NAMES = st.text(st.sampled_from("abx019-n.*\u00fc "), max_size=20).map(str.strip)


@given(name=NAMES.filter(lambda text: text != ""))
def test_canonical_domains_parse_the_same(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """A line has the same meaning as the same text as a pattern, or is refused like that text."""
    path = tmp_path_factory.mktemp("list") / "x.txt"
    path.write_text(name, encoding="utf-8")
    found = [pattern for _, pattern in read_lines(path, lambda _line, _rule: None)]
    try:
        assert found == [DomainPattern.parse(name)]
    except ValueError:
        assert found == []


def test_url_in_place_of_a_file(tmp_path: Path) -> None:
    """A URL is reported as a mistake, without the password that it may contain."""
    url = "postgresql://alice:s3cret@db.example/mail"
    (problem,) = problems(write(tmp_path, b"", FILE.replace("lists/x.txt", url)))
    assert "domains_file: must be a file path" in problem
    assert "s3cret" not in problem
