"""Conversion of a directory's entry to the user data that Waypost may use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from waypost.core.model import (
    AttributeRule,
    FileDirectory,
    LdapDirectory,
    LdapServer,
    Secret,
    SqlDirectory,
    User,
)
from waypost.directory.entries import (
    RequestedAttributes,
    allowed_value,
    requested_attributes,
    user_of,
)

RULE = AttributeRule("mailHost", pattern=r"mx[0-9]+\.example")
WANTED = RequestedAttributes("uid", "cn", None, (RULE,))

ENTRIES = [
    # the entry, the person
    ({"uid": ["a1"], "cn": ["Alice"]}, User("a1", "Alice")),
    ({"UID": ["a1"], "Cn": ["Alice"]}, User("a1", "Alice")),
    ({"uid": ["a1", "a2"]}, User("a1")),
    ({"uid": ["", "  ", " a2 "]}, User("a2")),
    ({"uid": []}, User()),
    ({}, User()),
    ({"cn;lang-de": ["Älice"], "uid": ["a"]}, User("a", "Älice")),
    ({"cn;lang-de": ["Älice"], "cn": ["Alice"]}, User(None, "Alice")),
    ({"cname": ["x"]}, User()),
    ({"uid": ["a\nb", "a\x00", "\ud800", "\ufffe", "ok"]}, User("ok")),
    ({"uid": ["x" * 256, "x" * 255]}, User("x" * 255)),
    (
        {"mailhost": ["evil.example", "mx2.example"]},
        User(attributes=(("mailHost", "mx2.example"),)),
    ),
    ({"mailHost": ["mx2.example.evil"]}, User()),
]


@pytest.mark.parametrize(("entry", "user"), ENTRIES, ids=repr)
def test_user_of_entry(entry: dict[str, list[str]], user: User) -> None:
    """The first usable value of each attribute is used; the case of its name does not matter."""
    assert user_of(entry, WANTED) == user


def test_login_pattern() -> None:
    """Of several login names, the first one that matches the whole pattern is used."""
    wanted = RequestedAttributes("mail", None, "[a-z]+", ())

    assert user_of({"mail": ["a@b", "x1", "abc", "d"]}, wanted) == User("abc")
    assert user_of({"mail": ["a@b"]}, wanted) == User()


ALLOWED = [
    # rule, values, the allowed value
    (AttributeRule("a", allowed=("MX1", "mx2")), ["mx1"], "MX1"),
    (AttributeRule("a", allowed=("mx1",)), ["mx3", "mx1"], "mx1"),
    (AttributeRule("a", allowed=("mx1",)), ["mx1.evil"], None),
    (AttributeRule("a", pattern="mx[0-9]"), ["MX7"], "MX7"),
    (AttributeRule("a", pattern="mx[0-9]"), ["mx7\n", "amx7"], None),
    (AttributeRule("a", pattern="a|b"), ["ab"], None),
]


@pytest.mark.parametrize(("rule", "values", "value"), ALLOWED)
def test_allowed_values(rule: AttributeRule, values: list[str], value: str | None) -> None:
    """A rule allows only listed values, or values that match its whole pattern."""
    assert allowed_value(rule, values) == value


@given(
    st.dictionaries(
        st.sampled_from(["uid", "CN", "mailHost", "cn;x"]),
        st.lists(st.text(max_size=300), max_size=3),
    )
)
def test_nothing_strange_gets_through(entry: dict[str, list[str]]) -> None:
    """For any entry, the used values are allowed in every document."""
    user = user_of(entry, WANTED)
    values = [value for _, value in user.attributes]
    for text in (user.login_name, user.display_name, *values):
        if text is not None:
            etree.Element("a").text = text
            assert 0 < len(text) <= 255
            assert len(text.splitlines()) == 1


KINDS = [
    (LdapServer(1, "h", 636, True, "", "(mail={0})", "uid", None), ("uid",)),
    (LdapServer(1, "h", 636, True, "", "(mail={0})", "uid", "cn"), ("uid", "cn")),
    (LdapDirectory("l", ("ldaps://h",), "", rules=(RULE,)), ("uid", "cn", "mailHost")),
    (SqlDirectory("s", Secret(), rules=(RULE,)), ("login", "display_name", "mailHost")),
    (FileDirectory("f", "/x.csv"), ("login", "display_name")),
]  # fmt: skip


@pytest.mark.parametrize(("directory", "names"), KINDS)
def test_requested_attributes(
    directory: LdapServer | LdapDirectory | SqlDirectory | FileDirectory, names: tuple[str, ...]
) -> None:
    """Each kind of directory requests only the attributes that its answers need."""
    assert requested_attributes(directory).names == names
