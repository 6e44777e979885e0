"""The text of a link."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from waypost.core.address import EmailAddress
from waypost.core.errors import LinkInvalid
from waypost.setup_links.link import LinkTarget
from waypost.setup_links.token import (
    TokenContent,
    decode,
    encode,
    hash_of,
    link_url,
    read_content,
    token_of,
    write_content,
)

TOKEN = encode(bytes(range(32)))
ADDRESS = EmailAddress.parse("älice@bücher.example")
BAD_TOKENS = [
    ("", "is empty"),
    ("a", "no bytes have such a length"),
    (TOKEN + "=", "has padding"),
    (TOKEN[:-1], "is too short"),
    (TOKEN + "AA", "is too long"),
    (TOKEN[:-1] + "9", "has bits that mean nothing"),
    ("+" + TOKEN[1:], "is in the other alphabet"),
    ("é" + TOKEN[1:], "is not ASCII"),
    (" " + TOKEN[1:], "has a space"),
    ("A" * 9000, "is huge"),
]
BAD_CONTENTS = [
    b"",
    b"[]",
    b"null",
    b'{"e":1}',
    b'{"a":"alice@example.com"}',
    b'{"a":"alice","e":1}',
    b'{"a":1,"e":1}',
    b'{"a":"alice@example.com","e":"soon"}',
    b'{"a":"alice@example.com","e":1,"l":5}',
    b'{"a":"alice@example.com","e":1,"l":["x"]}',
    b"\xff",
]


@pytest.mark.parametrize(("text", "rule"), BAD_TOKENS, ids=[rule for _, rule in BAD_TOKENS])
def test_bad_tokens(text: str, rule: str) -> None:
    """A text that is not a token is refused with the words for a used link, without the text."""
    assert rule
    with pytest.raises(LinkInvalid) as caught:
        hash_of(text)
    assert str(caught.value) == "this is not a setup link"


@pytest.mark.parametrize("data", BAD_CONTENTS)
def test_bad_contents(data: bytes) -> None:
    """The content of another version is refused, and nothing of it is shown."""
    with pytest.raises(LinkInvalid) as caught:
        read_content(data)
    assert str(caught.value) == "this setup link is from another version of Waypost"


@examples(50)
@given(st.binary(min_size=1, max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Each token has one spelling."""
    assert decode(encode(data)) == data
    assert "=" not in encode(data)


@examples(50)
@given(st.text(max_size=40), st.text(max_size=20), st.integers(0, 2**40))
def test_any_content(name: str, device: str, expires_at: int) -> None:
    """The content of a signed token is read as it was written."""
    content = TokenContent(LinkTarget(ADDRESS, name, (ADDRESS,), device), expires_at)
    try:
        data = write_content(content)
    except UnicodeEncodeError:  # a surrogate, which `checked_target` refuses
        return
    assert read_content(data) == content


@pytest.mark.parametrize(
    "pasted",
    [TOKEN, f" {TOKEN}\n", f"https://a.example/setup/#{TOKEN}", f"a.example/setup/#{TOKEN} "],
)
def test_pasted(pasted: str) -> None:
    """A person may paste the token or the whole link."""
    assert token_of(pasted) == TOKEN


def test_url() -> None:
    """The token is in the fragment, which browsers do not send."""
    assert link_url("https://a.example/mail", TOKEN) == f"https://a.example/mail/setup/#{TOKEN}"
