"""Objects survive the way into the database and back."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.admin.cases import INC, ROOT
from waypost.admin.facade import Admin
from waypost.admin.objects import merge_patch, version_of
from waypost.admin.source import AdminSource
from waypost.database.engine import open_engine
from waypost.settings import Settings

HOSTS = st.sampled_from(["imap.example.com", "mail.example.net", "%EMAILDOMAIN%"])
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "priority": st.integers(0, 100),
        "login_name": st.sampled_from(["", "%EMAILLOCALPART%"]),
        "domain_required": st.booleans(),
        "authentication": st.just(["oauth2", "password-cleartext"]),
        "formats": st.just(["autoconfig"]),
    },
)
PLACES = st.one_of(
    st.builds(
        lambda kind, host: {"type": kind, "host": host},
        st.sampled_from(["imap", "smtp", "pop3", "managesieve"]),
        HOSTS,
    ),
    st.builds(
        lambda kind, host: {"type": kind, "url": f"https://{host}/x/"},
        st.sampled_from(["caldav", "carddav", "jmap"]),
        st.sampled_from(["dav.example.com", "b.example"]),
    ),
)
SERVICES = st.lists(st.builds(lambda one, more: {**one, **more}, PLACES, OPTIONS), max_size=5)
DOMAINS = st.builds(
    lambda services, more: {"provider": INC, "services": services, **more},
    SERVICES,
    st.one_of(
        st.just({}),
        st.just({"declined": True}),
        st.just({"redirect_address": "x.example"}),
        st.just({"redirect_url": "https://x.example/autodiscover"}),
    ),
)


@pytest.fixture(name="shared", scope="module")
def _shared(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Admin:
    path = tmp_path_factory.mktemp("round") / "waypost.sqlite"
    path.write_bytes(sample.read_bytes())
    return Admin(AdminSource(Settings(db_uri="sqlite://"), open_engine(f"sqlite:///{path}")), ROOT)


@given(DOMAINS, DOMAINS)
def test_domain(shared: Admin, first: dict[str, Any], second: dict[str, Any]) -> None:
    """What a put returns is what a get returns, and putting it again changes nothing."""
    for data in (first, second):
        result = shared.put_domain("round.example", data)
        assert result.new == shared.get_domain("round.example")
        assert result.new is not None
        assert not shared.put_domain("round.example", result.new.data).written


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_merge_patch(target: object, patch: object) -> None:
    """A patch that was applied once changes nothing when it is applied again."""
    once = merge_patch(target, patch)
    assert merge_patch(once, patch) == once


# RFC 7396, appendix A.
EXAMPLES = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), EXAMPLES)
def test_examples_of_the_standard(target: object, patch: object, result: object) -> None:
    """The examples of RFC 7396 give the results of its appendix."""
    assert merge_patch(target, patch) == result


def test_versions() -> None:
    """A version changes with the object and with its secret, but not with the order of keys."""
    assert version_of({"a": 1, "b": 2}) == version_of({"b": 2, "a": 1})
    versions = {version_of({"a": 1}), version_of({"a": 1}, "x"), version_of({"a": 1}, "y")}
    assert len(versions) == 3
