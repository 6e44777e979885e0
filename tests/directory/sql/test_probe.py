"""A lookup step by step: the text of each step, and the last step."""

import json

import pytest

from tests.directory.sql.conftest import configured, quick
from tests.servers.database import Database
from tests.servers.database_server import PASSWORD
from tests.servers.postgresql import PostgreSql
from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import AttributeRule, Secret
from waypost.directory.probe import probe
from waypost.directory.step import Step

ALICE = EmailAddress("alice", DomainName("example.com"))
STEPS = ["driver", "connect", "read-only", "domain", "query", "rows", "entry", "user"]
PRODUCTS = {"sqlite": "sqlite 3.", "postgresql": "postgresql 1", "mysql": "mariadb 1"}


def by_name(steps: list[Step]) -> dict[str, Step]:
    return {step.name: step for step in steps}


def test_each_step(postfixadmin: Database) -> None:
    """The steps show the server, the statement as sent and the person."""
    steps = list(probe(configured(postfixadmin.uri), ALICE))
    assert [step.name for step in steps] == STEPS
    assert all(step.ok for step in steps)
    shown = by_name(steps)
    assert shown["connect"].text.startswith(PRODUCTS[postfixadmin.dialect])
    assert "s3cret" not in shown["connect"].text
    assert shown["read-only"].details == {"reads_only": True}
    assert shown["domain"].details == {"domain": "example.com", "exists": True}
    assert shown["query"].details == {
        "statement": "SELECT username AS login, name AS display_name FROM mailbox "
        "WHERE username = :address AND active = '1'",
        "parameters": {"address": "alice@example.com"},
    }
    assert shown["rows"].details == {"rows": 1, "columns": ["login", "display_name"]}
    assert shown["user"].text == "login name alice@example.com, display name Alice Example"
    assert json.loads(json.dumps([step.details for step in steps]))


def test_unused_columns_are_not_shown(postfixadmin: Database) -> None:
    """Unused columns are named, without their values."""
    query = (
        "SELECT username AS login, password, maildir AS Box FROM mailbox WHERE username=:address"
    )
    rules = (AttributeRule("box", pattern="[a-z]/"),)
    steps = list(probe(configured(postfixadmin.uri, query=query, rules=rules), ALICE))
    shown = by_name(steps)
    assert shown["entry"].text == "login = alice@example.com; box = a/; password is not used"
    assert shown["user"].details["attributes"] == {"box": "a/"}
    assert "CRYPT" not in str(steps)


ENDS = [
    # the change, the step that fails, its text
    ({"uri": Secret("nosuch://h/d")}, "driver", "does not support the database"),
    ({"uri": Secret("sqlite:////nosuch/a.sqlite")}, "connect", "check the path"),
    ({"query": "SELECT a FROM nosuch WHERE a = :address"}, "query", "names of tables and columns"),
    ({"query": "SELECT name FROM mailbox WHERE name = :address"}, "rows", "no column login"),
    ({"query": "SELECT name AS login FROM mailbox WHERE name=:address"}, "rows", "no row: no user"),
    (
        {"query": "SELECT name AS login FROM mailbox WHERE :address <> ''"},
        "rows",
        "finds several rows for one address",
    ),
]


@pytest.mark.parametrize(("change", "last", "text"), ENDS, ids=str)
def test_step_that_fails(
    postfixadmin: Database, change: dict[str, object], last: str, text: str
) -> None:
    """The first step that fails is the last one, and says what to do."""
    steps = list(probe(configured(postfixadmin.uri, **change), ALICE))
    assert [step.name for step in steps] == STEPS[: STEPS.index(last) + 1]
    assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
    assert text in steps[-1].text


def test_domains_alone(postfixadmin: Database) -> None:
    """A directory with only domains_query has a step for the domain."""
    steps = list(probe(configured(postfixadmin.uri, query=None), ALICE))
    assert [step.name for step in steps] == STEPS[:4]
    other = EmailAddress("a", DomainName("old.example"))
    *_, step = probe(configured(postfixadmin.uri, query=None), other)
    assert step.text == "domains_query: old.example does not exist"


@pytest.mark.servers
def test_wrong_password(postgresql_server: PostgreSql) -> None:
    """The error about a wrong password does not contain the password."""
    uri = postgresql_server.tcp_uri("postgres", password="wr0ng-s3cret")
    *_, step = probe(configured(uri, limits=quick()), ALICE)
    assert (step.name, step.ok, step.details) == ("connect", False, {"code": "directory_error"})
    assert "check the user and the password in uri" in step.text
    assert "s3cret" not in step.text
    assert PASSWORD not in step.text
