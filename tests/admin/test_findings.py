"""Lists of domains by a finding of the linter."""

from typing import Any

import pytest

from tests.admin.cases import IMAP, INC, SMTP
from waypost.admin import filtered_list, findings
from waypost.admin.facade import Admin
from waypost.core.errors import InvalidObject
from waypost.diagnostics.lint.domains import lint_domain

POP3 = {"type": "pop3", "host": "pop.example.com"}


@pytest.fixture(name="filled")
def _filled(admin: Admin) -> Admin:
    """Add twenty domains; each third has POP3 only."""
    lines = [
        b'{"name": "d%02d.example", "provider": "%s", "services": [%s]}'
        % (number, INC.encode(), _services(number % 3 == 0))
        for number in range(20)
    ]
    list(admin.bulk(lines))
    return admin


def _services(is_pop3: bool) -> bytes:
    first = POP3 if is_pop3 else IMAP
    return b", ".join(
        b'{"type": "%s", "host": "%s"}' % (one["type"].encode(), one["host"].encode())
        for one in (first, SMTP)
    )


def _all(admin: Admin, **options: Any) -> list[str]:
    names: list[str] = []
    cursor: str | None = None
    for _ in range(100):
        page = admin.list_domains(finding="pop3-only", cursor=cursor, **options)
        assert len(page.items) <= options.get("limit", 50)
        names += [item.data["name"] for item in page.items]
        cursor = page.next
        if cursor is None:
            return names
    raise AssertionError("the list has no end")


WANTED = [f"d{number:02d}.example" for number in range(0, 20, 3)]


@pytest.mark.parametrize("limit", [1, 2, 7, 1000])
def test_parts(filled: Admin, limit: int) -> None:
    """Each domain is in one part, whatever the size of the parts."""
    assert _all(filled, limit=limit) == [*WANTED, "example.org"]


def test_other_conditions(filled: Admin) -> None:
    """The conditions are combined."""
    assert _all(filled, prefix="d0") == WANTED[:4]
    assert _all(filled, host="pop.example.com") == WANTED
    assert _all(filled, provider="Example Organisation") == ["example.org"]


def test_redirect(filled: Admin) -> None:
    """A domain whose mail is elsewhere has no findings."""
    filled.patch_domain("d00.example", {"declined": True})
    assert _all(filled, prefix="d0") == WANTED[1:4]


def test_bounded_work(filled: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A part ends after some domains or some different services, and the next one continues."""
    monkeypatch.setattr(filtered_list, "PARTS_MAX", 2)
    page = filled.list_domains(finding="pop3-only", prefix="d01", limit=1)
    assert (page.items, page.next) == ((), None)
    first = filled.list_domains(finding="no-incoming", limit=2)
    assert (first.items, first.next is None) == ((), False)
    assert _all(filled, limit=2) == [*WANTED, "example.org"]
    monkeypatch.setattr(findings, "LINTED_MAX", 1)
    assert _all(filled, limit=5) == [*WANTED, "example.org"]


def test_each_entry_once(filled: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Domains with the same services are checked once."""
    linted: list[str] = []

    def count(domain: Any) -> Any:
        linted.append(domain.pattern.text)
        return lint_domain(domain)

    monkeypatch.setattr(findings, "lint_domain", count)
    filled.list_domains(finding="pop3-only", prefix="d", limit=1000)
    assert linted == ["d00.example", "d01.example"]


UNKNOWN = [
    # text, what the error says after the text
    ("", "is not a code of `waypost lint`; `waypost explain` lists them"),
    ("nothing", "is not a code of `waypost lint`; "),
    ("pop3_only", "is not a code of `waypost lint`; did you mean pop3-only?"),
    ("mail-silent", "is a code of `waypost doctor`, and not of `waypost lint`"),
    ("autoconfig-no-store", "is not a code of `waypost lint`; "),
    ("POP3-ONLY", "is not a code of `waypost lint`; "),
    ("x" * 10_000, "is not a code of `waypost lint`; "),
]


@pytest.mark.parametrize(("code", "rule"), UNKNOWN)
def test_unknown_code(admin: Admin, code: str, rule: str) -> None:
    """A text that is no code of the linter is named, and so is the command that it is a code of."""
    with pytest.raises(InvalidObject) as caught:
        admin.list_domains(finding=code)
    assert f"{caught.value}".startswith(f"finding: {code[:60]!r} {rule}")
    assert len(f"{caught.value}") < 200


def test_each_engine(any_admin: Admin) -> None:
    """Each engine finds the same domains."""
    assert _all(any_admin) == ["example.org"]
