"""Who may do what: every URL and method of the pages, by role."""

from typing import Any

import pytest

from tests.web.admin.api.api_client import READER, WRITER, Api
from tests.web.admin.pages.person import Person
from waypost.admin.access.scope import AccessScope
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern

TENANT_READER = AccessScope(Role.READ, (DomainPattern("example.com"),))
OTHER_TENANT = AccessScope(Role.WRITE, (DomainPattern("*.other.example"),))
ROLES: dict[str, AccessScope | None] = {
    "visitor": None,
    "tenant's reader": TENANT_READER,
    "writer of another tenant": OTHER_TENANT,
    "reader": READER,
    "writer": WRITER,
}
DOMAIN = {"name": "example.com"}
SERVICE = {"services[0].type": "imap", "services[0].host": "imap.example.com"}
MORE = {"services[1].type": "smtp", "services[1].host": "smtp.example.com"}
EDIT = {**DOMAIN, "provider": "Example Inc.", "place": "here", **SERVICE, **MORE}
# method, URL, fields, the status for each role in the order of ROLES
TABLE: list[tuple[str, str, dict[str, Any], tuple[int, int, int, int, int]]] = [
    ("GET", "/admin/sign-in", {}, (200, 200, 200, 200, 200)),
    ("POST", "/admin/sign-in", {"link": "x"}, (401, 401, 401, 401, 401)),
    ("GET", "/admin", {}, (303, 303, 303, 303, 303)),
    ("GET", "/admin/", {}, (303, 200, 200, 200, 200)),
    ("GET", "/admin/sessions", {}, (303, 200, 200, 200, 200)),
    ("POST", "/admin/sessions/end", {"id": "x"}, (401, 404, 404, 404, 404)),
    ("GET", "/admin/domains", {}, (303, 200, 200, 200, 200)),
    ("POST", "/admin/domains/bulk", {**DOMAIN, "action": "decline"}, (401, 403, 422, 403, 200)),
    ("GET", "/admin/domain?name=example.com", {}, (303, 200, 404, 200, 200)),
    ("GET", "/admin/domain?name=example.net", {}, (303, 404, 404, 200, 200)),
    (
        "GET",
        "/admin/domain/answer?name=example.com&address=a@example.com&format=autoconfig",
        {},
        (303, 200, 404, 200, 200),
    ),
    ("GET", "/admin/domain/dns?name=example.com", {}, (303, 200, 404, 200, 200)),
    ("GET", "/admin/domain/checks?name=example.com", {}, (303, 200, 404, 200, 200)),
    ("POST", "/admin/domain/checks?name=*.top", {"name": "*.top"}, (401, 404, 404, 404, 404)),
    ("GET", "/admin/domain/history?name=example.com", {}, (303, 200, 404, 200, 200)),
    ("GET", "/admin/domain/edit?name=example.com", {}, (303, 403, 404, 403, 200)),
    ("GET", "/admin/domain/edit", {}, (303, 403, 200, 403, 200)),
    ("POST", "/admin/domain/edit", EDIT, (401, 403, 403, 403, 303)),
    ("GET", "/admin/domain/delete?name=example.com", {}, (303, 403, 404, 403, 200)),
    ("POST", "/admin/domain/delete", {"name": "example.org"}, (401, 404, 404, 403, 303)),
    ("GET", "/admin/audit", {}, (303, 200, 200, 200, 200)),
    ("POST", "/admin/audit/undo", {"id": "999999"}, (401, 403, 404, 403, 404)),
    ("GET", "/admin/wizard", {}, (303, 403, 200, 403, 200)),
    ("POST", "/admin/wizard", {"domain": "a b"}, (401, 422, 422, 422, 422)),
    ("POST", "/admin/wizard/services", {"action": "add", **EDIT}, (401, 200, 200, 200, 200)),
    ("POST", "/admin/wizard/create", {**EDIT, "name": "new.example"}, (401, 403, 403, 403, 303)),
    ("GET", "/admin/providers", {}, (303, 200, 200, 200, 200)),
    ("GET", "/admin/provider?name=Example+Inc.", {}, (303, 200, 404, 200, 200)),
    ("GET", "/admin/provider", {}, (303, 403, 403, 403, 200)),
    ("POST", "/admin/provider", {"name": "New"}, (401, 403, 403, 403, 303)),
    ("POST", "/admin/provider/delete", {"old_name": "New"}, (401, 404, 404, 404, 303)),
    ("GET", "/admin/directories", {}, (303, 200, 200, 200, 200)),
    ("GET", "/admin/directory", {}, (303, 403, 403, 403, 200)),
    (
        "POST",
        "/admin/directory",
        {"name": "staff", "kind": "file", "path": "/tmp/a.csv"},
        (401, 403, 403, 403, 303),
    ),
    ("POST", "/admin/directory/test", {"old_name": "x"}, (401, 404, 404, 404, 404)),
    ("POST", "/admin/directory/delete", {"old_name": "staff"}, (401, 404, 404, 404, 303)),
    ("GET", "/admin/tokens", {}, (303, 403, 403, 403, 200)),
    ("POST", "/admin/tokens", {"name": "panel", "role": "read"}, (401, 403, 403, 403, 200)),
    ("POST", "/admin/tokens/revoke", {"id": "x"}, (401, 403, 403, 403, 404)),
    ("GET", "/admin/monitor", {}, (303, 403, 403, 404, 404)),
    ("GET", "/admin/nothing", {}, (303, 404, 404, 404, 404)),
    ("POST", "/admin/nothing", {}, (401, 404, 404, 404, 404)),
    ("POST", "/admin/sign-out", {}, (401, 303, 303, 303, 303)),
    ("POST", "/admin/sessions/end-all", {}, (401, 303, 303, 303, 303)),
]


def test_roles(api: Api) -> None:
    """Each role gets its status at every URL, and every answer has the security headers."""
    wrong = []
    for column, (role, scope) in enumerate(ROLES.items()):
        for method, url, fields, expected in TABLE:
            person = Person(api, scope)
            answer = person.get(url) if method == "GET" else person.post(url, fields)
            if answer.status_code != expected[column]:
                wrong.append((role, method, url, answer.status_code, expected[column]))
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "unsafe" not in answer.headers["content-security-policy"]
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["x-content-type-options"] == "nosniff"
    assert wrong == []


def test_every_url_is_in_the_table(api: Api) -> None:
    """The table has every URL and method of the pages."""
    known = {(method, url.partition("?")[0]) for method, url, _, _ in TABLE}
    known |= {("GET", "/admin/{rest:path}"), ("POST", "/admin/{rest:path}")}
    known -= {("GET", "/admin/nothing"), ("POST", "/admin/nothing")}
    known |= {("GET", "/admin/static/{name}")}
    assert set(_urls(api.app.routes)) == known


def _urls(routes: Any) -> Any:
    for route in routes:
        if inner := getattr(route, "original_router", None):
            yield from _urls(inner.routes)
        elif getattr(route, "path", "").startswith("/admin"):
            yield from ((method, route.path) for method in route.methods if method != "HEAD")


@pytest.mark.parametrize("url", ["/admin/domains", "/admin/domain?name=example.com", "/admin/"])
def test_readers_see_no_buttons_that_change(api: Api, url: str) -> None:
    """A reader gets no form and no link for a change, except for the end of the session."""
    text = Person(api, READER).get(url).text
    for word in ("Add a domain", "/edit", "/delete", "Undo", "With the chosen"):
        assert word not in text, word
