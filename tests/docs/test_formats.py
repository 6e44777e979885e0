"""The page about providers files lists which formats can describe which service."""

import re

from tests.docs.pages import ROOT
from waypost.core.model import FORMATS_OF

PAGE = ROOT / "docs/providers.md"
HEAD = "| service | formats that can describe it |\n|---|---|\n"


def test_formats_of_services() -> None:
    """The table of the page has every type of service, with the formats of the code."""
    _, head, rest = PAGE.read_text(encoding="utf-8").partition(HEAD)
    assert head, "the table is not there"
    found: dict[str, set[str]] = {}
    for line in rest.partition("\n\n")[0].splitlines():
        types, formats = (re.findall(r"`(\w+)`", cell) for cell in line.strip("|").split("|"))
        found |= {kind: set(formats) for kind in types}
    assert found == {
        kind.value: {form.value for form in formats} for kind, formats in FORMATS_OF.items()
    }
