"""Providers with any name by the API, as the commands send them."""

from typing import Any

import pytest

from tests.web.admin.api.api_client import Api
from waypost.admin.remote.url_names import url_of_name

NAMES = ["x/services", "x/rename", "/", ".", "..", "../../x", "a//b", "~2F", "%2F", "Zoë & Co?#;"]
SERVICES: list[dict[str, Any]] = [{"type": "imap", "host": "imap.example.com"}]


@pytest.mark.parametrize("name", NAMES)
def test_life_of_a_provider(api: Api, name: str) -> None:
    """A provider with any name is created, read, changed, renamed and deleted."""
    client = api.client()
    url = f"/api/v1/providers/{url_of_name(name)}"
    assert client.put(url, json={"short_name": "a"}).json() == {"name": name, "short_name": "a"}
    assert client.get(url).json()["name"] == name
    assert client.patch(url, json={"short_name": "b"}).status_code == 200
    domain = {"provider": name, "services": SERVICES}
    assert client.put("/api/v1/domains/new.example", json=domain).status_code == 201
    other = {"services": [{"type": "imap", "host": "other.example.com"}]}
    assert client.put(f"{url}/services?confirm=1", json=other).json()["name"] == name
    renamed = client.post(f"{url}/rename?confirm=1", json={"name": f"{name}/"})
    assert renamed.json()["name"] == f"{name}/"
    other_url = f"/api/v1/providers/{url_of_name(f'{name}/')}"
    assert client.get(other_url).json()["domains"] == 1
    assert client.delete("/api/v1/domains/new.example").status_code == 204
    assert client.delete(other_url).status_code == 204
    assert client.get(other_url).status_code == 404


def test_percent_encoding(api: Api) -> None:
    """`%2F` is a part of the name too, and never a slash of the URL."""
    client = api.client()
    assert client.put("/api/v1/providers/x", json={}).status_code == 201
    made = client.put("/api/v1/providers/x%2fservices", json={"short_name": "s"})
    assert (made.status_code, made.json()["name"]) == (201, "x/services")
    assert client.get("/api/v1/providers/x~2Fservices").json()["short_name"] == "s"
    assert client.get("/api/v1/providers/x%2Fservices").status_code == 200
    renamed = client.post("/api/v1/providers/x%2Fservices/rename", json={"name": "x%2Frename"})
    assert renamed.json()["name"] == "x%2Frename"
    assert client.get("/api/v1/providers/x%252Frename").status_code == 200
    assert client.get("/api/v1/providers/x/y").status_code == 404
