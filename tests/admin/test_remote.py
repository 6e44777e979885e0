"""The use cases of another Waypost: requests, and answers as objects and errors."""

import json
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from email.message import Message
from typing import IO, Any

import pytest

from waypost.admin.remote import connection
from waypost.admin.remote.answers import read_error
from waypost.admin.remote.client import RemoteAdmin
from waypost.admin.results import AuditEntry, BulkEnd, BulkMistake, BulkProgress
from waypost.core.errors import (
    AccessForbidden,
    AdminError,
    ConfirmationNeeded,
    DomainMoved,
    DomainNotServed,
    FetchError,
    IncompleteMailService,
    InvalidObject,
    NoUsableService,
    ObjectInUse,
    ObjectNotFound,
    ServiceNotOffered,
    SettingsError,
    StoreReadOnly,
    StoreUnavailable,
    UndoRefused,
    UserDeclined,
    VersionConflict,
    WaypostError,
)
from waypost.net.deadline import Deadline
from waypost.net.http_client import Origin
from waypost.net.http_exchange import HttpRequest, HttpResponse
from waypost.web.admin.api.problems import error_response

URL = "https://waypost.example"
PLAN = {
    "dry_run": True,
    "plan": {"added": ["domain new.example (X)"], "changed": [], "removed": []},
    "counts": {"added": 3, "changed": 0, "removed": 0},
    "object": {"name": "new.example"},
    "warnings": ["odd"],
}


