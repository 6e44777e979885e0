"""The schemas and the keys of single objects."""

import json

import pytest

from waypost.providers_file.models.base import read_table
from waypost.providers_file.models.objects import (
    DomainObject,
    ProviderObject,
    ServicesObject,
    object_schemas,
)
from waypost.providers_file.models.rules import FileContext
from waypost.providers_file.validation import Mistakes

IMAP = {"type": "imap", "host": "h.example"}
BAD = [
    # model, object, part of the mistake
    (DomainObject, {}, "provider: is missing"),
    (DomainObject, {"provider": "P", "users": {"show_display_name": True}}, "users.directory"),
    (DomainObject, {"alias_of": "a.example", "users": {}}, "users: cannot be combined"),
    (DomainObject, {"provider": "P", "services": [{**IMAP, "domains": ["a.example"]}]}, "services"),
    (ServicesObject, {"services": [{**IMAP, "domains": ["a.example"]}]}, "services[0].domains"),
    (ServicesObject, {}, "services: is missing"),
    (ProviderObject, {"services": []}, "services: belong to domains"),
    (ProviderObject, {"domains": []}, "domains: unknown key"),
]


@pytest.mark.parametrize(("model", "data", "mistake"), BAD)
def test_mistakes(
    model: type[DomainObject | ServicesObject | ProviderObject],
    data: dict[str, object],
    mistake: str,
) -> None:
    """A key that an object lacks or cannot have is reported."""
    report = Mistakes("x")
    assert read_table(model, data, report, "", FileContext()) is None
    assert mistake in "\n".join(report._problems)  # noqa: SLF001 -- without an error


def test_schemas() -> None:
    """Each kind of object has a JSON Schema, and a provider has no services in it."""
    schemas = object_schemas()
    assert set(schemas) == {
        *("domain", "provider", "ldap_directory", "sql_directory", "file_directory", "ldapserver"),
    }
    assert "services" in schemas["domain"]["properties"]
    assert "services" not in schemas["provider"]["properties"]
    assert json.loads(json.dumps(schemas)) == schemas
