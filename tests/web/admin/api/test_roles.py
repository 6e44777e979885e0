"""Which URLs each role may use: no token, readers, writers and tenants."""

import itertools
import re
from typing import Any

import pytest

from tests.web.admin.api.api_client import READER, WRITER, Api
from waypost.admin.access.scope import AccessScope
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern

OWN = (DomainPattern("example.com"), DomainPattern("*.example.com"))
OTHER = (DomainPattern("*.other.example"),)
ROLES = {
    "no token": None,
    "reader": READER,
    "writer": WRITER,
    "tenant reads": AccessScope(Role.READ, OWN),
    "tenant": AccessScope(Role.WRITE, OWN),
    "other tenant": AccessScope(Role.WRITE, OTHER),
}
DOMAIN: dict[str, Any] = {
    "provider": "Example Inc.",
    "services": [{"type": "imap", "host": "imap.example.com"}],
}
# In the order of ROLES. A tenant of other domains must not learn that a domain exists.
READS = (401, 200, 200, 200, 200, 404)
CHANGES = (401, 403, 200, 403, 200, 403)
EVERYTHING = (401, 403, 200, 403, 403, 403)
TABLE: list[tuple[str, str, Any, tuple[int, ...]]] = [
    # method, URL, body, status for each role
    ("GET", "/domains", None, (401, 200, 200, 200, 200, 200)),
    ("GET", "/domains:export", None, (401, 200, 200, 200, 200, 200)),
    ("GET", "/domains/example.com", None, READS),
    ("PUT", "/domains/example.com", DOMAIN, CHANGES),
    ("PATCH", "/domains/example.com", {"services": DOMAIN["services"]}, CHANGES),
    ("DELETE", "/domains/example.com", None, CHANGES),
    ("POST", "/domains/example.com/rename", {"name": "a.example.com"}, CHANGES),
    ("PUT", "/domains/example.com/services/0", DOMAIN["services"][0], CHANGES),
    ("DELETE", "/domains/example.com/services/0", None, CHANGES),
    ("GET", "/domains/example.com/dns", None, READS),
    ("GET", "/domains/example.com/names", None, READS),
    ("GET", "/domains/example.com/lint", None, READS),
    ("POST", "/domains:bulk", None, (401, 403, 200, 403, 200, 200)),
    ("GET", "/addresses/alice@example.com/autoconfig", None, READS),
    ("GET", "/providers", None, (401, 200, 200, 200, 200, 200)),
    ("GET", "/providers/Example%20Inc.", None, READS),
    ("PUT", "/providers/Example%20Inc.", {"short_name": "E"}, EVERYTHING),
    ("PATCH", "/providers/Example%20Inc.", {"short_name": "E"}, EVERYTHING),
    ("DELETE", "/providers/Fails%20on%20Purpose", None, (401, 403, 409, 403, 403, 403)),
    ("POST", "/providers/Example%20Inc./rename", {"name": "E"}, EVERYTHING),
    ("PUT", "/providers/Example%20Inc./services", {"services": []}, EVERYTHING),
    ("GET", "/directories", None, (401, 200, 200, 200, 200, 200)),
    ("GET", "/directories/people", None, (401, 404, 404, 404, 404, 404)),
    ("PUT", "/directories/people", {"kind": "file", "path": "/a.csv"}, EVERYTHING),
    ("PATCH", "/directories/people", {}, (401, 403, 404, 403, 403, 403)),
    ("DELETE", "/directories/people", None, (401, 403, 404, 403, 403, 403)),
    ("GET", "/audit", None, (401, 200, 200, 200, 200, 200)),
    ("POST", "/audit/999999/undo", None, (401, 403, 404, 403, 404, 404)),
    ("GET", "/tokens", None, (401, 403, 200, 403, 403, 403)),
    ("POST", "/tokens", {"name": "x"}, (401, 403, 200, 403, 403, 403)),
    ("GET", "/setup-links", None, (401, 200, 200, 200, 200, 200)),
    ("POST", "/setup-links", {"address": "a@example.com"}, (401, 403, 200, 403, 200, 403)),
    ("DELETE", "/setup-links/1", None, (401, 403, 404, 403, 404, 404)),
    ("DELETE", "/tokens/none", None, (401, 403, 404, 403, 403, 403)),
]


