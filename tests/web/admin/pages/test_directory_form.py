"""The form of a directory, and its test with one user."""

import html
import re
from pathlib import Path

import pytest

from tests.servers.waypost import free_port
from tests.web.admin.api.api_client import READER, WRITER, Api
from tests.web.admin.pages.person import Person, hidden

LDAP = {
    "kind": "ldap",
    "name": "staff",
    "urls": "ldaps://ldap.example\nldaps://second.example",
    "search_base": "dc=example",
    "bind_user": "cn=waypost",
    "bind_password": "S3CRETWORD",
}


def _steps(page: str) -> list[tuple[str, str]]:
    """Return the steps of a test: ok or failed, and the name."""
    return re.findall(r'<li><span class="badge \w+">(\w+)</span> <strong>(\w+)</strong>', page)


@pytest.mark.parametrize("kind", ["ldap", "sql", "file"])
def test_each_kind(api: Api, kind: str) -> None:
    """A directory of each kind needs only a few fields; one server is enough."""
    fields = {
        "ldap": {"urls": "ldaps://ldap.example", "search_base": "dc=example"},
        "sql": {"uri": "postgresql://w:pw@db.example/mail", "query": "SELECT :address AS login"},
        "file": {"path": "/etc/waypost/users.csv"},
    }[kind]
    person = Person(api, WRITER)
    answer = person.post("/admin/directory", {"kind": kind, "name": "own", **fields})
    assert answer.status_code == 303, answer.text
    page = person.get("/admin/directory?name=own").text
    shown = {**fields, "uri": "********"} if kind == "sql" else fields
    assert all(value in page for value in shown.values())


def test_life_of_a_directory(api: Api) -> None:
    """A directory is created, shown without its secret, changed and deleted; the secret stays."""
    person = Person(api, WRITER)
    created = person.post("/admin/directory", LDAP)
    assert created.status_code == 303, created.text
    page = person.get("/admin/directory?name=staff").text
    assert "S3CRETWORD" not in page
    assert 'value="********"' in page
    assert "ldaps://ldap.example\nldaps://second.example" in html.unescape(page)
    fields = {**LDAP, "old_name": "staff", "version": hidden(page, "version")}
    changed = {**fields, "bind_password": "********", "search_base": "dc=other"}
    assert person.post("/admin/directory", changed).status_code == 303
    stored = api.client().get("/api/v1/directories/staff").json()
    assert (stored["search_base"], stored["bind_password"]) == ("dc=other", "********")
    conflict = person.post("/admin/directory", {**changed, "search_base": "dc=third"})
    assert conflict.status_code == 412
    assert "dc=other" in conflict.text
    assert "S3CRETWORD" not in person.get("/admin/audit").text
    assert person.post("/admin/directory/delete", {"old_name": "staff"}).status_code == 303
    assert person.get("/admin/directory?name=staff").status_code == 404


MISTAKES = [
    # the field, its value, a part of the rule
    ("urls", "", "is missing"),
    ("urls", "https://ldap.example", "urls[0]: "),
    ("urls", "ldaps://a.example\nldaps://a b", "urls[1]: "),
    ("search_base", "", "is missing"),
    ("search_filter", "(mail={0}", ""),
    ("security", "maybe", ""),
    ("time_limit_seconds", "soon", ""),
    ("time_limit_seconds", "-1", ""),
    ("max_searches", "0", ""),
    ("other", "{", ""),
]


@pytest.mark.parametrize(("field", "value", "rule"), MISTAKES)
def test_mistakes(api: Api, field: str, value: str, rule: str) -> None:
    """A mistake is named next to its field, which keeps its value, and nothing is stored."""
    person = Person(api, WRITER)
    answer = person.post("/admin/directory", {**LDAP, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert rule in answer.text
    assert "dc=example" in answer.text or field == "search_base"
    assert person.get("/admin/directory?name=staff").status_code == 404


def test_one_user(api: Api, tmp_path: Path) -> None:
    """The page shows each step of a look-up, and the user that was found."""
    users = tmp_path / "users.csv"
    users.write_text("address,login,display_name\nalice@example.com,a1,Alice A\n", encoding="utf-8")
    client, person = api.client(), Person(api, WRITER)
    created = client.put("/api/v1/directories/people", json={"kind": "file", "path": f"{users}"})
    assert created.status_code == 201, created.text

    def tested(address: str) -> str:
        answer = person.post("/admin/directory/test", {"old_name": "people", "address": address})
        assert answer.status_code == 200
        return answer.text

    found = tested("alice@example.com")
    steps = _steps(found)
    assert {state for state, _ in steps} == {"ok"}
    assert (steps[0][1], steps[-1][1]) == ("domain", "answer")
    assert "<dd>a1</dd>" in found
    assert "<dd>Alice A</dd>" in found
    assert _steps(tested("unknown@example.com"))[-1] == ("failed", "answer")
    assert "no.example is not served here" in tested("alice@no.example")
    wrong = person.post("/admin/directory/test", {"old_name": "people", "address": "alice"})
    assert wrong.status_code == 422
    assert 'id="address"' in wrong.text
    reader = Person(api, READER)
    refused = reader.post("/admin/directory/test", {"old_name": "people", "address": "a@b.example"})
    assert refused.status_code == 403


def test_server_that_does_not_answer(api: Api) -> None:
    """The step that fails is named, with the server."""
    person, port = Person(api, WRITER), free_port()
    made = person.post("/admin/directory", {**LDAP, "urls": f"ldaps://127.0.0.1:{port}"})
    assert made.status_code == 303, made.text
    answer = person.post(
        "/admin/directory/test", {"old_name": "staff", "address": "alice@example.com"}
    )
    assert answer.status_code == 200
    assert "failed" in {state for state, _ in _steps(answer.text)}
    assert f"127.0.0.1:{port}" in answer.text
    assert "S3CRETWORD" not in answer.text
