"""The rules of links, without a database."""

import pytest

from tests.setup_links.stored import KEY, TARGET, MemoryRows
from waypost.core.address import EmailAddress
from waypost.core.errors import LinkBusy, LinkError, LinkInvalid
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTerms, checked_target, checked_terms
from waypost.setup_links.links import SetupLinks

PASSWORD = "correct horse battery"
ADDRESS = EmailAddress.parse("alice@example.com")
OTHER = "A" * 43
BAD_TARGETS = [
    (("n" * 129, (), ""), "name: longer than 128 characters"),
    (("a\nb", (), ""), "name: contains a control character"),
    (("", ("nobody",), ""), "alias: "),  # codespell:ignore nobody
    (("", (), "d" * 65), "device: longer than 64 characters"),
    (("", (), "\x1b[2J"), "device: contains a control character"),
]
BAD_TERMS = [
    ((0, 1, None), "expires: must be from 1 second to 90 days"),
    ((91 * 86400, 1, None), "expires: must be from 1 second to 90 days"),
    ((60, 0, None), "uses: must be from 1 to 100"),
    ((60, 101, None), "uses: must be from 1 to 100"),
    ((60, 1, ""), "app password: is empty"),
    ((60, 1, "p" * 257), "app password: longer than 256 characters"),
    ((60, 1, "p\0"), "app password: contains a control character"),
]


@pytest.mark.parametrize(("parts", "problem"), BAD_TARGETS)
def test_bad_targets(parts: tuple[str, tuple[str, ...], str], problem: str) -> None:
    """A part that no document can contain is refused by its name."""
    with pytest.raises(LinkError, match=problem):
        checked_target(ADDRESS, *parts)


@pytest.mark.parametrize(("parts", "problem"), BAD_TERMS)
def test_bad_terms(parts: tuple[int, int, str | None], problem: str) -> None:
    """A term out of its range is refused; a password is not shown."""
    with pytest.raises(LinkError) as caught:
        checked_terms(*parts)
    assert str(caught.value) == problem


def stored(uses: int = 1) -> tuple[SetupLinks, MemoryRows, str]:
    rows = MemoryRows()
    links = SetupLinks(rows, LinkKeys([KEY]))
    created = links.create(TARGET, LinkTerms(60, uses, PASSWORD))
    assert not created.is_reusable
    assert created.token not in repr(created)
    return links, rows, created.token


def test_one_use() -> None:
    """A link is opened often, and used once; its password is encrypted, and then gone."""
    links, rows, token = stored()
    (row,) = rows.all()
    assert token not in repr(row)
    assert row.secret is not None
    assert PASSWORD not in row.secret
    for _ in range(3):
        opened = links.open(token)
        assert (opened.target, opened.has_password, opened.is_reusable) == (TARGET, True, False)
    use = links.begin(token)
    assert (use.target, use.app_password) == (TARGET, PASSWORD)
    assert PASSWORD not in repr(use)
    with pytest.raises(LinkBusy):
        links.begin(token)
    links.complete(use)
    for call in (links.open, links.begin):
        with pytest.raises(LinkInvalid):
            call(token)
    assert links.all()[0].secret is None


def test_a_failed_use() -> None:
    """A use that is given up changes nothing, and a retry has the same name."""
    links, _, token = stored()
    first = links.begin(token)
    links.release(first)
    second = links.begin(token)
    assert second.request_id == first.request_id
    with pytest.raises(LinkBusy):
        links.complete(first)
    links.complete(second)


def test_several_uses() -> None:
    """Each use of a link has another name."""
    links, _, token = stored(uses=2)
    first = links.begin(token)
    links.complete(first)
    second = links.begin(token)
    assert second.request_id != first.request_id
    assert second.app_password == PASSWORD


def test_a_lost_key() -> None:
    """Without the key of its password a link is not used up, and the error says what to do."""
    links, rows, token = stored()
    without = SetupLinks(rows, LinkKeys(["x" * 40]))
    with pytest.raises(LinkError, match="setup link 1: no key of link_key decrypts") as caught:
        without.begin(token)
    assert PASSWORD not in str(caught.value)
    assert links.begin(token).app_password == PASSWORD


def test_forged() -> None:
    """A token that nothing made gets the words for a used one."""
    links, rows, token = stored()
    links.complete(links.begin(token))
    with pytest.raises(LinkInvalid) as used:
        links.open(token)
    with pytest.raises(LinkInvalid) as forged:
        links.open(OTHER)
    assert str(used.value) == str(forged.value)
    (row,) = rows.all()
    assert links.revoke(row.id)
    assert not links.revoke(row.id)


def test_signed() -> None:
    """Without a database a link can be used until it expires, and hides whom it is for."""
    now = [1000.0]
    links = SetupLinks(None, LinkKeys([KEY]), lambda: now[0])
    created = links.create(TARGET, LinkTerms(60))
    assert (created.is_reusable, created.expires_at) == (True, 1060)
    for _ in range(2):
        assert links.open(created.token).is_reusable
        use = links.begin(created.token)
        assert (use.target, use.app_password) == (TARGET, None)
        links.complete(use)
        links.release(use)
    for forged in (created.token[:-4] + "AAAA", "AAAA" + created.token[4:], created.token[:40]):
        with pytest.raises(LinkInvalid):
            links.open(forged)
    with pytest.raises(LinkInvalid):
        SetupLinks(None, LinkKeys(["x" * 40]), lambda: now[0]).open(created.token)
    now[0] = 1060
    for call in (links.open, links.begin):
        with pytest.raises(LinkInvalid):
            call(created.token)


@pytest.mark.parametrize("terms", [LinkTerms(60, 2), LinkTerms(60, 1, PASSWORD)])
def test_what_needs_a_database(terms: LinkTerms) -> None:
    """A count of uses and a password that is given out once need a database."""
    links = SetupLinks(None, LinkKeys([KEY]))
    with pytest.raises(LinkError, match="without a database a link can be used until it expires"):
        links.create(TARGET, terms)
    with pytest.raises(LinkError, match="without a database no link is stored"):
        links.all()
    with pytest.raises(LinkError, match="without a database no link is stored"):
        links.revoke(1)
