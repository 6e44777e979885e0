"""Files with many domains, and files that only add."""

import json
from pathlib import Path

import pytest

from bench import domains
from tests.cli.conftest import Outcome, Waypost
from tests.cli.providers.test_apply import FIRST, SECOND

pytestmark = pytest.mark.usefixtures("upgraded_database")

COUNT = 12_000  # More than two parts of what is read at once.


def summary(outcome: Outcome) -> str:
    """Return the last line, after the warnings."""
    return outcome.err.splitlines()[-1]


@pytest.mark.slow
def test_many_domains(waypost: Waypost, home: Path) -> None:
    """A limited plan is printed, everything is written, and a second run has nothing to do."""
    file = domains.write(home / "many", COUNT)
    outcome = waypost("apply", file, "--no-progress")
    assert (outcome.code, summary(outcome)) == (0, f"{5 * COUNT + 1} added, 0 changed, 0 removed")
    lines = outcome.out.splitlines()
    assert lines[-1] == f"+ and {5 * COUNT + 1 - 1000} more; --all lists them"
    assert len(lines) == 1001
    again = waypost("apply", file, "--dry-run", "--no-progress")
    assert (again.code, again.out, summary(again)) == (0, "", "nothing to do")


@pytest.mark.slow
def test_export_of_many_domains(waypost: Waypost, home: Path) -> None:
    """Export, apply and export have the same text, also for many domains."""
    waypost("apply", domains.write(home / "many", COUNT))
    first = waypost("export", "--format", "json").out
    (home / "exported.json").write_text(first, encoding="utf-8")
    other = ["--db-uri", "sqlite:///other.sqlite"]
    assert waypost("apply", "exported.json", *other).code == 0
    assert waypost("export", "--format", "json", *other).out == first
    names = [name for one in json.loads(first)["provider"] for name in one["domains"]]
    plain = {name if isinstance(name, str) else name["name"] for name in names}
    assert plain == set(domains.names(COUNT))


@pytest.mark.slow
def test_change_of_one_of_many_domains(waypost: Waypost, home: Path) -> None:
    """The plan has only the one of many domains that changes; ids of the others stay."""
    file = domains.write(home / "many", COUNT)
    waypost("apply", file)
    names = (home / "many" / "plain.txt").read_text(encoding="ascii").splitlines()
    (home / "many" / "plain.txt").write_text("\n".join(["new.example", *names[1:]]))
    outcome = waypost("apply", file, "--no-progress")
    assert outcome.out.splitlines()[-1] == f"- domain {names[0]} (Hoster)"
    assert summary(outcome) == "5 added, 0 changed, 1 removed"
    assert summary(waypost("apply", file, "--no-progress")) == "nothing to do"


def test_all_and_counts(waypost: Waypost, home: Path) -> None:
    """With --all, every change is listed; JSON has the same limit, and counts."""
    file = domains.write(home / "many", 300)
    plan = json.loads(waypost("apply", file, "--db-uri", "sqlite://", "--json").out)
    assert (len(plan["added"]), plan["counts"]["added"]) == (1000, 1501)
    every = waypost("apply", file, "--db-uri", "sqlite://", "--all").out
    assert len(every.splitlines()) == 1501


@pytest.mark.parametrize("few", [True, False])
def test_bar(waypost: Waypost, home: Path, few: bool) -> None:
    """With --progress, a bar is drawn on standard error, for 1,000 domains and more."""
    file = domains.write(home / "many", 999 if few else 1000)
    outcome = waypost("apply", file, "--progress")
    assert ("reading" in outcome.err) is not few
    assert "\x1b" not in outcome.out
    assert "reading" not in waypost("apply", file, "--no-progress").err


def test_only_add(waypost: Waypost, home: Path) -> None:
    """Only missing domains are added; an existing one keeps its services and its name."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    (home / "second.toml").write_text(SECOND, encoding="utf-8")
    waypost("apply", "first.toml")
    outcome = waypost("apply", "second.toml", "--only-add")
    left = "; existing domains not changed: 1\n"
    assert (outcome.code, outcome.err) == (0, f"3 added, 0 changed, 0 removed{left}")
    assert outcome.out.splitlines() == [
        "+ domain new.example (Own Mail)",
        "+ new.example: imap imap.own.example:993 tls",
        "+ new.example: smtp send.own.example:465 tls",
        "= domain own.example: exists in another form, left unchanged",
    ]
    # The new domain has the provider that was stored, which has no short name.
    again = waypost("apply", "second.toml", "--only-add").err
    assert again == "nothing to do; existing domains not changed: 2\n"
    exported = waypost("export").out
    assert exported.count("[[provider]]") == 1
    assert exported.count("send.own.example") == 1
    assert '"old.example"' in exported
    assert "short_name" not in exported
    assert waypost("apply", "first.toml", "--only-add").err == "nothing to do\n"


def test_only_add_with_other_domains_in_the_database(waypost: Waypost, home: Path) -> None:
    """Another file's providers and directory servers are added to the existing ones."""
    (home / "first.toml").write_text(FIRST, encoding="utf-8")
    file = domains.write(home / "few", 8)
    waypost("apply", "first.toml")
    before = waypost("export").out
    assert waypost("apply", file, "--only-add").code == 0
    after = waypost("export").out
    assert after.startswith(before.rstrip("\n"))
    assert "[[ldapserver]]" in after
    assert summary(waypost("apply", file, "--only-add")) == "nothing to do"
    assert waypost("apply", "first.toml", "--allow-removal", "10").code == 0
    assert waypost("export").out == before
