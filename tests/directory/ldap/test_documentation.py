"""docs/directories/ldap.md agrees with the code, and its examples work."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.directory.ldap.examples import PAGE, example
from tests.directory.ldap.finding import user
from tests.servers.slapd import PASSWORD, READER, SUFFIX, Slapd
from waypost.core.model import LdapDirectory, Secret, User
from waypost.directory.ldap.errors import AMBIGUOUS, LdapProblem
from waypost.providers_file.models.ldap import LdapTable


def table(heading: str) -> list[list[str]]:
    """Return the cells of the table below a heading."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n{heading}\n")[2].partition("\n#")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_each_message_is_documented() -> None:
    """The table has every message of the code, word for word and in its order, and no other."""
    rows = table("## Messages")
    texts = [one.message.text for one in LdapProblem]
    shown = [re.sub(r"\{(\w+)\}", lambda found: found[1].upper(), text) for text in texts]
    assert [message for message, _ in rows] == shown
    assert [message for message, cure in rows if len(cure) < 10] == []
    assert AMBIGUOUS in PAGE.read_text(encoding="utf-8")


def test_each_option_is_described() -> None:
    """The table has every key of an LDAP directory, and no other."""
    described = [name for row in table("## Options") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(described) == sorted(LdapTable.model_fields.keys() - {"name", "kind"})


@pytest.mark.servers
def test_example_for_openldap(server: Slapd, directory: LdapDirectory, tmp_path: Path) -> None:
    """The example for OpenLDAP finds people in slapd."""
    password = tmp_path / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    assert example("staff").search_base.endswith(SUFFIX)
    way = replace(
        example("staff"),
        urls=(server.url,),
        bind_user=READER,
        bind_password=Secret(file=f"{password}"),
        ca_file=directory.ca_file,
    )
    assert user(way, "person1@example.com") == User("p1", "Person 1")
