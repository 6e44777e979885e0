"""The manual pages and completion scripts that `make manual` writes."""

from pathlib import Path

import pytest
from tools.packages.manual import escape, page, page_name, settings_page, write

from waypost.cli.command_tree import command_tree
from waypost.cli.commands import ALL
from waypost.settings import options

NODES = {page_name(node): node for node in command_tree(ALL).walk()}
ESCAPED = [
    # text, the same for man(7)
    ("a b\n  c", "a b c"),
    (".reg files", r"\&.reg files"),
    ("'quoted' `code`", r"\(aqquoted\(aq \(gacode\(ga"),
    ("--dry-run", r"\-\-dry\-run"),
    (r"C:\Autodiscover", r"C:\eAutodiscover"),
    ("~/.config ^", r"\(ti/.config \(ha"),
]


@pytest.mark.parametrize(("text", "escaped"), ESCAPED)
def test_text_is_no_request(text: str, escaped: str) -> None:
    """No text of a command begins a request of roff, and each character stays what it is."""
    assert escape(text) == escaped


def test_page_of_a_command() -> None:
    """A page has the arguments, the options with their values, and the example of the help."""
    text = page(NODES["waypost-show-dns"])
    assert ".B waypost show dns\n[OPTIONS] DOMAIN\n" in text
    assert ".SH ARGUMENTS\n.TP\n.B DOMAIN\n" in text
    assert r"\fB\-\-format\fR \fIzone|json|octodns|terraform|nsupdate\fR" in text
    assert "waypost show dns example.com \\-\\-public\\-url" in text.partition(".SH EXAMPLE")[2]
    assert text.endswith(".BR waypost\\-show (1),\n.BR waypost.toml (5)\n")


def test_page_of_a_group() -> None:
    """The page of a group lists the pages of its commands, and the first page those of all."""
    assert ".BR waypost\\-pacc\\-pin (1)\n" in page(NODES["waypost-pacc"])
    first = page(NODES["waypost"])
    for name in ("serve", "show", "config"):
        assert f".BR waypost\\-{name} (1)\n" in first
    assert ".SH EXIT STATUS" in first


def test_page_of_the_settings() -> None:
    """The page has each option with its variable."""
    text = settings_page()
    for option in options():
        assert f".B {escape(option.name)}\n" in text
        assert escape(option.variable) in text


def test_files(tmp_path: Path) -> None:
    """Each page and each script is in the folder of `/usr/share` that `man` and the shells read."""
    written = {f"{path.relative_to(tmp_path)}" for path in write(tmp_path)}
    assert {f"man/man1/{name}.1" for name in NODES} < written
    assert {f"{path.relative_to(tmp_path)}" for path in tmp_path.rglob("*.*1")} < written
    for name in ("bash-completion/completions/waypost", "zsh/vendor-completions/_waypost"):
        assert name in written
    assert "fish/vendor_completions.d/waypost.fish" in written
