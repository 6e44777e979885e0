"""Setup links by the API: who may create them, and what no answer has."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.web.admin.api.api_client import LINK_KEY, READER, Api, open_api
from waypost.admin.access.scope import AccessScope
from waypost.admin.links.remote import RemoteSetupLinks
from waypost.admin.principal import Role
from waypost.core.address import EmailAddress
from waypost.core.model import DomainPattern
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import checked_target, checked_terms
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.token import token_of
from waypost.store.sql.setup_link_rows import SetupLinkRows

URL = "/api/v1/setup-links"
PASSWORD = "correct horse battery"
ALICE = {
    "address": "alice@example.com",
    "name": "Alice",
    "device": "phone",
    "aliases": ["a@example.com"],
    "app_password": PASSWORD,
    "expires": "12h",
    "uses": 2,
}
TENANT = AccessScope(Role.WRITE, (DomainPattern("example.com"),))
OTHER = AccessScope(Role.WRITE, (DomainPattern("other.example"),))
BY_PROVIDER = AccessScope(Role.WRITE, (), "Other Inc.")
BOTH = AccessScope(Role.WRITE, (DomainPattern("example.com"), DomainPattern("no.example")), "Other")
WRONG: list[tuple[dict[str, Any], str]] = [
    # what the body has instead, the path of the mistake
    ({"address": "example.com"}, "address"),
    ({"address": "alice@example.com\r\nBcc: x@example.org"}, "address"),
    ({"address": 1}, "address"),
    ({"name": "a\tb"}, "name"),
    ({"name": "a" * 129}, "name"),
    ({"device": "a\x7fb"}, "device"),
    ({"aliases": ["bob"]}, "aliases"),
    ({"aliases": ["a@example.com"] * 21}, "aliases"),
    ({"aliases": "a@example.com"}, "aliases"),
    ({"app_password": ""}, "app_password"),
    ({"app_password": f"{PASSWORD}\n"}, "app_password"),
    ({"app_password": PASSWORD * 20}, "app_password"),
    ({"app_password": [PASSWORD]}, "app_password"),
    ({"expires": "91d"}, "expires"),
    ({"expires": "soon"}, "expires"),
    ({"uses": 0}, "uses"),
    ({"uses": 101}, "uses"),
    ({"uses": True}, "uses"),
    ({"token": "x"}, "token"),
]


def test_one_link(api: Api) -> None:
    """A link is created with a password, opens, is listed without both, and is revoked."""
    client = api.client()
    created = client.post(URL, json=ALICE)
    link = created.json()
    assert (created.status_code, created.headers["cache-control"]) == (201, "no-store")
    assert list(link) == ["url", "id", "address", "expires", "uses"]
    source = api.app.state.api.source
    use = SetupLinks(SetupLinkRows(source.engine), LinkKeys([LINK_KEY])).begin(
        token_of(link["url"])
    )
    assert (str(use.target.address), use.app_password) == ("alice@example.com", PASSWORD)

    listed = client.get(URL)
    (shown,) = listed.json()["items"]
    assert (shown["id"], shown["state"], shown["has_password"]) == (link["id"], "valid", True)
    assert client.delete(f"{URL}/{link['id']}").status_code == 204
    assert client.delete(f"{URL}/{link['id']}").status_code == 404
    audit = client.get("/api/v1/audit", params={"object": "setup_link:example.com"})
    entries = audit.json()["items"]
    assert [one["action"] for one in entries] == ["revoke", "create"]
    assert entries[1]["after"]["app_password"] == entries[0]["before"]["app_password"] == "********"
    for text in (created.text, listed.text, audit.text):
        assert PASSWORD not in text
    assert token_of(link["url"]) not in listed.text + audit.text
    undone = client.post(f"/api/v1/audit/{entries[1]['id']}/undo")
    assert (undone.status_code, undone.json()["code"]) == (409, "undo_refused")


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_qr_code(api: Api, kind: str, start: bytes) -> None:
    """The QR code is in the answer if the request asks for it, as a data: URL."""
    body = {"address": "alice@example.com"}
    link = api.client().post(URL, params={"qr": kind}, json=body).json()
    assert base64.b64decode(link["qr"].partition(",")[2]).startswith(start)


def test_wrong_bodies(api: Api) -> None:
    """Each mistake names its key and never shows the password, and no link is created."""
    client = api.client()
    for change, path in WRONG:
        answer = client.post(URL, json=ALICE | change)
        assert answer.status_code == 422, change
        assert [one["path"].partition(".")[0] for one in answer.json()["errors"]] == [path], change
        assert PASSWORD not in answer.text, change
    assert client.post(URL, json=ALICE, params={"qr": "gif"}).status_code == 400
    assert client.post(URL, json={"address": "a@no.example"}).status_code == 404
    assert client.delete(f"{URL}/{10**30}").status_code == 404
    assert client.get(URL).json() == {"items": [], "next": None}


@pytest.mark.parametrize("scope", [OTHER, BY_PROVIDER, BOTH, READER])
def test_others_are_refused_in_the_same_way(api: Api, scope: AccessScope) -> None:
    """A refusal does not depend on whether the domain, or the link, exists."""
    link = api.client().post(URL, json=ALICE).json()
    client, shapes = api.client(scope), set()
    for name in ("example.com", "no.example"):
        answer = client.post(URL, json={"address": f"a@{name}"})
        shapes.add((answer.status_code, answer.text.replace(name, "X")))
    assert len(shapes) == 1
    assert shapes.pop()[0] == 403
    revoked = [client.delete(f"{URL}/{number}") for number in (link["id"], 999)]
    assert len({(one.status_code, one.json()["code"]) for one in revoked}) == 1
    assert revoked[0].status_code in {403, 404}
    if scope is not READER:
        assert client.get(URL).json()["items"] == []
        entries = client.get("/api/v1/audit").json()["items"]
        assert [one["object_kind"] for one in entries] == ["token"]


def test_tenant(api: Api) -> None:
    """A tenant creates and sees links of its domains only, aliases included."""
    client = api.client(TENANT)
    api.client().post(URL, json={"address": "a@example.org"})
    assert client.post(URL, json=ALICE).status_code == 201
    assert client.post(URL, json=ALICE | {"aliases": ["ceo@example.org"]}).status_code == 403
    assert [one["address"] for one in client.get(URL).json()["items"]] == ["alice@example.com"]
    entries = client.get("/api/v1/audit").json()["items"]
    found = [(one["object_kind"], one["object_name"]) for one in entries]
    assert found == [("setup_link", "example.com"), ("token", "test")]


def test_pages(api: Api) -> None:
    """A list has parts, and a cursor that is not its own is refused."""
    client = api.client()
    for name in "abc":
        client.post(URL, json={"address": f"{name}@example.com"})
    first = client.get(URL, params={"limit": 2}).json()
    second = client.get(URL, params={"limit": 2, "cursor": first["next"]}).json()
    assert [one["id"] for one in first["items"] + second["items"]] == [3, 2, 1]
    assert second["next"] is None
    assert client.get(URL, params={"cursor": "x"}).status_code == 422


def test_without_a_database(sample: Path, tmp_path: Path) -> None:
    """With a providers file a link is a signed token: no list, no password, no uses."""
    path = tmp_path / "waypost.sqlite"
    path.write_bytes(sample.read_bytes())
    providers = tmp_path / "mail.toml"
    providers.write_text('[[provider]]\nname = "E"\ndomains = ["example.com"]\nservices = []\n')
    with open_api(path, providers=providers) as api:
        client = api.client()
        link = client.post(URL, json={"address": "a@example.com"}).json()
        assert (link["id"], link["uses"]) == (None, None)
        for answer in (client.post(URL, json=ALICE), client.get(URL), client.delete(f"{URL}/1")):
            assert (answer.status_code, answer.json()["code"]) == (409, "bad_link")
            assert PASSWORD not in json.dumps(answer.json())


def test_the_methods_of_a_remote_command(api: Api) -> None:
    """`waypost link --url` sends what the API understands, and reads its answers."""
    client = api.client()

    def send(method: str, path: str, body: bytes | None) -> dict[str, Any]:
        answer = client.request(method, f"/api/v1{path}", content=body)
        assert answer.is_success, answer.text
        return dict(answer.json()) if answer.content else {}

    links = RemoteSetupLinks(send)
    address = EmailAddress.parse("alice@example.com")
    target = checked_target(address, "Alice", ["a@example.com"], "phone")
    for _ in range(2):
        link = links.create(target, checked_terms(1800, 3, PASSWORD))
    assert (link.url, link.data["uses"], link.is_reusable) == (link.data["url"], 3, False)
    first, cursor = links.page(1)
    assert (first[0]["id"], first[0]["has_password"]) == (2, True)
    second, end = links.page(1, cursor)
    assert (second[0]["name"], end) == ("Alice", None)
    links.revoke(2)
    assert [one["id"] for one in links.page(50)[0]] == [1]
