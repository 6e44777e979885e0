"""The language that a browser prefers is chosen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.web.languages.accept_language import matching_tag, preferred_tag

TAGS = ("en", "de", "fr", "pt-BR")


@pytest.mark.parametrize(
    ("header", "tag", "rule"),
    [
        ("", "en", "without the header anything is right"),
        ("de", "de", "the very language"),
        ("DE", "de", "RFC 5646 s2.1.1: any case"),
        ("de-AT", "de", "RFC 4647 s3.4: a wider one"),
        ("de-Latn-AT-1996", "de", "RFC 4647 s3.4: step by step"),
        ("pt-br", "pt-BR", "a language of a country"),
        ("pt", "en", "RFC 4647 s3.4: never a narrower one"),
        ("fr;q=0.5, de;q=0.9", "de", "RFC 9110 s12.4.2: the weight counts"),
        ("fr, de", "fr", "the order counts where weights are the same"),
        ("fr;q=0.8,de ; q=0.8", "fr", "the same, with blanks"),
        ("sv, de;q=0.1", "de", "what is not there is passed over"),
        ("*", "en", "RFC 9110 s12.5.4: any"),
        ("sv, *;q=0.5", "en", "any of the rest"),
        ("de;q=0.3, *;q=0.5", "en", "anything rather than German"),
        ("en;q=0, *", "de", "q=0 is no: the next one"),
        ("en;q=0, sv", "en", "if no language is left, a page rather than none"),
        ("de-AT, de;q=0", "en", "q=0 is no for a wider one as well"),
        ("fr;q=2, de;q=0.1", "de", "a weight is at most 1"),
        ("fr;q=0.1234, de;q=0.1", "de", "and has three digits"),
        ("fr;level=1, de", "de", "there is no other parameter"),
        ("äöü, ;;;, de", "de", "what makes no sense is passed over"),
        (",, de ,", "de", "RFC 9110 s5.6.1.2: empty elements are passed over"),
        (",".join(["sv"] * 50) + ",de", "en", "there is an end to it"),
    ],
)
def test_accepted(header: str, tag: str, rule: str) -> None:
    """The language that the user's browser prefers is used."""
    assert preferred_tag(header, TAGS) == tag, rule


@given(st.text())
def test_any_header(header: str) -> None:
    """Any header selects a language that exists."""
    assert preferred_tag(header, TAGS) in TAGS
    assert matching_tag(header, TAGS) in {*TAGS, None}
