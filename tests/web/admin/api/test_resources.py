"""Domains, providers and directories by the API."""

from typing import Any

from tests.web.admin.api.api_client import READER, Api
from waypost.admin.access.scope import AccessScope
from waypost.admin.objects import MISTAKES_MAX
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern
from waypost.web.admin.api.access import REQUEST_LIMITS
from waypost.web.admin.api.mount import api_description

NEW = "/api/v1/domains/new.example"
BODY: dict[str, Any] = {
    "provider": "Example Inc.",
    "services": [
        {"type": "imap", "host": "imap.new.example"},
        {"type": "smtp", "host": "smtp.new.example"},
    ],
}


def test_life_of_a_domain(api: Api) -> None:
    """PUT creates with 201 and replaces with 200; GET returns the same; DELETE answers 204."""
    client = api.client()
    created = client.put(NEW, json=BODY)
    assert (created.status_code, created.json()) == (201, {"name": "new.example", **BODY})
    read = client.get(NEW)
    assert read.json() == created.json()
    assert read.headers["etag"] == created.headers["etag"]
    assert read.headers["cache-control"] == "no-store"
    again = client.put(NEW, json=BODY)
    assert (again.status_code, again.headers["etag"]) == (200, read.headers["etag"])
    patched = client.patch(NEW, json={"services": [BODY["services"][0]]})
    assert patched.status_code == 200
    assert patched.json()["services"] == [BODY["services"][0]]
    assert patched.headers["etag"] != read.headers["etag"]
    assert client.delete(NEW).status_code == 204
    assert client.get(NEW).status_code == 404
    assert client.delete(NEW).status_code == 404


def test_conditions(api: Api) -> None:
    """A change against an old version is refused with both versions."""
    client = api.client()
    old = client.put(NEW, json=BODY, headers={"if-none-match": "*"}).headers["etag"]
    assert client.put(NEW, json=BODY, headers={"if-none-match": "*"}).status_code == 412
    other = {**BODY, "services": BODY["services"][:1]}
    new = client.put(NEW, json=other, headers={"if-match": old}).headers["etag"]
    for send in (client.put, client.patch):
        refused = send(NEW, json=BODY, headers={"if-match": old})
        assert refused.status_code == 412
        assert refused.json()["expected"] == old.strip('"')
        assert refused.json()["current"] == new.strip('"')
    assert client.delete(NEW, headers={"if-match": old}).status_code == 412
    assert client.get(NEW, headers={"if-none-match": f'"x", W/{new}'}).status_code == 304
    assert client.delete(NEW, headers={"if-match": "*"}).status_code == 204
    assert client.put(NEW, json=BODY, headers={"if-match": "*"}).status_code == 412
    for header in ({"if-match": "x"}, {"if-match": '"a", "b"'}, {"if-none-match": '"x"'}):
        assert client.put(NEW, json=BODY, headers=header).status_code == 400


def test_conditions_of_a_provider(api: Api) -> None:
    """Each change of a provider that was made for an old version is refused, its services too."""
    client, url = api.client(), "/api/v1/providers/Example%20Inc."
    old = client.get(url).headers["etag"]
    assert client.patch(url, json={"short_name": "E"}, params={"confirm": 1}).status_code == 200
    calls: list[tuple[str, str, Any]] = [
        ("PUT", "", {}),
        ("PATCH", "", {"short_name": "F"}),
        ("DELETE", "", None),
        ("POST", "/rename", {"name": "F"}),
        ("PUT", "/services", {"services": []}),
    ]
    for method, end, body in calls:
        parameters = {} if body is None else {"confirm": 1}
        refused = client.request(
            method, f"{url}{end}", json=body, params=parameters, headers={"if-match": old}
        )
        assert (refused.status_code, refused.json()["expected"]) == (412, old.strip('"')), end