class Server:
    """Answers requests from a list, and keeps them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.answers: list[HttpResponse] = []
        self.requests: list[HttpRequest] = []
        self.bodies: list[bytes] = []
        monkeypatch.setattr(connection, "exchange", self._exchange)
        self.admin = RemoteAdmin(f"{URL}/api/v1/", "T0K3N", self)

    @contextmanager
    def connect(self, origin: Origin, _deadline: Deadline, *, allow_private: bool) -> Iterator[Any]:
        assert (origin.host, origin.port, allow_private) == ("waypost.example", 443, True)
        yield None

    def answer(self, status: int, data: object = None, **headers: str) -> None:
        """Add an answer."""
        message = Message()
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        body = data if isinstance(data, bytes) else json.dumps(data).encode()
        self.answers.append(HttpResponse(status, "", message, b"" if data is None else body))

    def _exchange(
        self,
        _connection: object,
        request: HttpRequest,
        _size: int,
        *,
        file: IO[bytes] | None,
    ) -> HttpResponse:
        self.requests.append(request)
        body = request.body
        self.bodies.append(body if isinstance(body, bytes) else body.read())
        assert request.headers["Authorization"] == "Bearer T0K3N"
        answer = self.answers.pop(0)
        if file is not None:
            file.write(answer.body)
        return answer


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_read(server: Server) -> None:
    """An object has its version; a name is escaped in the URL."""
    server.answer(200, {"name": "a/b c"}, ETag='"v1"')
    found = server.admin.get_provider("a/b c?")
    assert (found.data, found.version) == ({"name": "a/b c"}, "v1")
    assert server.requests[0].target == "/api/v1/providers/a~2Fb%20c%3F"


def test_change(server: Server) -> None:
    """A change is planned first, for its output, and then made under the same conditions."""
    server.answer(200, PLAN)
    server.answer(201, {"name": "new.example"}, Waypost_Audit_Id="7")
    result = server.admin.patch_domain("new.example", {"users": None}, if_match="v1", confirm=True)
    assert (result.written, result.audit_id, result.warnings) == (True, 7, ("odd",))
    assert result.plan.counts == (3, 0, 0)
    assert [(one.method, one.target, one.headers["If-Match"]) for one in server.requests] == [
        ("PATCH", "/api/v1/domains/new.example?confirm=1&dry_run=1", '"v1"'),
        ("PATCH", "/api/v1/domains/new.example?confirm=1", '"v1"'),
    ]


def test_dry_run(server: Server) -> None:
    """A dry run and a change of nothing need one request."""
    server.answer(200, PLAN)
    assert not server.admin.put_domain("new.example", {}, if_none_match="*", dry_run=True).written
    nothing: dict[str, list[str]] = {"added": [], "changed": [], "removed": []}
    counts = {"added": 0, "changed": 0, "removed": 0}
    server.answer(200, {**PLAN, "plan": nothing, "counts": counts, "object": None})
    assert not server.admin.delete_domain("new.example").written
    assert server.answers == []
    assert server.requests[0].headers["If-None-Match"] == "*"


def test_deletion(server: Server) -> None:
    """A deletion has a version, and no confirmation, which the API would refuse."""
    server.answer(200, {**PLAN, "object": None})
    server.answer(204, Waypost_Audit_Id="8")
    assert server.admin.delete_directory("staff", if_match="v1").audit_id == 8
    assert [one.target for one in server.requests] == [
        "/api/v1/directories/staff?dry_run=1",
        "/api/v1/directories/staff",
    ]
    with pytest.raises(TypeError):
        server.admin.delete_domain("new.example", confirm=True)


def test_lists(server: Server) -> None:
    """Filters without a value are left out; the cursor of the next part is returned."""
    server.answer(200, {"items": [{"name": "a.example"}], "next": "c2"})
    page = server.admin.list_domains(provider="X & Y", limit=5, cursor="c1")
    assert ([one.data["name"] for one in page.items], page.next) == (["a.example"], "c2")
    assert server.requests[0].target == "/api/v1/domains?provider=X+%26+Y&limit=5&cursor=c1"


def test_bulk(server: Server) -> None:
    """The lines of the answer are progress, mistakes and the end."""
    end = {"result": "rejected", "lines": 2, "mistakes": 1, "aliases": 0, **PLAN}
    lines = [{"progress": 2}, {"line": 1, "path": "", "message": "m\u2028", "code": "invalid"}, end]
    server.answer(
        200, b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in lines)
    )
    events = [*server.admin.bulk([b'{"name": "a"}\n', b"{}\n"], dry_run=True)]
    assert [type(one) for one in events] == [BulkProgress, BulkMistake, BulkEnd]
    assert server.requests[0].target == "/api/v1/domains:bulk?dry_run=1"
    assert server.bodies == [b'{"name": "a"}\n{}\n']
    assert server.requests[0].headers["Content-Length"] == "17"


def test_long_bulk(server: Server) -> None:
    """Long lines are in a temporary file before the last of them is known."""
    kept: list[int] = []

    def lines() -> Iterator[bytes]:
        line = b"x" * (1 << 20) + b"\n"
        for _ in range(16):
            yield line
        kept.append(tracemalloc.get_traced_memory()[0])

    server.answer(200, b"")
    tracemalloc.start()
    try:
        with pytest.raises(FetchError, match="has no end"):
            list(server.admin.bulk(lines()))
    finally:
        tracemalloc.stop()
    assert kept[0] < 8 << 20


def test_entry_of_an_older_server(server: Server) -> None:
    """An entry of a server that does not say what can be undone is one that cannot be undone."""
    entry = {one.name: None for one in fields(AuditEntry)} | {"at": "2026-01-02T03:04:05+00:00"}
    del entry["can_be_undone"]
    server.answer(200, {"items": [entry], "next": None})
    (found,) = server.admin.audit().items
    assert found.can_be_undone is False


def test_doctor(server: Server) -> None:
    """The report of the doctor is returned as it is."""
    server.answer(200, {"domain": "a.example", "findings": []})
    assert server.admin.doctor("a.example") == {"domain": "a.example", "findings": []}
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/api/v1/domains/a.example/doctor")


BROKEN_EXPORTS = [b'{"name": "a.example"}\n{"na', b"[]\n", b"<html>\n", b"\xff\n"]


@pytest.mark.parametrize("body", BROKEN_EXPORTS)
def test_broken_export(server: Server, body: bytes) -> None:
    """An export that is not one of Waypost's is an error."""
    server.answer(200, body)
    with pytest.raises(FetchError, match="not one of Waypost's API"):
        list(server.admin.export())


BROKEN_BULKS = [
    (b'{"progress": 1}\n', FetchError, "has no end"),
    (b"", FetchError, "has no end"),
    (b'{"progress": 1}\n{"resu', FetchError, "not one of Waypost's API"),
    (b'{"result": "failed", "detail": "down"}\n', StoreUnavailable, "down"),
]


