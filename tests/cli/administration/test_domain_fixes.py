"""The first domain of a provider: where its services can come from."""

from pathlib import Path

import pytest

from tests.cli.conftest import Waypost

FIX = (
    "'Example Inc.' has no other domain whose services can be used; add the first domain of a "
    "provider with its services (`waypost domain add DOMAIN --provider NAME --service imap=HOST "
    '--service smtp=HOST`, or "Add a domain" of the admin pages), or copy provider and services '
    "of another domain with --like\n"
)
WAYS = [
    # arguments, the place in front of the error
    (("domain", "add", "a.example", "--provider", "Example Inc."), "services: "),
    (("domain", "set", "a.example", "--provider", "Example Inc."), "--provider: "),
    (("domain", "add", "--csv", "new.csv"), "new.csv: line 2: services: "),
]


@pytest.mark.parametrize(("arguments", "place"), WAYS, ids=["add", "set", "csv"])
def test_first_domain_of_a_provider(
    waypost: Waypost,
    home: Path,
    upgraded_database: None,
    arguments: tuple[str, ...],
    place: str,
) -> None:
    """On a new database, each command that adds a domain names the ways to add the first one."""
    assert upgraded_database is None
    (home / "new.csv").write_text("domain,provider\na.example,Example Inc.\n", encoding="utf-8")
    assert waypost("provider", "add", "Example Inc.", "short_name=Example").code == 0
    outcome = waypost(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    fix = FIX.replace("with --like", "in the column like") if "--csv" in arguments else FIX
    assert f"error: {place}{fix}" in outcome.err


def test_move_to_a_provider_without_domains(
    waypost: Waypost, home: Path, upgraded_database: None
) -> None:
    """The same fix is for a domain that moves to a provider without domains."""
    assert upgraded_database is None
    (home / "one.toml").write_text(
        '[[provider]]\nname = "One"\ndomains = ["one.example"]\n'
        'services = [{type = "imap", host = "a.example"}, {type = "smtp", host = "b.example"}]\n',
        encoding="utf-8",
    )
    assert waypost("apply", "one.toml").code == 0
    assert waypost("provider", "add", "Example Inc.", "short_name=Example").code == 0
    outcome = waypost("domain", "move", "one.example", "--provider", "Example Inc.")
    assert FIX in outcome.err
