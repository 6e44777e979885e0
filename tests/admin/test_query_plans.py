"""A change to one of a million domains reads only the rows that belong to it."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.admin.cases import IMAP, INC, SMTP, served, tenant
from waypost.admin.facade import Admin

# Tables that have few rows, also with a million domains; and temporary results of a statement.
SMALL = {"provider", "ldapserver", "directory", "admin_audit"}

CALLS: list[Callable[[Admin], object]] = [
    lambda admin: admin.get_domain("example.com"),
    lambda admin: admin.list_domains(),
    lambda admin: admin.list_domains(prefix="ex"),
    lambda admin: admin.list_domains(prefix="b\u00fc"),
    lambda admin: admin.patch_domain("example.com", {"declined": True}),
    lambda admin: admin.put_domain("new.example", served()),
    lambda admin: admin.put_domain("new.example", {"provider": "Boxes"}),
    lambda admin: admin.put_domain("new.example", {"alias_of": "example.com"}),
    lambda admin: admin.put_domain("new.example", served(redirect_address="example.com")),
    lambda admin: admin.put_domain("example.com", served(services=[SMTP, IMAP])),
    lambda admin: admin.put_domain("example.com", served(users={"directory": "people"})),
    lambda admin: admin.copy_domain("new.example", "example.com"),
    lambda admin: admin.delete_domain("example.com"),
    lambda admin: admin.rename_domain("example.com", "new.example"),
    lambda admin: admin.get_provider(INC),
    lambda admin: admin.delete_provider("Unused"),
    lambda admin: admin.delete_directory("people"),
    lambda admin: Admin(admin.source, tenant("example.com")).list_domains(),
]


@pytest.mark.parametrize("call", CALLS)
def test_no_statement_reads_a_whole_table(admin: Admin, call: Callable[[Admin], object]) -> None:
    """Every statement finds its rows by an index, and a list stops after its part."""
    admin.put_provider("Unused", {})
    admin.put_directory(
        "people", {"kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x"}
    )
    engine = admin.source.database()
    statements: list[tuple[str, Any]] = []

    def note(*arguments: Any) -> None:
        statements.append((arguments[2], arguments[3]))

    sa.event.listen(engine, "before_cursor_execute", note)
    call(admin)
    sa.event.remove(engine, "before_cursor_execute", note)
    assert statements
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        for statement, parameters in statements:
            if not re.match(r"SELECT|INSERT|UPDATE|DELETE", statement):
                continue
            values = parameters[0] if isinstance(parameters, list) else parameters
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            for *_, detail in cursor.fetchall():
                assert is_quick(detail, statement), (detail, statement)


def is_quick(detail: str, statement: str) -> bool:
    """Return whether a step of a plan does not read a whole table of domains or services."""
    scan = re.match(r"SCAN (\w+)(.*)", detail)
    if scan is None or scan[1] in SMALL or "CONSTANT ROW" in detail:
        return True
    # A list walks over the index of the names, and stops.
    is_list = "ix_domain_name_lower" in scan[2] and " LIMIT " in statement.replace("\n", " ")
    return is_list or "max(" in statement