def test_removal_of_a_service(api: Api) -> None:
    """DELETE of a service answers with the domain, under the conditions of other changes."""
    client = api.client()
    old = client.put(NEW, json=BODY).headers["etag"]
    url = f"{NEW}/services/1"
    planned = client.delete(f"{url}?dry_run=1")
    assert planned.status_code == 200
    assert planned.json()["plan"]["removed"] == ["new.example: smtp smtp.new.example:465 tls"]
    assert client.get(NEW).headers["etag"] == old
    removed = client.delete(url, headers={"if-match": old})
    expected = {"name": "new.example", **BODY, "services": BODY["services"][:1]}
    assert (removed.status_code, removed.json()) == (200, expected)
    assert removed.headers["etag"] == client.get(NEW).headers["etag"] != old
    (entry, _) = client.get("/api/v1/audit?object=new.example").json()["items"]
    assert (f"{entry['id']}", entry["action"]) == (removed.headers["waypost-audit-id"], "service")
    assert (entry["after"], entry["can_be_undone"]) == (expected, True)
    conflict = client.delete(f"{NEW}/services/0", headers={"if-match": old})
    assert (conflict.status_code, conflict.json()["expected"]) == (412, old.strip('"'))
    alias = "/api/v1/domains/alias.example"
    assert client.put(alias, json={"alias_of": "new.example"}).status_code == 201
    for method, path, status, code in (
        ("DELETE", url, 422, "invalid"),
        ("DELETE", f"{NEW}/services/-1", 422, "invalid"),
        ("DELETE", "/api/v1/domains/nothing.example/services/0", 404, "not_found"),
        ("DELETE", f"{alias}/services/0", 422, "invalid"),
        ("DELETE", f"{NEW}/services/0", 409, "confirmation_needed"),
        ("DELETE", f"{NEW}/services/0?confirm=1", 200, ""),
        ("DELETE", f"{NEW}/services/0?confirm=1", 422, "invalid"),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, answer.json().get("code", "")) == (status, code), path
    assert answer.json()["detail"] == "index: there are no services"


def test_unknown_names_have_suggestions(api: Api) -> None:
    """An unknown provider or directory is a 404 with the most similar one, for each method."""
    client = api.client()
    created = client.put("/api/v1/directories/people", json={"kind": "file", "path": "/a.csv"})
    assert created.status_code == 201
    for path, name in (("providers/example inc", "Example Inc."), ("directories/peple", "people")):
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            answer = client.request(method, f"/api/v1/{path}", json=body)
            assert answer.status_code == 404
            assert answer.json()["detail"].endswith(f"; did you mean {name!r}?")


def test_dry_run(api: Api) -> None:
    """A dry run answers 200 with the plan of `apply`, and nothing changes."""
    client = api.client()
    planned = client.put(NEW, params={"dry_run": 1}, json=BODY)
    assert planned.status_code == 200
    assert planned.json()["counts"] == {"added": 3, "changed": 0, "removed": 0}
    assert planned.json()["plan"]["added"][0] == "domain new.example (Example Inc.)"
    assert client.get(NEW).status_code == 404
    entries = client.get("/api/v1/audit", params={"object": "new.example"})
    assert entries.json()["items"] == []


def test_lists_have_cursors(api: Api) -> None:
    """All parts together have each domain once, by name."""
    client = api.client()
    names: list[str] = []
    parameters: dict[str, str] = {"limit": "3"}
    while True:
        page = client.get("/api/v1/domains", params=parameters).json()
        names += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        parameters["cursor"] = page["next"]
    assert names == sorted(set(names))
    assert len(names) == 8
    found = client.get("/api/v1/domains", params={"prefix": "example.", "host": "pop.example.org"})
    assert [item["name"] for item in found.json()["items"]] == ["example.org"]


def test_list_of_an_unknown_provider(api: Api) -> None:
    """A list of a provider that does not exist is a 404 with a suggestion, not an empty list."""
    client = api.client()
    answer = client.get("/api/v1/domains", params={"provider": "Example Inx."})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    detail = "there is no provider 'Example Inx.'; did you mean 'Example Inc.'?"
    assert answer.json()["detail"] == detail
    assert client.put("/api/v1/providers/Empty", json={}).status_code == 201
    empty = client.get("/api/v1/domains", params={"provider": "Empty"})
    assert empty.json() == {"items": [], "next": None}


