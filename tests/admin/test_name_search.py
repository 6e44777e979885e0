"""The beginning of a name, as people type it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.admin.cases import IMAP, SMTP, served
from waypost.admin import filtered_list
from waypost.admin.facade import Admin
from waypost.admin.name_search import host_as_stored, read_beginning
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


LABELS = st.text(st.sampled_from("abc\u00e4\u00f6\u00fc\u4f8b\u0436"), min_size=1, max_size=8)


@given(LABELS, LABELS, st.integers(1, 17))
def test_beginnings_find_their_name(first: str, second: str, length: int) -> None:
    """From the first character of a U-label on that is not ASCII, the name is found."""
    name = f"{first}.{second}"
    try:
        stored = DomainName.parse(name)
    except ValueError:
        return  # The rules of IDNA do not allow all of these.
    typed = stored.unicode[:length]
    last, at = typed.rpartition(".")[2], typed.count(".")
    if last.isascii() and stored.ascii.split(".")[at].startswith("xn--"):
        return
    beginning = read_beginning(typed)
    assert stored.ascii.startswith(beginning.stored)
    assert beginning.fits(stored.ascii)


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
