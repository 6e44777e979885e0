"""From groups to a scope."""

import pytest

from waypost.admin.access.roles import scope_of_groups
from waypost.admin.access.scope import AccessScope
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern

ROLES = {
    "admins": "write",
    "desk": "read",
    "a": "write a.example *.a.example",
    "b": "write b.example",
    "ra": "read a.example",
    "p": "write provider Example  Inc.",
    "q": "write provider Other",
    "pa": "write a.example provider Example Inc.",
    "pb": "write b.example provider Example Inc.",
}
A = (DomainPattern("a.example"), DomainPattern("*.a.example"))
B = (DomainPattern("b.example"),)
CASES: list[tuple[list[str], AccessScope | None]] = [
    ([], None),
    (["unknown", "Admins", "admins "], None),
    (["admins"], AccessScope(Role.WRITE)),
    (["desk", "x"], AccessScope(Role.READ)),
    (["desk", "admins", "b"], AccessScope(Role.WRITE)),
    # write for one domain comes before read for all, and never becomes write for all
    (["desk", "b"], AccessScope(Role.WRITE, B)),
    (["b", "a", "ra"], AccessScope(Role.WRITE, A + B)),
    (["ra", "desk"], AccessScope(Role.READ)),
    (["p"], AccessScope(Role.WRITE, (), "Example Inc.")),
    # limits that cannot be added: the first of the table
    (["q", "p"], AccessScope(Role.WRITE, (), "Example Inc.")),
    (["p", "b"], AccessScope(Role.WRITE, B)),
    (["pb", "pa"], AccessScope(Role.WRITE, (*A[:1], *B), "Example Inc.")),
    (["pa", "p"], AccessScope(Role.WRITE, (), "Example Inc.")),
]


@pytest.mark.parametrize(("groups", "expected"), CASES)
def test_scopes(groups: list[str], expected: AccessScope | None) -> None:
    """A person gets the widest scope that the groups allow, and no more."""
    assert scope_of_groups(groups, ROLES) == expected
