"""No text makes a reader install an unpublished package, because anyone could register it."""

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, pages

# A command that looks up the name in a package index; paths and folders are allowed.
INSTALLS = re.compile(
    r"\b(?:pipx?3?|uvx?|poetry|conda|easy_install)\b[^\n]*?\b(?:install|add|run|download|wheel)\b"
    r"[^\n]*?[\s'\"`=]waypost(?:\[[a-z,]*\])?(?:[=<>~!].*?)?(?=[\s'\"`;,.)]|$)",
    re.MULTILINE,
)
EXTRA = re.compile(r"\bwaypost\[[a-z]")
FOLDERS = ("src", "contrib", "tools", "docs", "bench")
KINDS = {".py", ".toml", ".md", ".html", ".service", ".txt", ".jinja", ".js", ".sql", ".mako", ""}
BAD = [
    "pip install waypost",
    "pip install 'waypost[ldap]'",
    "run `pip install waypost` first",
    "/opt/waypost/bin/pip install --upgrade waypost",
    "python3 -m pip install waypost==0.1.0",
    "pipx install waypost",
    "uv pip install waypost[ldap,mysql]",
    "uv tool install waypost.",
    "the extra waypost[postgresql]",
]
GOOD = [
    "/opt/waypost/bin/pip install --require-hashes -r requirements.txt",
    "/opt/waypost/bin/pip install --no-deps --no-build-isolation .",
    "pip install '.[ldap]' in the folder of Waypost's source",
    "pip install /tmp/waypost-0.1.0-py3-none-any.whl",
    "pip install --force-reinstall --no-cache-dir python-ldap",
    "apt install python3-venv; waypost serve",
]


def texts() -> list[Path]:
    """Return every file that an operator, or a program of an operator, may read."""
    found = [
        path
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix in KINDS and "egg-info" not in f"{path}"
    ]
    return [*found, *pages(), ROOT / "Makefile", ROOT / "pyproject.toml"]


def names_of_packages(text: str) -> list[str]:
    """Return the parts of a text that would be looked up in a package index."""
    return [*INSTALLS.findall(text), *EXTRA.findall(text)]


@pytest.mark.parametrize("text", BAD)
def test_bad_texts_are_seen(text: str) -> None:
    """Each way of naming the package is found."""
    assert names_of_packages(text)


@pytest.mark.parametrize("text", GOOD)
def test_good_texts_are_left_alone(text: str) -> None:
    """An installation from a checkout, from a file, or of another package is allowed."""
    assert not names_of_packages(text)


def test_no_text_names_the_package() -> None:
    """No page, message, unit or script names a package `waypost` of an index."""
    found = {
        f"{path.relative_to(ROOT)}": names
        for path in texts()
        if (names := names_of_packages(path.read_text(encoding="utf-8", errors="replace")))
    }
    assert found == {}
