"""The Ansible role writes settings that Waypost reads; `make contrib` runs ansible-lint."""

import json
from typing import Any

import jinja2
import pytest
import yaml

from tests.contrib.files import CONTRIB, documents
from waypost.parsing.bounded_toml import parse_toml

ROLE = CONTRIB / "ansible" / "roles" / "waypost"
SETTINGS: list[tuple[dict[str, Any], str]] = [
    # variables, the settings without the comment
    ({}, ""),
    ({"waypost_providers": "mail.toml"}, 'providers = "/etc/waypost/providers.toml"\n'),
    (
        {"waypost_settings": {"proxy_count": 1, "initdb": False, "public_url": 'https://a"b'}},
        'initdb = false\nproxy_count = 1\npublic_url = "https://a\\"b"\n',
    ),
    (
        {"waypost_settings": {"trusted_proxies": ["10.0.0.0/8", "::1"]}},
        'trusted_proxies = ["10.0.0.0/8", "::1"]\n',
    ),
    (
        {"waypost_settings": {"oidc_roles": {"mail admins": "write", "a": "read b.example"}}},
        'oidc_roles = { "a" = "read b.example", "mail admins" = "write" }\n',
    ),
    (
        {"waypost_providers": "mail.toml", "waypost_settings": {"db_uri": "sqlite:////x"}},
        'db_uri = "sqlite:////x"\n',
    ),
]


def items(name: str) -> list[dict[str, Any]]:
    """Return the plays or the tasks of a file."""
    text = (CONTRIB / "ansible" / name).read_text(encoding="utf-8")
    found: list[dict[str, Any]] = yaml.safe_load(text)
    return found


@pytest.mark.parametrize(("variables", "expected"), SETTINGS)
def test_settings(variables: dict[str, Any], expected: str) -> None:
    """The template writes each kind of value as TOML, and no providers file with a database."""
    environment = jinja2.Environment(trim_blocks=True, keep_trailing_newline=True)  # noqa: S701 -- TOML
    environment.filters["to_json"] = json.dumps
    template = environment.from_string(
        (ROLE / "templates" / "waypost.toml.j2").read_text(encoding="utf-8")
    )
    values = {"ansible_managed": "Ansible managed", "waypost_settings": {}, **variables}
    first, _, rest = template.render(values).partition("\n")
    assert first == "# Ansible managed"
    assert rest == expected
    parse_toml(rest)


def test_variables_are_described() -> None:
    """Each variable of the play and of the defaults is an argument of the role."""
    (specification,) = documents(ROLE / "meta" / "argument_specs.yml")
    described = set(specification["argument_specs"]["main"]["options"])
    play = items("site.yml")[0]
    (defaults,) = documents(ROLE / "defaults" / "main.yml")
    assert {name for name in play["roles"][0] if name != "role"} <= described
    assert set(defaults) <= described


def test_secrets_are_not_logged() -> None:
    """The settings can have a password: no output has them, and other users cannot read them."""
    tasks = items("roles/waypost/tasks/main.yml")
    (task,) = (one for one in tasks if "ansible.builtin.template" in one)
    assert task["no_log"] is True
    assert task["ansible.builtin.template"]["mode"] == "0640"