@pytest.mark.parametrize(("body", "kind", "text"), BROKEN_BULKS)
def test_broken_bulk(server: Server, body: bytes, kind: type[WaypostError], text: str) -> None:
    """An answer that ends early is never success."""
    server.answer(200, body)
    with pytest.raises(kind, match=text):
        list(server.admin.bulk([]))


def test_copy(server: Server) -> None:
    """A copy has the provider, the services and the directory of the other domain."""
    data = {"name": "a.example", "provider": "X", "services": [], "users": {"directory": "d"}}
    server.answer(200, data)
    server.answer(200, PLAN)
    server.admin.copy_domain("new.example", "a.example", dry_run=True)
    del data["name"]
    assert json.loads(server.bodies[1]) == data


MODELS = [
    (404, {"code": "not_found", "detail": "x"}, "the database has no domain a.example"),
    (200, {"name": "a.example", "alias_of": "b.example"}, "is an alias; use b.example"),
    (200, {"name": "a.example", "declined": True}, "is not served itself"),
]


@pytest.mark.parametrize(("status", "data", "rule"), MODELS)
def test_models(server: Server, status: int, data: object, rule: str) -> None:
    """A domain that cannot be copied is a mistake in `like`."""
    server.answer(status, data)
    with pytest.raises(InvalidObject, match=rule):
        server.admin.copy_domain("new.example", "a.example")


ERRORS: list[WaypostError] = [
    AdminError("x"),
    AccessForbidden("x"),
    ObjectNotFound("x"),
    UndoRefused("x"),
    ObjectInUse("x", ["a.example"]),
    VersionConflict("x", "v1", None),
    StoreReadOnly("x", "/etc/mail.toml"),
    ConfirmationNeeded("x", ["a.example"], 21),
    StoreUnavailable("x"),
    DomainNotServed("x"),
    DomainMoved("x", "b.example", None),
    UserDeclined("x"),
    NoUsableService("x"),
    IncompleteMailService("x"),
    ServiceNotOffered("x"),
    InvalidObject([("services[0].port", "must be a number"), ("", "y")]),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.code)
def test_errors(error: WaypostError) -> None:
    """An error of the API is the error of the use case, with its attributes."""
    response = error_response(error)
    found = read_error(URL, HttpResponse(response.status_code, "", Message(), bytes(response.body)))
    assert (type(found), str(found), vars(found)) == (type(error), str(error), vars(error))


OTHER_ERRORS = [
    (401, b'{"code": "unauthorized", "detail": "the token is not valid"}', AccessForbidden),
    (429, b'{"code": "too_many_requests", "detail": "x"}', AdminError),
    (301, b"", FetchError),
    (502, b"<h1>Bad Gateway</h1>", FetchError),
    (409, b'{"code": "confirmation_needed", "detail": "x", "affected": 3}', ConfirmationNeeded),
    (422, b'{"code": "invalid", "detail": "x"}', InvalidObject),
    (400, b'["code", "detail"]', FetchError),
]


@pytest.mark.parametrize(("status", "body", "kind"), OTHER_ERRORS)
def test_other_errors(status: int, body: bytes, kind: type[WaypostError]) -> None:
    """Other answers are errors, too."""
    assert type(read_error(URL, HttpResponse(status, "", Message(), body))) is kind


def test_long_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is too long is an error that says so."""
    monkeypatch.setattr(connection, "ANSWER_MAX_BYTES", 10)
    server.answer(200, {"name": "a.example"})
    with pytest.raises(FetchError, match="longer than 10 bytes"):
        server.admin.get_domain("a.example")


@pytest.mark.parametrize(
    "url", ["https://a.example", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost"]
)
def test_good_urls(url: str) -> None:
    """A token is sent by https, or to this machine."""
    RemoteAdmin(url, "T0K3N")


@pytest.mark.parametrize("url", ["http://a.example", "http://127.0.0.1.example", "https://", "x"])
def test_bad_urls(url: str) -> None:
    """Other URLs are refused before a connection."""
    with pytest.raises(SettingsError, match="--url"):
        RemoteAdmin(url, "T0K3N")
