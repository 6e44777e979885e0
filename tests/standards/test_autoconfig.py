"""The table of the draft's rules finds what it must find."""

import pytest
from lxml import etree

from tests.standards.autoconfig import documents, violations

BAD = [
    # document, what is found
    ("<other/>", "other is not the outermost element"),
    ("<clientConfig/>", "clientConfig: no version"),
    ('<clientConfig version="1">x</clientConfig>', "clientConfig: 'x' is not allowed"),
    ('<clientConfig version="1"><url/></clientConfig>', "clientConfig: url is not allowed"),
    ('<clientConfig version="1"><calendar/></clientConfig>', "calendar: no type"),
    (
        '<clientConfig version="1"><calendar type="x"><port>0</port></calendar></clientConfig>',
        "port: '0' is not a number",
    ),
    (
        '<clientConfig version="1"><oAuth2><scope><x/></scope></oAuth2></clientConfig>',
        "scope: x in a text",
    ),
]


@pytest.mark.parametrize(("document", "said"), BAD)
def test_bad_documents(document: str, said: str) -> None:
    """Each kind of violation is found."""
    assert violations(etree.fromstring(document)) == [said]


def test_the_documents_are_of_both_kinds() -> None:
    """The documents to try are valid and invalid, some hundreds of each."""
    verdicts = [not violations(etree.fromstring(one)) for one in documents()]
    assert min(verdicts.count(True), verdicts.count(False)) > 300