@pytest.mark.parametrize(("method", "url", "body", "statuses"), TABLE)
def test_role(api: Api, method: str, url: str, body: Any, statuses: tuple[int, ...]) -> None:
    """The status for each role; a dry run is refused in the same way as the change."""
    found = []
    for scope in ROLES.values():
        parameters = {"dry_run": 1} if method != "GET" else {}
        if method not in {"GET", "DELETE"} and url not in {"/tokens", "/setup-links"}:
            parameters["confirm"] = 1
        answer = api.client(scope).request(method, f"/api/v1{url}", json=body, params=parameters)
        found.append(answer.status_code)
    assert tuple(found) == statuses


def test_the_table_has_every_url(api: Api) -> None:
    """A URL that is new must be in the table; POST /doctor asks real servers."""
    paths = api.client(None).get("/api/v1/openapi.json").json()["paths"]
    described = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path.removeprefix("/api/v1")))
        for path, operations in paths.items()
        if path.startswith("/api/v1/")
        for method in operations
    }
    tested = set()
    for method, url, *_ in TABLE:
        parts = url.split("/")
        choices = itertools.product(*((part, "{}") for part in parts))
        tested |= {(method, "/".join(choice)) for choice in choices}
    assert described - tested == {("POST", "/domains/{}/doctor")}


CHANGING: list[tuple[str, str, Any]] = [
    ("POST", "/tokens", {"name": "x", "domains": ["*.example.com"], "expires": "1d"}),
    ("DELETE", "/tokens/{token}", None),
    ("POST", "/setup-links", {"address": "a@example.com", "app_password": "geheim"}),
    ("DELETE", "/setup-links/{link}", None),
]


@pytest.mark.parametrize(("method", "url", "body"), CHANGING)
def test_dry_run_of_tokens_and_links(api: Api, method: str, url: str, body: Any) -> None:
    """A dry run answers 200 with the plan, changes nothing, and creates no secret."""
    client = api.client()
    token = client.post("/api/v1/tokens", json={"name": "old"}).json()["id"]
    link = client.post("/api/v1/setup-links", json={"address": "b@example.com"}).json()["id"]

    def state() -> list[str]:
        lists = ("tokens", "setup-links", "audit")
        # The time of the last use changes with each request.
        texts = [client.get(f"/api/v1/{name}").text for name in lists]
        return [re.sub(r'"last_used": ("[^"]*"|null)', "", text) for text in texts]

    before, path = state(), f"/api/v1{url.format(token=token, link=link)}"
    planned = client.request(method, path, json=body, params={"dry_run": 1})
    assert planned.status_code == 200
    data = planned.json()
    assert data["dry_run"]
    assert sum(data["counts"].values()) == 1
    assert "geheim" not in planned.text
    assert "waypost_" not in planned.text
    assert state() == before
    assert client.request(method, path, json=body).status_code in {201, 204}
    assert client.request("DELETE", "/api/v1/tokens/none?dry_run=1").status_code == 404
    assert client.request("DELETE", "/api/v1/setup-links/99?dry_run=1").status_code == 404


def test_a_tenant_learns_nothing_of_others(api: Api) -> None:
    """What another tenant has is like what does not exist, in every answer."""
    tenant = api.client(ROLES["other tenant"])
    for suffix in ("", "/dns", "/names", "/lint"):
        answers = [
            tenant.get(f"/api/v1/domains/{name}{suffix}") for name in ("example.com", "no.example")
        ]
        shapes = {
            (one.status_code, one.text.replace("example.com", "X").replace("no.example", "X"))
            for one in answers
        }
        assert len(shapes) == 1, suffix
    assert tenant.get("/api/v1/domains:export").text == ""
    assert tenant.get("/api/v1/providers").json()["items"] == []
    listed = tenant.get("/api/v1/domains", params={"prefix": "e"}).json()
    assert listed == {"items": [], "next": None}
