"""The check of `make lint` for spelling and house words, and the check for house phrases."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

WORDS = ROOT / "tools" / "house-words.txt"
PHRASES = ROOT / "tools" / "house-phrases.txt"
BAD_WORDS = [
    ("Nobody answers at this port.", "no client"),
    ("The record leads to another host.", "points to"),
    ("The log tells the reason.", "says"),
    ("a string of 255 octets", "bytes"),
    ("Mend the line that the log names.", "fix"),
    ("The certificate is beside its key.", "next to"),
    ("the adress of the server", "address"),
]
GOOD_WORDS = [
    "No client can connect to this port.",
    "`runuser -u nobody` runs a command as the Unix user `nobody`.",
    "application/octet-stream, and a stand-alone program",
    "def test_no_enumeration_who_exists() -> None:",
]
BAD_PHRASES = [
    ("the URL at which clients reach Waypost", "at which"),
    ("two lines, the last\nof which is read", "of which"),
    ("# It may be\n    # had from the vendor.", "may be had"),
    ("These are its other words.", "its other words"),
    ("It waits For Ever.", "for ever"),
]
GOOD_PHRASES = [
    "the URL where clients reach Waypost",
    "`--at which`",
    "This takes over 40 s.",
    "of the file, which is read",
]


def checked_files() -> Iterator[Path]:
    """Yield the files that `make lint` checks with codespell."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    skipped = [*project["tool"]["codespell"]["skip"], "*/__pycache__/*"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (places,) = re.findall(r"^\t\$\(BIN\)/codespell (.+)$", makefile, re.MULTILINE)
    for place in places.split():
        for found in ROOT.glob(place):
            for path in found.rglob("*") if found.is_dir() else [found]:
                name = path.relative_to(ROOT).as_posix()
                if path.is_file() and not any(fnmatch(name, one) for one in skipped):
                    yield path


def pattern(phrase: str) -> str:
    """Return a regular expression for a phrase, also over the end of a line or of a comment."""
    return r"\b" + r"[\s#]+".join(map(re.escape, phrase.split())) + r"\b"


def house_phrases() -> dict[str, str]:
    """Return each refused phrase with what to write."""
    lines = PHRASES.read_text(encoding="utf-8").splitlines()
    return dict(line.split("->") for line in lines)


def phrases_in(text: str) -> list[tuple[int, str]]:
    """Return the refused phrases of a text, each with its line; names in backticks are ignored."""
    plain = re.sub(r"`[^`\n]+`", "`", text)
    found = re.finditer("|".join(map(pattern, house_phrases())), plain, re.IGNORECASE)
    return [
        (plain.count("\n", 0, one.start()) + 1, " ".join(re.sub("#", " ", one[0]).lower().split()))
        for one in found
    ]


def codespell(text: str, folder: Path) -> dict[int, str]:
    """Return the lines of a text that codespell refuses, each with what to write."""
    sample = folder / "sample.txt"
    sample.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "codespell_lib", f"{sample}"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    refused = re.findall(r":(\d+): \S+ ==> (.+)$", done.stdout, re.MULTILINE)
    assert done.returncode == (65 if refused else 0), done.stderr  # 65: the check fails.
    return {int(line): better.lower() for line, better in refused}


def test_words_are_refused(tmp_path: Path) -> None:
    """Each bad sentence is refused with the word to write, and no good one is."""
    text = "\n".join([*(bad for bad, _ in BAD_WORDS), *GOOD_WORDS])
    refused = codespell(text, tmp_path)
    assert list(refused) == list(range(1, len(BAD_WORDS) + 1))
    for (_, better), shown in zip(BAD_WORDS, refused.values(), strict=True):
        assert better in shown


@pytest.mark.parametrize(("text", "phrase"), BAD_PHRASES)
def test_phrases_are_refused(text: str, phrase: str) -> None:
    """A bad phrase is found in any case, and over the end of a line."""
    assert [found for _, found in phrases_in(text)] == [phrase]


@pytest.mark.parametrize("text", GOOD_PHRASES)
def test_good_phrases_are_accepted(text: str) -> None:
    """A phrase in backticks and words that only look similar are accepted."""
    assert phrases_in(text) == []


def test_no_file_has_a_house_phrase() -> None:
    """No checked file has a phrase of tools/house-phrases.txt; the message says what to write."""
    better = house_phrases()
    refused = []
    for path in checked_files():
        text = path.read_text(encoding="utf-8", errors="ignore")
        for line, phrase in phrases_in(text):
            refused.append(f"{path.relative_to(ROOT)}:{line}: {phrase} ==> {better[phrase]}")
    assert refused == []


def test_files_are_checked() -> None:
    """The guide and the tools are checked, and a folder that is skipped is not."""
    names = {path.relative_to(ROOT).as_posix() for path in checked_files()}
    assert {"docs/guide.md", "CONTRIBUTING.md", "tools/install", "Makefile"} <= names
    assert "tools/house-words.txt" not in names


@pytest.mark.parametrize("path", [WORDS, PHRASES], ids=lambda path: path.name)
def test_tables_are_sorted(path: Path) -> None:
    """Each line has one entry in lower case and what to write, and the lines are sorted."""
    entries = [line.split("->") for line in path.read_text(encoding="utf-8").splitlines()]
    assert all(len(entry) == 2 and all(entry) for entry in entries)
    keys = [key for key, _ in entries]
    assert keys == sorted({key.lower() for key in keys})
