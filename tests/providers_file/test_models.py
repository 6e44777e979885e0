"""The models of the tables: what they show, what they describe, and when they are loaded."""

import json
import subprocess
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from waypost.core.errors import ProvidersError
from waypost.providers_file.load import read_providers
from waypost.providers_file.models.directory import SqlTable
from waypost.providers_file.models.file import json_schema
from waypost.providers_file.models.ldap import LdapServerTable, LdapTable
from waypost.providers_file.models.rules import FileContext

SECRET = "hunter2-%s"
LDAP = {
    "name": "p",
    "kind": "ldap",
    "urls": ["ldaps://l.example"],
    "search_base": "",
    "bind_user": "x",
}
SQL = {"name": "p", "kind": "sql", "query": "SELECT a AS login FROM b WHERE c = :address"}
SERVER = {"id": 1, "name": "l.example", "search_base": ""}
SECRETS: list[dict[str, Any]] = [
    *({"directory": [LDAP | {"bind_password": value}]} for value in ([SECRET], {SECRET: 1})),
    {"directory": [LDAP | {"bind_password": SECRET, "bind_password_env": "X"}]},
    {"directory": [LDAP | {"bind_pasword": SECRET}]},
    {"directory": [LDAP | {"bind_password": SECRET * 200}]},
    {"directory": [SQL | {"uri": f"mysql://u:{SECRET}\u0007@h/d"}]},
    {"directory": [SQL | {"uri": SECRET, "uri_file": "x"}]},
    {"ldapserver": [SERVER | {"bind_password": [SECRET]}]},
    {"ldapserver": [SERVER | {"bind_password": SECRET, "port": 0}]},
]


@pytest.mark.parametrize("data", SECRETS, ids=range(len(SECRETS)))
def test_mistakes_do_not_show_secrets(data: dict[str, Any]) -> None:
    """No message, and no error of Pydantic below it, contains a secret."""
    with pytest.raises(ProvidersError) as caught:
        read_providers(json.dumps(data), name="f", format="json")
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    models: dict[Any, Any] = {"ldap": LdapTable, "sql": SqlTable}
    (table,) = next(iter(data.values()))
    with pytest.raises(ValidationError) as error:
        models.get(table.get("kind"), LdapServerTable).model_validate(table, context=FileContext())
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("model", "table", "key"),
    [
        (LdapTable, LDAP, "bind_password"),
        (SqlTable, SQL, "uri"),
        (LdapServerTable, SERVER, "bind_password"),
    ],
)
def test_tables_do_not_show_secrets(model: Any, table: dict[str, Any], key: str) -> None:
    """The repr of a table, and of the value that is built from it, has no secret."""
    read = model.model_validate(table | {key: SECRET}, context=FileContext())
    assert "hunter2" not in repr(read)
    assert "hunter2" not in repr(read.build())


def _properties(schema: Any) -> list[tuple[str, Any]]:
    found = [*schema.get("properties", {}).items()] if "additionalProperties" in schema else []
    for one in schema.values():
        parts = one if isinstance(one, list) else [one]
        parts = [*parts, *(one.values() if isinstance(one, dict) else ())]
        found += [more for part in parts if isinstance(part, dict) for more in _properties(part)]
    return found


def test_every_key_is_described() -> None:
    """Editors show a description for every key of every table."""
    found = _properties(json_schema())
    assert len(found) > 100
    assert [name for name, schema in found if len(schema.get("description", "")) < 5] == []


@pytest.mark.parametrize("argument", ["--help", "version"])
def test_quick_commands_do_not_load_the_models(argument: str) -> None:
    """Commands that read no providers file do not import the models."""
    command = [sys.executable, "-X", "importtime", "-m", "waypost", argument]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "waypost.cli" in process.stderr
    assert "waypost.providers_file" not in process.stderr
