"""The cookies of a sign-in: which value is read, and what browsers may do with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.web.public.test_untrusted_headers import request
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.setup.cookies import delete_cookie, read_cookie, set_cookie

NAME = "__Host-a"
HEADERS: list[tuple[list[bytes], str, str]] = [
    # the headers, the value, the rule
    ([], "", "there is no header"),
    ([b"__Host-a=x"], "x", "one cookie"),
    ([b"b=y; __Host-a=x; c"], "x", "RFC 6265 s4.2.1: a semicolon and a space between cookies"),
    ([b"b=y;__Host-a=x"], "x", "or a semicolon alone"),
    ([b"b=y", b"__Host-a=x"], "x", "RFC 9113 s8.2.3: HTTP/2 may split the header"),
    ([b"__Host-a=x; __Host-a=y"], "x", "the first one counts"),
    ([b"__host-a=x"], "", "RFC 6265 s5.3: names have case"),
    ([b"x__Host-a=x"], "", "the whole name"),
    ([b"__Host-a=x=y~."], "x=y~.", "a value may contain an equals sign"),
    ([b"__Host-a"], "", "there is no value"),
    ([b"__Host-a=\xff"], "\xff", "any byte is read, and is refused later"),
]


def read(values: list[bytes]) -> str:
    headers = ((b"cookie", value) for value in values)
    return read_cookie(request(ProxyTrust(), None, (b"host", b"x"), *headers), NAME)


@pytest.mark.parametrize(("values", "expected", "rule"), HEADERS)
def test_read(values: list[bytes], expected: str, rule: str) -> None:
    """The value of one cookie is found among others."""
    assert read(values) == expected, rule


@examples(50)
@given(st.lists(st.binary(max_size=50), max_size=3))
def test_any_header(values: list[bytes]) -> None:
    """Any header is read."""
    assert isinstance(read([*values, b"__Host-a=x"]), str)


def test_set_and_delete() -> None:
    """A cookie is for this host, https and no script, and a deleted one ends at once."""
    rest = "; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert set_cookie(NAME, "x", 600) == ("set-cookie", f"{NAME}=x; Max-Age=600{rest}")
    assert delete_cookie(NAME) == ("set-cookie", f"{NAME}=; Max-Age=0{rest}")
