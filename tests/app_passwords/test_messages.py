"""The messages of the protocol for app passwords."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from waypost.app_passwords.messages import read_answer, signature, write_request
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest

REQUEST = AppPasswordRequest("a" * 32, "älice@bücher.example", "phone\n", "Ä")
BAD_ANSWERS = [
    (b"", "the answer is not JSON in UTF-8"),
    (b"\xff", "the answer is not JSON in UTF-8"),
    (b"s3cret", "the answer is not JSON in UTF-8"),
    (b"[" * 20_000, "the answer is longer than 16384 bytes"),
    (b"[" * 16_000, "the answer is not JSON in UTF-8"),
    (b'"s3cret"', "the answer is not a JSON object"),
    (b"{}", 'the answer has no text "password"'),
    (b'{"password": 5}', 'the answer has no text "password"'),
    (b'{"password": ""}', "the answer cannot be used: app password: is empty"),
    (
        b'{"password": "s3cret\\u0000"}',
        "the answer cannot be used: app password: contains a control character",
    ),
    (b'{"error": "no such user"}', "the system refuses: no such user"),
    (b'{"error": "a\\u001b[2Jb", "password": "s3cret"}', "the system refuses: a?[2Jb"),
]


def test_request() -> None:
    """A request is one line of ASCII, so that no text of it can begin another one."""
    data = write_request("create", REQUEST)
    assert data.isascii()
    assert data.count(b"\n") == 1
    assert json.loads(data) == {
        "version": 1,
        "action": "create",
        "id": "a" * 32,
        "address": "älice@bücher.example",
        "device": "phone\n",
        "name": "Ä",
    }


def test_signature() -> None:
    """The signature is HMAC-SHA256 of the timestamp, a dot and the body."""
    expected = hmac.new(b"key", b'5.{"a": 1}', hashlib.sha256).hexdigest()
    assert signature("key", 5, b'{"a": 1}') == f"sha256={expected}"
    assert signature("key", 6, b'{"a": 1}') != f"sha256={expected}"


@pytest.mark.parametrize(("data", "problem"), BAD_ANSWERS)
def test_bad_answers(data: bytes, problem: str) -> None:
    """An answer that cannot be used is refused, and no password is shown."""
    with pytest.raises(AppPasswordError) as caught:
        read_answer("create", data)
    assert str(caught.value) == problem
    assert "s3cret" not in str(caught.value)


@examples(50)
@given(st.binary(max_size=200))
def test_any_answer(data: bytes) -> None:
    """Any bytes are an answer or an error."""
    try:
        assert read_answer("create", data)
    except AppPasswordError:
        assert data is not None


def test_good_answers() -> None:
    """A password keeps its spaces, and revoke needs none."""
    assert read_answer("create", '{"password": " pä ss "}'.encode()) == " pä ss "
    assert read_answer("revoke", b"{}") == ""