def test_undo_says_what_it_has_done(api: Api) -> None:
    """The answer to an undo has the plan and the warnings, as that of its dry run."""
    client = api.client()
    made = client.put(NEW, json=BODY).headers["waypost-audit-id"]
    (entry,) = client.get("/api/v1/audit", params={"object": "new.example"}).json()["items"]
    assert entry["can_be_undone"]
    url = f"/api/v1/audit/{made}/undo"
    planned, undone = client.post(f"{url}?dry_run=1"), client.post(url)
    assert (planned.status_code, undone.status_code) == (200, 200)
    assert planned.json()["dry_run"]
    assert undone.json() == planned.json() | {"dry_run": False}
    assert "domain new.example (Example Inc.)" in undone.json()["plan"]["removed"]
    entries = client.get("/api/v1/audit", params={"object": "new.example"}).json()["items"]
    assert undone.headers["waypost-audit-id"] == f"{entries[0]['id']}"
    assert [one["can_be_undone"] for one in entries] == [True, False]


def test_undo_of_the_services_of_a_provider(api: Api) -> None:
    """The services of all domains are restored, if this is confirmed, and nothing has changed."""
    client = api.client()
    provider = "/api/v1/providers/Example%20Inc."
    assert client.put(NEW, json=BODY).status_code == 201
    services = {"services": [{"type": "imap", "host": "all.example"}]}
    made = client.put(f"{provider}/services?confirm=1", json=services)
    assert made.status_code == 200
    url = f"/api/v1/audit/{made.headers['waypost-audit-id']}/undo"
    (entry,) = client.get("/api/v1/audit?object=provider:Example%20Inc.").json()["items"]
    assert entry["can_be_undone"]
    assert entry["before"]["domains"] == 2
    assert entry["after"]["groups"] == [services]
    refused = client.post(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "confirmation_needed")
    planned = client.post(f"{url}?dry_run=1").json()
    assert planned["dry_run"]
    assert "new.example: imap imap.new.example:993 tls" in planned["plan"]["added"]
    assert client.get(NEW).json()["services"] == services["services"]
    undone = client.post(f"{url}?confirm=1")
    assert (undone.status_code, undone.json()) == (200, planned | {"dry_run": False})
    assert undone.json()["object"] == made.json()
    assert client.get(NEW).json()["services"] == BODY["services"]
    again = client.post(f"{url}?confirm=1")
    assert (again.status_code, again.json()["code"]) == (409, "undo_refused")


def test_all_mistakes_at_once(api: Api) -> None:
    """A problem document has the path of each mistake."""
    services = [{"type": "imap", "host": "a", "port": 70_000}, {"type": "carrier-pigeon"}]
    answer = api.client().put(NEW, json={**BODY, "services": services, "color": "red"})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    paths = {one["path"] for one in answer.json()["errors"]}
    assert {"services[0].port", "services[1].type", "color"} <= paths


def test_a_tenant_sees_its_domains(api: Api) -> None:
    """Another domain is like one that does not exist; a change of it is forbidden."""
    tenant = api.client(AccessScope(Role.WRITE, (DomainPattern("*.new.example"),)))
    names = [item["name"] for item in tenant.get("/api/v1/domains").json()["items"]]
    assert names == []
    for name in ("example.com", "nothing.example"):
        url = f"/api/v1/domains/{name}"
        missing, refused = tenant.get(url), tenant.put(url, json=BODY)
        assert (missing.status_code, refused.status_code) == (404, 403)
        assert missing.json()["detail"].replace(name, "X") == "there is no domain X"
        assert refused.json()["detail"].replace(name, "X").endswith("may not change X")
    assert api.client(READER).put(NEW, json=BODY).status_code == 403


