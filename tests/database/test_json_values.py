"""JSON that a column has: a value, or what is wrong with it."""

import json

import pytest

from waypost.database.json_values import MalformedJson, decode_json

GOOD = [
    # the text, the value
    ("null", None),
    ('""', ""),
    ("[]", []),
    ('{"a": [1, 2.5, true, "\\u00fc"]}', {"a": [1, 2.5, True, "ü"]}),
    (" \n[1]\t", [1]),
    ('"😀"', "😀"),
    (b'{"a": "\xc3\xbc"}', {"a": "ü"}),
    ('{"a": 1, "a": 2}', {"a": 2}),
]


@pytest.mark.parametrize(("text", "value"), GOOD)
def test_values(text: str | bytes, value: object) -> None:
    """A JSON text, also as bytes in UTF-8, is its value."""
    assert decode_json(text) == value


BAD: list[tuple[str | bytes, str]] = [
    # the text, the reason
    ("", "is not JSON: "),
    ("{bad", "is not JSON: "),
    ("nul", "is not JSON: "),
    ("[]x", "is not JSON: "),
    ("[1,]", "is not JSON: "),
    ("{'a': 1}", "is not JSON: "),
    ('"a\nb"', "is not JSON: "),
    ('{"a": 1', "is not JSON: "),
    (b'"\xff"', "is not JSON: "),
    ("[" * 100_000, "is nested too deeply"),
    ('{"a":' * 100_000, "is nested too deeply"),
    ("9" * 5000, "is not JSON: "),
]
IDS = [f"{text[:12]!r}" for text, _ in BAD]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=IDS)
def test_malformed(text: str | bytes, reason: str) -> None:
    """A text that is not JSON is a value with its reason, so that one row does not stop others."""
    found = decode_json(text)
    assert isinstance(found, MalformedJson)
    assert found.reason.startswith(reason)


def test_reason_is_a_line() -> None:
    """The reason says where the mistake is, in one line that is not as long as the text."""
    found = decode_json(json.dumps(["x" * 5000])[:-1])
    assert isinstance(found, MalformedJson)
    assert "char 5003" in found.reason
    assert "\n" not in found.reason
    assert len(found.reason) < 200
