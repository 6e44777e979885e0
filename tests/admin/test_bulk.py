"""Many domains in one transaction."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.admin.cases import IMAP, SMTP, served, tenant
from tests.database.statements import recorded_statements
from tests.servers.waypost import SOURCE
from waypost.admin.facade import Admin
from waypost.admin.results import BulkEnd, BulkMistake, BulkProgress
from waypost.core.errors import ObjectNotFound
from waypost.store.sql.sync.reader import SERVICE_TABLES


def run(
    admin: Admin, lines: Iterable[object], **options: bool
) -> tuple[BulkEnd, list[BulkMistake]]:
    """Run a bulk change, and return its end and its mistakes."""
    raw = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
    events = list(admin.bulk(raw, **options))
    end = events[-1]
    assert isinstance(end, BulkEnd)
    assert all(isinstance(one, BulkProgress | BulkMistake) for one in events[:-1])
    return end, [one for one in events if isinstance(one, BulkMistake)]


def names(admin: Admin) -> list[str]:
    return [one.data["name"] for one in admin.export()]


def test_many(any_admin: Admin) -> None:
    """Lines create, change and delete domains; each change has an entry in the audit log."""
    admin = any_admin
    admin.put_domain("old.example", served())
    lines: list[dict[str, Any]] = [
        {"name": "alias.example", "alias_of": "d1.bulk.example"},  # before its domain
        *({"name": f"d{number}.bulk.example", **served()} for number in range(700)),
        {"op": "put", "name": "example.com", **served(services=[SMTP, IMAP])},
        {"op": "delete", "name": "old.example"},
        {"name": "model.example", "provider": "Boxes"},
    ]
    planned, mistakes = run(admin, lines, dry_run=True)
    assert (mistakes, planned.written) == ([], False)
    assert "alias.example" not in names(admin)
    end, mistakes = run(admin, lines)
    assert (mistakes, end.written, end.lines) == ([], True, len(lines))
    assert end.plan.counts == planned.plan.counts
    assert admin.get_domain("d699.bulk.example").data["services"] == [IMAP, SMTP]
    assert admin.get_domain("alias.example").data["alias_of"] == "d1.bulk.example"
    assert admin.get_domain("example.com").data["services"] == [SMTP, IMAP]
    assert "old.example" not in names(admin)
    entries = admin.audit(limit=1000).items
    assert len(entries) == len(lines) + 1
    assert admin.audit(object="example.com").items[0].action == "bulk"
    again, _ = run(admin, lines[:-2])
    assert (again.written, again.plan.is_empty) == (False, True)


def test_export_is_a_bulk_input(admin: Admin) -> None:
    """The exported objects restore deleted domains."""
    exported = [one.data for one in admin.export()]
    run(admin, ({"op": "delete", "name": one["name"]} for one in exported))
    assert names(admin) == []
    end, mistakes = run(admin, exported)
    assert (mistakes, end.written) == ([], True)
    assert [one.data for one in admin.export()] == exported


MISTAKES: list[tuple[object, str, str]] = [
    # line, path, code
    (b"{", "", "invalid"),
    (b"[]", "", "invalid"),
    (b"\xff", "", "invalid"),
    (b'{"name": "a.example", "name": "b.example"}', "", "invalid"),
    (b"[" * 100_000, "", "invalid"),
    (b" " * 1_100_000 + b"{}", "", "invalid"),
    ({}, "name", "invalid"),
    ({"name": 1}, "name", "invalid"),
    ({"name": "a..b"}, "name", "invalid"),
    ({"op": "move", "name": "a.example"}, "op", "invalid"),
    ({"op": ["put"], "name": "a.example"}, "op", "invalid"),
    ({"op": "patch"}, "name", "invalid"),
    ({"op": "patch", "name": "absent.example", "declined": True}, "", "not_found"),
    ({"op": "patch", "name": "example.com", "colour": "red"}, "colour", "invalid"),
    ({"op": "patch", "name": "uses.example", "provider": "Boxes"}, "provider", "invalid"),
    ({"op": "patch", "name": "used.example", "services": None}, "", "confirmation_needed"),
    ({"op": "delete", "name": "absent.example"}, "", "not_found"),
    (
        {"name": "a.example", **served(services=[{**IMAP, "port": 0}])},
        "services[0].port",
        "invalid",
    ),
    ({"name": "a.example", **served(provider="Absent")}, "provider", "invalid"),
    ({"name": "OK.example", **served()}, "name", "invalid"),  # twice
    ({"name": "used.example", **served(declined=True)}, "", "confirmation_needed"),
    ({"op": "delete", "name": "used.example"}, "", "in_use"),
]


@pytest.mark.parametrize(("line", "path", "code"), MISTAKES)
def test_mistakes(admin: Admin, line: object, path: str, code: str) -> None:
    """A mistake is reported with its line, and no line is written."""
    admin.put_domain("used.example", served())
    admin.put_domain("uses.example", {"alias_of": "used.example"})
    before = list(admin.export())
    end, mistakes = run(admin, [{"name": "ok.example", **served()}, b"", line])
    assert [(one.line, one.path, one.code) for one in mistakes] == [(3, path, code)]
    assert (end.mistakes, end.written, end.plan.is_empty) == (1, False, True)
    assert list(admin.export()) == before


def test_mistakes_of_all_kinds(admin: Admin) -> None:
    """After a line that is no object, the values of the other lines are still checked."""
    lines = [{"name": "ok.example", **served()}, b"{", {"name": "x.example", "provider": "None"}]
    end, mistakes = run(admin, lines)
    assert [(one.line, one.path) for one in mistakes] == [(2, ""), (3, "provider")]
    assert (end.mistakes, end.written) == (2, False)
    with pytest.raises(ObjectNotFound):
        admin.get_domain("ok.example")


def test_aliases_of_lines_before(admin: Admin) -> None:
    """An alias follows an alias of an earlier line to its end, and a loop is a mistake."""
    lines = [
        {"name": "end.example", **served()},
        {"name": "one.example", "alias_of": "end.example"},
        {"name": "two.example", "alias_of": "ONE.example"},
        {"name": "three.example", "alias_of": "x.star.example"},
        {"name": "*.star.example", "alias_of": "end.example"},
        {"name": "four.example", "alias_of": "y.star.example"},
    ]
    _, mistakes = run(admin, lines)
    assert [(one.line, one.path) for one in mistakes] == [(4, "alias_of")]
    end, mistakes = run(admin, [*lines[:3], *lines[4:]])
    assert (mistakes, end.written) == ([], True)
    for name in ("one.example", "two.example", "four.example"):
        assert admin.get_domain(name).data["alias_of"] == "end.example"
    loop = [
        {"name": "a.example", "alias_of": "b.example"},
        {"name": "b.example", "alias_of": "one.example"},
        {"name": "end.example", "alias_of": "two.example"},
    ]
    _, mistakes = run(admin, loop)
    assert [(one.line, one.path) for one in mistakes] == [(1, "alias_of"), (3, "alias_of")]


def test_patches(any_admin: Admin) -> None:
    """A patch changes some keys of a domain; the others stay as they are in the transaction."""
    admin = any_admin
    lines = [
        {"op": "patch", "name": "EXAMPLE.com", "services": [SMTP]},
        {"op": "patch", "name": "example.org", "provider": "Boxes"},
    ]
    before = admin.get_domain("example.org").data
    end, mistakes = run(admin, lines)
    assert (mistakes, end.written) == ([], True)
    assert admin.get_domain("example.com").data["services"] == [SMTP]
    assert admin.get_domain("example.org").data == before | {"provider": "Boxes"}
    again, _ = run(admin, lines)
    assert (again.written, again.plan.is_empty) == (False, True)


MOVED = [{"type": "imap", "host": "imap.example.net"}, SMTP]
ALIAS_PATCHES: list[tuple[list[dict[str, Any]], dict[str, str | None]]] = [
    # patches, the domain that each domain is an alias of
    (
        [
            {"name": "alias.example", "provider": "Boxes"},
            {"name": "used.example", "provider": "Boxes"},
        ],
        {"alias.example": "used.example", "used.example": None},
    ),
    (
        [{"name": "alias.example"}, {"name": "used.example", "services": MOVED}],
        {"alias.example": "used.example"},
    ),
    (
        [
            {"name": "alias.example", "alias_of": "example.com"},
            {"name": "used.example", "services": MOVED},
        ],
        {"alias.example": "example.com"},
    ),
    (
        [{"name": "used.example", "alias_of": "example.com"}, {"name": "alias.example"}],
        {"alias.example": "example.com", "used.example": "example.com"},
    ),
    (
        [
            {"name": "alias.example", "alias_of": None},
            {"name": "used.example", "services": MOVED},
        ],
        {"alias.example": None},
    ),
]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(("patches", "followed"), ALIAS_PATCHES)
def test_patches_of_aliases(
    admin: Admin, patches: list[dict[str, Any]], followed: dict[str, str | None], order: int
) -> None:
    """An alias serves what its domain serves after all lines, in any order of the lines."""
    admin.put_domain("used.example", served())
    admin.put_domain("alias.example", {"alias_of": "used.example"})
    end, mistakes = run(admin, ({"op": "patch", **one} for one in patches[::order]))
    assert (mistakes, end.written, end.aliases) == ([], True, 0)
    for name, other in followed.items():
        assert admin.get_domain(name).data.get("alias_of") == other
        assert other is None or answer(admin, name) == answer(admin, other)


CHAINS: list[list[dict[str, Any]]] = [
    # Lines that change what other lines follow; before them, x follows b, y follows a name of *.p,
    # and z follows a.
    [
        {"name": "z.example", "alias_of": "x.example"},
        {"name": "b.example", "alias_of": "q.p.example"},
    ],
    [
        {"name": "b.example", "alias_of": "q.p.example"},
        {"name": "*.p.example", "alias_of": "y.example"},
        {"name": "x.example", "alias_of": "b.example"},
        {"name": "y.example", "alias_of": None},
    ],
    [
        {"name": "a.example", "services": MOVED},
        {"name": "z.example"},
        {"name": "b.example", "alias_of": "z.example"},
    ],
    [
        {"name": "b.example", "alias_of": "a.example"},
        {"name": "a.example", "alias_of": "q.p.example"},
        {"name": "z.example"},
    ],
]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("lines", CHAINS)
def test_chains_of_aliases(admin: Admin, lines: list[dict[str, Any]], order: int) -> None:
    """After a bulk change, each alias follows a domain, and serves what this domain serves."""
    for name in ("a.example", "b.example", "*.p.example"):
        admin.put_domain(name, served(services=[{**IMAP, "host": f"imap-{name[-9]}.net"}, SMTP]))
    for name, other in (("x", "b.example"), ("y", "q.p.example"), ("z", "a.example")):
        admin.put_domain(f"{name}.example", {"alias_of": other})
    end, mistakes = run(admin, ({"op": "patch", **one} for one in lines[::order]), confirm=True)
    assert (mistakes, end.written) == ([], True)
    for alias in (one.data for one in admin.export() if "alias_of" in one.data):
        name, other = alias["name"].replace("*", "q"), alias["alias_of"]
        entry = other.replace("q.p", "*.p")
        assert "alias_of" not in admin.get_domain(entry).data
        assert answer(admin, name) == answer(admin, other)


def test_pattern_that_would_follow_itself(admin: Admin) -> None:
    """A pattern cannot be an alias of an alias of a name that it matches."""
    admin.put_domain("*.p.example", served())
    admin.put_domain("y.example", {"alias_of": "q.p.example"})
    line = {"op": "patch", "name": "*.p.example", "alias_of": "y.example"}
    _, mistakes = run(admin, [line])
    assert [(one.path, "forms a loop" in one.rule) for one in mistakes] == [("alias_of", True)]


def answer(admin: Admin, name: str) -> list[str]:
    """Return the provider and the hosts that a client gets for a domain."""
    text = admin.preview(f"a@{name}", "autoconfig").body.decode()
    return re.findall("<(?:displayName|hostname)>(.*?)</", text)


def test_aliases_are_counted(admin: Admin) -> None:
    """The end says how many aliases change that have no line; they change if it is confirmed."""
    admin.put_domain("used.example", served())
    for number in range(3):
        admin.put_domain(f"a{number}.example", {"alias_of": "used.example"})
    lines = [
        {"op": "patch", "name": "used.example", "services": MOVED},
        {"op": "patch", "name": "a0.example", "alias_of": "example.com"},
    ]
    for options in ({"dry_run": True}, {"confirm": True}):
        end, mistakes = run(admin, lines, **options)
        assert (mistakes, end.aliases) == ([], 2)
    assert "imap.example.net" in answer(admin, "a1.example")
    assert "imap.example.net" not in answer(admin, "a0.example")
    nothing, _ = run(admin, lines, dry_run=True)
    assert nothing.aliases == 0


def test_aliases_cost_few_queries(admin: Admin) -> None:
    """Aliases of one domain are written together, and not with some queries each."""
    lines = [{"name": f"a{n}.example", "alias_of": "example.com"} for n in range(1000)]
    engine = admin.source.engine
    assert engine is not None
    with recorded_statements(engine) as statements:
        end, _ = run(admin, lines)
    assert end.written
    assert len(statements) < 200


def test_many_mistakes(admin: Admin) -> None:
    """After a thousand mistakes no more are reported."""
    end, mistakes = run(admin, (b"x" for _ in range(5000)))
    assert (len(mistakes), end.mistakes, end.written) == (1000, 1000, False)


def test_tenant(admin: Admin) -> None:
    """A tenant changes only its domains."""
    limited = Admin(admin.source, tenant("*.own.example"))
    _, mistakes = run(limited, [{"name": "example.com", **served()}])
    assert [one.code for one in mistakes] == ["forbidden"]


def test_a_reader_that_goes_away(admin: Admin) -> None:
    """If the receiver of the events stops, nothing is written."""
    lines = (json.dumps({"name": f"d{n}.example", **served()}).encode() for n in range(1500))
    events = admin.bulk(lines)
    for event in events:
        if isinstance(event, BulkProgress) and event.lines == 500:
            break
    events.close()  # type: ignore[attr-defined]
    with pytest.raises(ObjectNotFound):
        admin.get_domain("d1.example")


KILLED = """
import json, os, sys
from tests.admin.cases import ROOT, served
from waypost.admin.facade import Admin
from waypost.admin.results import BulkProgress
from waypost.admin.source import AdminSource
from waypost.database.engine import open_engine
from waypost.settings import Settings
from waypost.store.sql.sync.domain_set import DomainSet

written = 0
original = DomainSet.write
def write(self, targets, services):
    global written
    original(self, targets, services)
    written += len(targets)
    if written >= 1000:
        print("half", flush=True)
        sys.stdin.read()
DomainSet.write = write
admin = Admin(AdminSource(Settings(db_uri="sqlite://"), open_engine(sys.argv[1])), ROOT)
lines = (json.dumps({"name": f"d{n}.example", **served()}).encode() for n in range(2000))
for _ in admin.bulk(lines):
    pass
"""


def test_killed_in_the_middle(any_admin: Admin) -> None:
    """A process that is killed while it writes leaves nothing half done."""
    url = any_admin.source.database().url.render_as_string(hide_password=False)
    before = list(any_admin.export())
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{root}"},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"half\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.communicate()
    assert list(any_admin.export()) == before
    assert any_admin.audit().items == ()
    assert any_admin.put_domain("after.example", served()).written
    with any_admin.source.database().connect() as connection:
        for table, links, column in SERVICE_TABLES:
            unused = sa.select(table.c.id).where(table.c.id.not_in(sa.select(links.c[column])))
            assert connection.execute(unused).all() == []