def test_tokens_by_the_api(api: Api) -> None:
    """A token that the API creates works until the API revokes it; a tenant cannot create one."""
    client = api.client()
    made = client.post("/api/v1/tokens", json={"name": "panel", "role": "read", "expires": "1d"})
    assert made.status_code == 201
    headers = {"authorization": f"Bearer {made.json()['token']}"}
    assert client.get("/api/v1/domains", headers=headers).status_code == 200
    listed = client.get("/api/v1/tokens")
    assert made.json()["token"] not in listed.text
    assert client.delete(f"/api/v1/tokens/{made.json()['id']}").status_code == 204
    entries = client.get("/api/v1/audit", params={"object": "token:panel"}).json()["items"]
    assert [(one["action"], one["principal"]) for one in entries] == [
        ("revoke", "test"),
        ("create", "test"),
    ]
    assert entries[1]["after"]["id"] == made.json()["id"]
    refused = client.post(f"/api/v1/audit/{entries[0]['id']}/undo")
    assert (refused.status_code, refused.json()["code"]) == (409, "undo_refused")
    assert client.get("/api/v1/domains", headers=headers).status_code == 401
    tenant = api.client(AccessScope(Role.WRITE, (DomainPattern("*.new.example"),)))
    for answer in (tenant.get("/api/v1/tokens"), tenant.post("/api/v1/tokens", json={"name": "x"})):
        assert answer.status_code == 403
    unlimited = client.post("/api/v1/tokens", json={"name": "x", "domains": []})
    assert unlimited.json()["errors"][0]["path"] == "domains"
    mistakes = client.post("/api/v1/tokens", json={"name": "", "role": "root", "expires": "soon"})
    rules = {one["path"]: one["message"] for one in mistakes.json()["errors"]}
    assert rules.keys() == {"name", "role", "expires"}
    assert rules["role"] == "must be read or write"
    assert rules["expires"].startswith("must be a whole number")


def test_the_description_needs_no_token(api: Api) -> None:
    """The description is OpenAPI 3.1; each reference in it has its schema."""
    answer = api.client(None).get("/api/v1/openapi.json")
    description = answer.json()
    assert description["openapi"].startswith("3.1")
    schemas = description["components"]["schemas"]
    names = {part.split('"')[0] for part in answer.text.split("#/components/schemas/")[1:]}
    assert names <= set(schemas)
    for path, operations in description["paths"].items():
        if path.startswith("/api/v1/"):
            assert all(one["security"] == [{"token": []}] for one in operations.values()), path


def test_bodies_with_very_many_mistakes(api: Api) -> None:
    """The answer to a body of a megabyte is not much longer than the body."""
    client = api.client()
    answer = client.put(NEW, json={**BODY, "services": [0] * 400_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    answer = client.put(NEW, json={**BODY, "services": [0] * 10_000})
    assert answer.status_code == 422
    assert len(answer.json()["errors"]) == MISTAKES_MAX + 1


def test_limit_of_each_token(api: Api) -> None:
    """Two tokens with the same name do not use up the requests of each other."""
    first, second = api.client(), api.client()
    ids = [one.id for one in api.tokens.list()]
    context = api.app.state.api
    later = context.authorization.clock() + 3600
    for _ in range(REQUEST_LIMITS.burst):
        context.limiter.take(ids[1].encode(), later)
    answers = sorted(one.get("/api/v1/providers?limit=1").status_code for one in (first, second))
    assert answers == [200, 429]


def test_description_has_no_boolean_properties() -> None:
    """Each property of the description is an object, which generators of clients require."""
    pending: list[Any] = [api_description()]
    properties = 0
    while pending:
        part = pending.pop()
        if isinstance(part, dict):
            for one in part.get("properties", {}).values():
                assert isinstance(one, dict)
                properties += 1
            pending.extend(part.values())
        elif isinstance(part, list):
            pending.extend(part)
    assert properties > 100


def test_operation_ids() -> None:
    """Each operation has a short and unique name, for the functions of a generated client."""
    paths = api_description()["paths"].values()
    names = [operation["operationId"] for path in paths for operation in path.values()]
    assert {"get_domain", "put_domain", "delete_domain", "list_domains"} <= set(names)
    assert len(set(names)) == len(names)
    assert all("api_v1" not in name for name in names)
