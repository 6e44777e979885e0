"""The values for Outlook in the documentation can be imported without a change."""

import re

import pytest

from tests.docs.pages import ROOT, Block, blocks
from waypost.core.address import DomainName
from waypost.formats.outlook_registry import render, render_local

PAGE = ROOT / "docs/outlook.md"
FIRST_LINE = "Windows Registry Editor Version 5.00"
OUTLOOK = r"\[HKEY_CURRENT_USER\\Software\\Microsoft\\Office\\16\.0\\Outlook\\\w+\]"
VALUE = r'"[\w.]+"=(dword:[0-9a-f]{8}|"([^"\\]|\\\\)+")'
# Each value disables a way to find Waypost.
HARMFUL = {
    "ExcludeHttpsAutoDiscoverDomain",
    "ExcludeHttpsRootDomain",
    "ExcludeHttpRedirect",
    "ExcludeSrvRecord",
}


@pytest.mark.parametrize("block", blocks(PAGE, "reg"), ids=lambda block: block.name)
def test_registry_files(block: Block) -> None:
    """Each block is a file for Windows' registry, with keys of Outlook and valid values."""
    first, empty, *rest = block.text.splitlines()
    assert (first, empty) == (FIRST_LINE, "")
    assert [line for line in rest if not re.fullmatch(f"{OUTLOOK}|{VALUE}|", line)] == []
    assert any(re.fullmatch(VALUE, line) for line in rest)


def test_ways_to_waypost_stay_open() -> None:
    """No value keeps Outlook from a URL where Waypost answers."""
    names = {
        name
        for block in blocks(PAGE, "reg")
        for name in re.findall(r'^"([^"]+)"=', block.text, re.MULTILINE)
    }
    assert len(names) == 6
    assert names.isdisjoint(HARMFUL)


def test_commands_print_what_the_page_says() -> None:
    """`waypost show outlook-reg` prints both files of the page."""
    local = render_local([DomainName.parse("example.com")], r"C:\Autodiscover")
    printed = [data.decode("utf-16").replace("\r\n", "\n") for data in (render(), local)]
    assert printed == [block.text for block in blocks(PAGE, "reg")]
