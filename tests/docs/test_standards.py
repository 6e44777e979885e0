"""The page of standards: each clause has a status, its code, and a reason unless it is yes."""

import re
from collections.abc import Iterator

import pytest

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "standards.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src" / "waypost"
STATUSES = {"yes", "part", "later", "no"}
# OpenSSL implements these, so no line of Waypost can cite them: TLS 1.3, and SNI.
BY_OTHERS = {"8446", "6066"}


def rows() -> Iterator[tuple[str, str, str]]:
    """Yield the clauses with their status and their text."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)]
        if line.startswith("|") and cells[2] not in {"status", "---"}:
            assert len(cells) == 5, line
            yield cells[1], cells[2], cells[3]


def test_every_clause_has_a_status() -> None:
    """The status is one of four words, and a clause with no or part has a reason."""
    found = list(rows())
    assert len(found) > 200
    for clause, status, reason in found:
        assert status in STATUSES, clause
        assert reason or status in {"yes", "later"}, clause
    assert len({clause for clause, _, _ in found}) > len(found) - 5


def test_code_cites_what_it_obeys() -> None:
    """The code cites each RFC that it implements completely or in part."""
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    cited = set(re.findall(r"RFC (\d{3,4})", text))
    obeyed = {
        number
        for clause, status, _ in rows()
        if status in {"yes", "part"}
        for number in re.findall(r"\b(?:RFC |, )(\d{4})\b", clause)
    }
    assert sorted(obeyed - cited - BY_OTHERS) == []


PLACES = sorted(set(re.findall(r"`([a-z0-9_/]+(?:\.py|/))`", PAGE)))


@pytest.mark.parametrize("place", PLACES)
def test_places_are_there(place: str) -> None:
    """Each file and each folder that the page names exists."""
    assert (ROOT / place).exists() or (SOURCE / place).exists()
