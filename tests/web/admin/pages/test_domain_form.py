"""The form of a domain: where the mail is, and its users."""

import html
from typing import Any

import pytest

from tests.web.admin.api.api_client import WRITER, Api
from tests.web.admin.pages.person import Person, hidden
from waypost.web.admin.pages.views import domain_edit

SERVICES = {
    "services[0].type": "imap",
    "services[0].host": "imap.example.com",
    "services[1].type": "smtp",
    "services[1].host": "smtp.example.com",
}
NEW = {"name": "", "new_name": "new.example", "provider": "Example Inc.", **SERVICES}
PLACES: list[tuple[dict[str, str], dict[str, Any], str]] = [
    # fields, keys of the object, a text of its page
    ({"place": "alias", "alias_of": "example.com"}, {"alias_of": "example.com"}, "same mailboxes"),
    (
        {"place": "redirect_address", "redirect_address": "example.net"},
        {"redirect_address": "example.net"},
        "have moved to example.net",
    ),
    (
        {"place": "redirect_url", "redirect_url": "https://ad.example.net/autodiscover.xml"},
        {"redirect_url": "https://ad.example.net/autodiscover.xml"},
        "Autodiscover sends clients to",
    ),
    ({"place": "declined"}, {"declined": True}, "not configured"),
]


@pytest.mark.parametrize(("fields", "keys", "text"), PLACES)
def test_places(api: Api, fields: dict[str, str], keys: dict[str, Any], text: str) -> None:
    """Each place of the mail is stored, shown, and changed back to the services."""
    person, client = Person(api, WRITER), api.client()
    url = "/api/v1/domains/new.example"
    created = person.post("/admin/domain/edit", {**NEW, **fields})
    assert created.status_code == 303, created.text
    stored = client.get(url).json()
    assert {key: stored.get(key) for key in keys} == keys
    assert text in html.unescape(person.get("/admin/domain?name=new.example").text)
    form = person.get("/admin/domain/edit?name=new.example").text
    assert f'<option value="{fields["place"]}" selected' in form
    again = {"name": "new.example", "version": hidden(form, "version"), "place": "here"}
    back = person.post("/admin/domain/edit", {**NEW, **again})
    assert back.status_code == 303, back.text
    assert client.get(url).json().keys() == {"name", "provider", "services"}


WRONG = [
    # fields, the field of the mistake
    ({"new_name": "a..b", "place": "here"}, "new_name"),
    ({"new_name": "", "place": "here"}, "new_name"),
    ({"provider": "", "place": "here"}, "provider"),
    ({"provider": "exampl inc", "place": "here"}, "provider"),
    ({"place": "alias", "alias_of": ""}, "alias_of"),
    ({"place": "alias", "alias_of": "absent.example"}, "alias_of"),
    ({"place": "redirect_address", "redirect_address": ""}, "redirect_address"),
    ({"place": "redirect_address", "redirect_address": "new.example"}, "redirect_address"),
    ({"place": "redirect_url", "redirect_url": "http://a.example/"}, "redirect_url"),
    ({"place": "here", "services[1].port": "x"}, "services-1-port"),
    ({"place": "here", "services[0].url": "https://a.example/"}, "services-0-url"),
    ({"place": "here", "services[0].authentication": "magic"}, "services-0-authentication"),
    ({"place": "here", "services[0].login_name": "%{x}"}, "services-0-login_name"),
]


@pytest.mark.parametrize(("fields", "field"), WRONG)
def test_mistakes(api: Api, fields: dict[str, str], field: str) -> None:
    """A mistake is named next to its field, which keeps its value, and nothing is stored."""
    person = Person(api, WRITER)
    answer = person.post("/admin/domain/edit", {**NEW, **fields})
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert 'value="smtp.example.com"' in answer.text
    for name, value in fields.items():
        if value and name != "place":
            assert f'value="{html.escape(value)}"' in answer.text
    assert person.get("/admin/domain?name=new.example").status_code == 404


def test_a_directory_that_is_not_offered(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A form keeps a directory that is not among the first ones that it offers."""
    person, client = Person(api, WRITER), api.client()
    for label in ("archive", "people"):
        directory = {"kind": "file", "path": f"/etc/waypost/{label}.csv"}
        assert client.put(f"/api/v1/directories/{label}", json=directory).status_code == 201
    created = person.post("/admin/domain/edit", {**NEW, "users.directory": "people"})
    assert created.status_code == 303, created.text
    monkeypatch.setattr(domain_edit, "NAMES_MAX", 1)
    form = person.get("/admin/domain/edit?name=new.example").text
    assert "archive</option>" in form
    assert "<option selected>people</option>" in form


def test_users(api: Api) -> None:
    """A directory, unknown users and the display name are stored and shown."""
    person, client = Person(api, WRITER), api.client()
    path = {"kind": "file", "path": "/etc/waypost/users.csv"}
    assert client.put("/api/v1/directories/people", json=path).status_code == 201
    users = {
        "users.directory": "people",
        "users.unknown_user": "decline",
        "users.show_display_name": "1",
    }
    created = person.post("/admin/domain/edit", {**NEW, "place": "here", **users})
    assert created.status_code == 303, created.text
    assert client.get("/api/v1/domains/new.example").json()["users"] == {
        "directory": "people",
        "unknown_user": "decline",
        "show_display_name": True,
    }
    form = person.get("/admin/domain/edit?name=new.example").text
    assert '<option value="people" selected' in form
    assert 'name="users.show_display_name" value="1" checked' in form
    again = {**NEW, "name": "new.example", "version": hidden(form, "version"), "place": "here"}
    assert person.post("/admin/domain/edit", {**again, "users.directory": ""}).status_code == 303
    assert "users" not in client.get("/api/v1/domains/new.example").json()
