"""The beginning of a name, as people type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.admin.cases import IMAP, SMTP, served
from waypost.admin import filtered_list
from waypost.admin.cursors import write_cursor
from waypost.admin.facade import Admin
from waypost.admin.name_search import host_as_stored, read_beginning, read_beginnings
from waypost.core.address import DomainName

NAMES = [
    # typed, what the stored name begins with, what the last label begins with
    ("", "", ""),
    ("Mod", "mod", ""),
    ("*.Ex", "*.ex", ""),
    ("b\u00fc", "xn--b", "b\u00fc"),
    ("B\u00dcCH", "xn--bch", "b\u00fcch"),
    ("xu\u0308", "xn--x", "x\u00fc"),
    ("b\u00fccher.", "xn--bcher-kva.", ""),
    ("b\u00fccher.ex", "xn--bcher-kva.ex", ""),
    ("*.b\u00fccher.\u00fc", "*.xn--bcher-kva.xn--", "\u00fc"),
    ("\u4f8b\u3048.", "xn--r8jz45g.", ""),
    ("x.\udcff", "x.xn--", "\udcff"),
    ("\u200b.x", "..x", ""),
]


@pytest.mark.parametrize(("text", "stored", "label"), NAMES)
def test_beginnings(text: str, stored: str, label: str) -> None:
    """The stored part is ASCII in lower case; a label that is not complete is compared later."""
    found = read_beginning(text)
    assert (found.stored, found.label) == (stored, label)
    assert found.stored.isascii()


RANGES = [
    # typed, the ranges of stored names
    ("b", ["b", "xn--b"]),
    ("Y", ["xn--y", "y"]),
    ("xa", ["xa", "xn--xa"]),
    ("xn1", ["xn--xn1", "xn1"]),
    ("a.b", ["a.b", "a.xn--b"]),
    ("*.b", ["*.b", "*.xn--b"]),
    ("b\u00fccher.b", ["xn--bcher-kva.b", "xn--bcher-kva.xn--b"]),
    ("b\u00fc", ["xn--b"]),
    ("", [""]),
    ("x", ["x"]),
    ("xn", ["xn"]),
    ("xn--b", ["xn--b"]),
    ("b.", ["b."]),
    ("*", ["*"]),
    ("-b", ["-b"]),
]


@pytest.mark.parametrize(("text", "stored"), RANGES)
def test_ranges(text: str, stored: list[str]) -> None:
    """ASCII letters are also the beginning of U-labels; no name is in two ranges."""
    assert [one.stored for one in read_beginnings(text)] == stored == sorted(stored)


LABELS = st.text(st.sampled_from("abc\u00e4\u00f6\u00fc\u4f8b\u0436"), min_size=1, max_size=8)


@given(LABELS, LABELS, st.integers(1, 17))
def test_beginnings_find_their_name(first: str, second: str, length: int) -> None:
    """Each beginning of a name, as it is read, finds the name in exactly one range."""
    try:
        stored = DomainName.parse(f"{first}.{second}")
    except ValueError:
        return  # The rules of IDNA do not allow all of these.
    found = [
        one
        for one in read_beginnings(stored.unicode[:length])
        if stored.ascii.startswith(one.stored) and one.fits(stored.ascii)
    ]
    assert len(found) == 1


@pytest.mark.parametrize("label", ["bxn--c\u00fc", "xaxn--\u00fc"])
def test_ace_prefix_within_a_label(label: str) -> None:
    """What looks like the beginning of an A-label may also be in the middle of a label."""
    stored = DomainName.parse(f"{label}.example").ascii
    (_, in_unicode) = sorted(read_beginnings(label[:-1]), key=lambda one: one.label)
    assert stored.startswith(in_unicode.stored)
    assert in_unicode.fits(stored)


def test_search_by_ascii_letters(any_admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASCII letters also find U-labels, in the order of the stored names, in parts of any size."""
    names = ("b\u00fccher.test", "b\u00e4cker.test", "\u00fcb.test", "bucht.test", "\u00fcby.test")
    for name in (*names, "y\u00fc.test", "yb.test", "b.y", "b.y\u00fc"):
        any_admin.put_domain(name, served())

    def found(prefix: str, limit: int = 50) -> list[str]:
        items: list[str] = []
        cursor: str | None = None
        for _ in range(40):
            page = any_admin.list_domains(prefix=prefix, limit=limit, cursor=cursor)
            assert len(page.items) <= limit
            items += [DomainName(one.data["name"]).unicode for one in page.items]
            if (cursor := page.next) is None:
                return items
        raise AssertionError(items)

    b_names = ["b.y", "b.y\u00fc", "boxes.example", "bucht.test"]
    expected = {
        "b": [*b_names, "b\u00fccher.example", "b\u00fccher.test", "b\u00e4cker.test"],
        "y": ["y\u00fc.test", "yb.test"],
        "b.y": ["b.y\u00fc", "b.y"],
        "bucht": ["bucht.test"],
        "bc": [],
    }
    for prefix, wanted in expected.items():
        stored = [DomainName.parse(one).ascii for one in found(prefix)]
        assert stored == sorted(DomainName.parse(one).ascii for one in wanted)
    monkeypatch.setattr(filtered_list, "PARTS_MAX", 1)
    for prefix, wanted in expected.items():
        for limit in range(1, len(wanted) + 2):
            assert sorted(found(prefix, limit)) == sorted(wanted)
    assert any_admin.list_domains(prefix="bucht", cursor=write_cursor("domains", "//")).items == ()


def test_search(any_admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part of a U-label finds its domains, also in several parts, and no others."""
    for name in ("b\u00fccher.test", "b\u00e4cker.test", "b\u00fcro.test", "bucht.test"):
        any_admin.put_domain(name, served())

    def found(prefix: str, **more: str) -> list[str]:
        items = any_admin.list_domains(prefix=prefix, **more).items  # type: ignore[arg-type]
        return [DomainName(one.data["name"]).unicode for one in items]

    assert found("b\u00fc") == ["b\u00fccher.example", "b\u00fccher.test", "b\u00fcro.test"]
    assert found("B\u00dcCHER.T") == ["b\u00fccher.test"]
    assert found("b\u00e4") == ["b\u00e4cker.test"]
    assert found("b\u00f6") == found("\udcff") == found("\u200b.") == []
    any_admin.patch_domain("b\u00fcro.test", {"services": [{**IMAP, "type": "pop3"}, SMTP]})
    assert found("b\u00fc", finding="pop3-only") == ["b\u00fcro.test"]
    monkeypatch.setattr(filtered_list, "PARTS_MAX", 1)
    names: list[str] = []
    cursor: str | None = None
    for _ in range(20):
        page = any_admin.list_domains(prefix="b\u00fc", limit=1, cursor=cursor)
        names += [one.data["name"] for one in page.items]
        if (cursor := page.next) is None:
            break
    assert [DomainName(one).unicode for one in names] == found("b\u00fc")


def test_hosts(any_admin: Admin) -> None:
    """A host is found by its U-labels, too."""
    assert host_as_stored("IMAP.B\u00fccher.test") == "imap.xn--bcher-kva.test"
    service = {**IMAP, "host": "imap.b\u00fccher.test"}
    any_admin.put_domain("new.test", served(services=[service, SMTP]))
    for host in ("imap.b\u00fccher.test", "IMAP.xn--bcher-kva.test"):
        items = any_admin.list_domains(host=host).items
        assert [one.data["name"] for one in items] == ["new.test"]
    assert any_admin.list_domains(host="\udcff").items == ()
