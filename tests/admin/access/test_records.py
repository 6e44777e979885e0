"""Tokens as JSON data, for the API and for `waypost token list --json`."""

import json

import pytest

from waypost.admin.access.records import token_data
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import TokenRecord
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern

DAY = 86_400
LIMITED = AccessScope(
    Role.WRITE, (DomainPattern("*.example.com"), DomainPattern("example.org")), "Example Inc."
)
RECORDS = [
    pytest.param(
        TokenRecord("k1", "backup", AccessScope(Role.READ), 0, "root", None, None, None),
        {
            "id": "k1",
            "name": "backup",
            "role": "read",
            "domains": [],
            "provider": None,
            "created": "1970-01-01T00:00:00Z",
            "created_by": "root",
            "expires": None,
            "last_used": None,
            "revoked": None,
        },
        id="without limits, never used",
    ),
    pytest.param(
        TokenRecord("k2", "Bücher", LIMITED, 1 * DAY, "alice", 4 * DAY, 2 * DAY, 3 * DAY),
        {
            "id": "k2",
            "name": "Bücher",
            "role": "write",
            "domains": ["*.example.com", "example.org"],
            "provider": "Example Inc.",
            "created": "1970-01-02T00:00:00Z",
            "created_by": "alice",
            "expires": "1970-01-05T00:00:00Z",
            "last_used": "1970-01-03T00:00:00Z",
            "revoked": "1970-01-04T00:00:00Z",
        },
        id="of a tenant, used and revoked",
    ),
    pytest.param(
        # A time of 0 is a time, too: it is not the same as no time.
        TokenRecord("k3", "old", AccessScope(Role.READ), 0, "root", 0, 0, 0),
        {
            "id": "k3",
            "name": "old",
            "role": "read",
            "domains": [],
            "provider": None,
            "created": "1970-01-01T00:00:00Z",
            "created_by": "root",
            "expires": "1970-01-01T00:00:00Z",
            "last_used": "1970-01-01T00:00:00Z",
            "revoked": "1970-01-01T00:00:00Z",
        },
        id="with times of a wrong clock",
    ),
]


@pytest.mark.parametrize(("record", "data"), RECORDS)
def test_data_of_a_token(record: TokenRecord, data: dict[str, object]) -> None:
    """A script gets all that is known of a token as plain JSON, with times in UTC, or null."""
    assert json.loads(json.dumps(token_data(record))) == data
