"""Forms with a file are read as browsers send them, in bounded memory."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from waypost.web.admin.pages.forms import FILE_MAX_BYTES, FILE_PREFIX, FormError, form_of_parts
from waypost.web.admin.pages.multipart import (
    PART_MAX_BYTES,
    FormPart,
    MultipartError,
    MultipartParser,
    boundary_of,
)

BOUNDARY = b"----WebKitFormBoundaryabc"


def parse(*pieces: bytes, file_max_bytes: int = 100) -> list[FormPart]:
    parser = MultipartParser(BOUNDARY, file_max_bytes)
    for piece in pieces:
        parser.feed(piece)
    return parser.close()


def part(name: str, content: bytes, more: str = "") -> bytes:
    head = f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode()
    return b"--" + BOUNDARY + b"\r\n" + head + content + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + b"--" + BOUNDARY + b"--\r\n"


FILE = '; filename="a.png"\r\nContent-Type: image/png'
SAMPLE = body(part("a", b"1"), part("b", "ü\r\n--x".encode()), part("logo", b"\x89PNG", FILE))
FIELDS = [
    FormPart("a", b"1", is_file=False, is_cut=False),
    FormPart("b", "ü\r\n--x".encode(), is_file=False, is_cut=False),
    FormPart("logo", b"\x89PNG", is_file=True, is_cut=False),
]


@pytest.mark.parametrize("size", [1, 2, 7, 64, len(SAMPLE)])
def test_pieces(size: int) -> None:
    """The fields do not depend on how the body arrives."""
    pieces = [SAMPLE[start : start + size] for start in range(0, len(SAMPLE), size)]
    assert parse(*pieces) == FIELDS


@given(st.lists(st.binary(max_size=200), max_size=5), st.integers(1, 50))
@examples(50)
def test_any_content(contents: list[bytes], size: int) -> None:
    """Any content is read back, also with delimiters that are almost complete."""
    sent = body(*(part(f"f{index}", content, FILE) for index, content in enumerate(contents)))
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    found = parse(*pieces, file_max_bytes=1000)
    assert [one.content for one in found] == contents


@given(st.lists(st.sampled_from([b"--", BOUNDARY, b"\r\n", b"\r", b'name="a"', b"; ", SAMPLE])))
@examples(100)
def test_any_body(pieces: list[bytes]) -> None:
    """Any body is read or refused."""
    with suppress(MultipartError):
        assert {type(one.name) for one in parse(*pieces)} <= {str}


BAD: list[tuple[bytes, str]] = [
    (b"", "the form is not complete"),
    (SAMPLE[:-6], "the form is not complete"),
    (b"a=1", "the form is not complete"),
    (body(b"--" + BOUNDARY + b"\r\n\r\n1\r\n"), "the form cannot be read"),
    (body(part("a", b"1").replace(b"form-data", b"attachment")), "the form cannot be read"),
    (body(part("a", b"1").replace(b'"a"', b"a")), "the form cannot be read"),
    (body(*[part("a", b"")] * 5001), "the form has more than 5000 fields"),
    (body(part("a", b"x" * (PART_MAX_BYTES + 1))), "a field is longer than 1048576 bytes"),
    (body(*[part("a", b"x" * 900_000)] * 3), "the form has more than 2097152 bytes of text"),
]


@pytest.mark.parametrize(("sent", "rule"), BAD)
def test_bad_bodies(sent: bytes, rule: str) -> None:
    """A body that is no form, or has too much text, is refused with the rule."""
    with pytest.raises(MultipartError, match=rule):
        parse(sent)


def test_large_file() -> None:
    """A file that is too long is not kept, and the fields after it are read."""
    files = [part("logo", b"x" * 5_000_000, FILE), part("small", b"y" * 101, FILE)]
    first, second, last = parse(body(*files, part("a", b"1")))
    assert (first.content, first.is_cut, second.content, second.is_cut) == (b"", True, b"", True)
    assert last.content == b"1"


BOUNDARIES = [
    ("multipart/form-data; boundary=abc", b"abc"),
    ('multipart/form-data; charset=utf-8; boundary="a b"', None),
    ('multipart/form-data; boundary="a.b"', b"a.b"),
    ("multipart/form-data", None),
    ("multipart/form-data; boundary=", None),
    (f"multipart/form-data; boundary={'x' * 71}", None),
    ("multipart/form-data; boundary=é", None),
]


@pytest.mark.parametrize(("content_type", "boundary"), BOUNDARIES)
def test_boundaries(content_type: str, boundary: bytes | None) -> None:
    """A boundary has at most 70 characters of RFC 2046."""
    if boundary is None:
        with pytest.raises(MultipartError, match="the form has no boundary"):
            boundary_of(content_type)
    else:
        assert boundary_of(content_type) == boundary


def test_fields_of_a_form() -> None:
    """A file is a field with a URL of its content; a file that is too long is a mistake."""
    form = form_of_parts(
        [
            *FIELDS,
            FormPart("none", b"", is_file=True, is_cut=False),
            FormPart("long", b"", is_file=True, is_cut=True),
        ]
    )
    assert form.text("b") == "ü\r\n--x"
    assert form.text("logo") == f"{FILE_PREFIX}iVBORw=="
    assert form.text("none") == ""
    rule = f"is longer than {FILE_MAX_BYTES} bytes; save a smaller picture"
    assert form.mistakes == (("long", rule),)
    with pytest.raises(FormError):
        form_of_parts([FormPart("a", b"\xff", is_file=False, is_cut=False)])
