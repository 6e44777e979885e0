"""The table of the draft's rules, and Waypost's documents, against the draft's schema."""

from pathlib import Path

import pytest
from lxml import etree

from tests.formats.test_values import AUTOCONFIG, body
from tests.golden.cases import Case
from tests.standards.autoconfig import disagreements
from tests.upstream.published import published

SCHEMAS = pytest.mark.parametrize("path", published("autoconfig"), ids=lambda path: path.stem)


@SCHEMAS
def test_the_table_is_the_drafts(path: Path) -> None:
    """The draft's schema accepts and refuses the same documents as the table."""
    assert disagreements(etree.RelaxNG(etree.parse(path))) == []


@SCHEMAS
@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_documents_are_valid(path: Path, case: Case) -> None:
    """Each document of the golden cases is valid according to the draft's schema."""
    schema = etree.RelaxNG(etree.parse(path))

    schema.assertValid(etree.fromstring(body(case, "autoconfig.xml")))
