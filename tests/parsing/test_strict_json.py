"""JSON as all parsers read it."""

import json

import pytest

from waypost.parsing.strict_json import StrictJsonError, parse_strict_json


@pytest.mark.parametrize("text", ["null", '{"a": [1, {"a": "b"}]}', "1e3", '"\\ud800"'])
def test_good(text: str) -> None:
    """JSON has the value that Python's parser gives, from text and from bytes."""
    assert parse_strict_json(text) == parse_strict_json(text.encode()) == json.loads(text)


BAD = [
    # text, the error, a part of its message
    ('{"a": 1, "a": 1}', StrictJsonError, "the key 'a' appears twice in one object"),
    ('[{"b": {"é": 1, "é": 2}}]', StrictJsonError, "the key 'é' appears twice"),
    ('{"' + "x" * 1000 + '": 1, "' + "x" * 1000 + '": 1}', StrictJsonError, f"'{'x' * 100}' app"),
    ("[NaN]", StrictJsonError, "NaN is not JSON"),
    ("-Infinity", StrictJsonError, "-Infinity is not JSON"),
    ("{", json.JSONDecodeError, "Expecting"),
    ("[" * 100_000, RecursionError, "recursion"),
    ("1" * 5000, ValueError, "digits"),
    (b"\xff", ValueError, "invalid start byte"),
]


@pytest.mark.parametrize(("text", "error", "message"), BAD)
def test_bad(text: str | bytes, error: type[Exception], message: str) -> None:
    """What other parsers refuse, or read in another way, is an error."""
    with pytest.raises(error, match=message):
        parse_strict_json(text)
