"""Untrusted property lists, parsed by every reader of profiles."""

import plistlib
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.golden.cases import HERE as GOLDEN
from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import read_answer
from waypost.diagnostics.document_checks.profile import profile_findings
from waypost.diagnostics.simulated_clients import apple
from waypost.diagnostics.simulated_clients.session import UnusableDocument
from waypost.parsing.property_list import NotAPropertyList, parse

GOOD = (GOLDEN / "everything" / "mobileconfig.plist").read_bytes()
BINARY = plistlib.dumps(plistlib.loads(GOOD), fmt=plistlib.FMT_BINARY)
ALICE = EmailAddress.parse("alice@example.com")


def nested(depth: int) -> bytes:
    """Write a binary list of arrays, each inside the previous one."""
    objects = b"".join(b"\xa1" + (one + 1).to_bytes(2) for one in range(depth)) + b"\xa0"
    table = b"".join((8 + 3 * one).to_bytes(2) for one in range(depth + 1))
    trailer = b"\0" * 6 + b"\x02\x02" + (depth + 1).to_bytes(8) + bytes(8)
    return b"bplist00" + objects + table + trailer + (8 + len(objects)).to_bytes(8)


def read_by_all(raw: bytes) -> None:
    """Read a profile in every way; any error other than UnusableDocument is a defect."""
    with suppress(UnusableDocument):
        apple.read_account(raw)
    profile_findings(raw)
    read_answer("mobileconfig", 200, raw, ALICE)


BAD = [
    b"",
    b"bplist00",
    nested(5000),
    b"<?xml version='1.0'?><plist><array></dict></array></plist>",
    b"<?xml version='1.0'?><plist><dict><string>a</string></dict></plist>",
    b"<?xml version='1.0'?><plist></dict></plist>",
    b"<?xml version='1.0'?><plist><integer>x</integer></plist>",
    "<!DOCTYPE a [<!ENTITY b 'c'>]><plist>&b;</plist>".encode("utf-16"),
    # Found by `make fuzz`: an encoding that Python does not know.
    b"<?xml version='1.0' encoding='UTF-6'?><plist><dict/></plist>",
]


@pytest.mark.parametrize("raw", BAD, ids=range(len(BAD)))
def test_bad(raw: bytes) -> None:
    """Data that is no property list raises one error, whatever its parsers raise."""
    with pytest.raises(NotAPropertyList):
        parse(raw)
    read_by_all(raw)


ODD: st.SearchStrategy[Any] = st.one_of(
    st.integers(-1, 9), st.just("x"), st.just(b"y"), st.just([]), st.just({}), st.just({"a": 1})
)


@examples(60)
@given(st.sampled_from([GOOD, BINARY]), st.lists(st.tuples(st.integers(0), st.binary(max_size=3))))
def test_damage(document: bytes, pieces: list[tuple[int, bytes]]) -> None:
    """A profile that is damaged anywhere breaks no reader."""
    for start, piece in pieces:
        at = start % len(document)
        document = document[:at] + piece + document[at + len(piece) :]
    read_by_all(document)


@examples(60)
@given(st.data())
def test_odd_types(data: st.DataObject) -> None:
    """A value of another type, in the profile or a payload, breaks no reader."""
    profile = plistlib.loads(GOOD)
    holder = data.draw(st.sampled_from([profile, *profile["PayloadContent"]]))
    holder[data.draw(st.sampled_from(sorted(holder)))] = data.draw(ODD)
    read_by_all(plistlib.dumps(profile))


def test_lists_that_expand() -> None:
    """A short binary list that expands without end is refused, and so are odd keys."""
    shared: list[object] = []
    for _ in range(60):
        shared = [shared, shared]
    whole = b"\x1d" + b"\x7f" * 8192
    trailer = b"\x08" + b"\0" * 6 + b"\x01\x01" + (1).to_bytes(8) + bytes(8)
    number = b"bplist00" + whole + trailer + (8 + len(whole)).to_bytes(8)
    assert plistlib.loads(number).bit_length() > 60_000
    lists = ({"PayloadUUID": odd} for odd in (shared, ["x" * 100_000] * 1000))
    for raw in (number, *(plistlib.dumps(one, fmt=plistlib.FMT_BINARY) for one in lists)):
        assert len(raw) < 256 * 1024
        with pytest.raises(NotAPropertyList):
            parse(raw)
    start = BINARY.index(b"\x5ePayloadContent")
    with pytest.raises(NotAPropertyList):
        parse(BINARY[:start] + b"\x10\x07" + BINARY[start + 2 :])
    assert parse(BINARY) == parse(GOOD)
