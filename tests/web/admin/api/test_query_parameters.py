"""The query parameters of all URLs of the API: unknown ones, and those that are given twice."""

from functools import cache
from typing import Any

import pytest

from tests.web.admin.api.api_client import Api, ApiClient
from tests.web.admin.api.test_roles import TABLE
from waypost.web.admin.api.mount import PREFIX, api_description

NEW = f"{PREFIX}/domains/new.example"
BODY: dict[str, Any] = {
    "provider": "Example Inc.",
    "services": [{"type": "imap", "host": "imap.example.com"}],
}
DOCTOR = ("POST", "/domains/example.com/doctor", None)  # It is not in the table.


@pytest.fixture(name="client", scope="module")
def _client(shared_api: Api) -> ApiClient:
    return shared_api.client()


@pytest.mark.parametrize("route", [row[:3] for row in TABLE] + [DOCTOR], ids=lambda one: one[1])
def test_unknown_parameter_of_each_url(
    shared_api: Api, client: ApiClient, route: tuple[str, str, Any]
) -> None:
    """Each URL refuses an unknown parameter with a problem that names it; without a token, 401."""
    method, url, body = route
    parameters = {"dryrun": "1"}
    answer = client.request(method, f"{PREFIX}{url}", json=body, params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert answer.headers["content-type"] == "application/problem+json"
    (error,) = answer.json()["errors"]
    assert error["path"] == "dryrun"
    assert error["message"].startswith("unknown parameter; ")
    without = shared_api.client(None).request(
        method, f"{PREFIX}{url}", json=body, params=parameters
    )
    assert without.status_code == 401


@cache
def _operations() -> list[tuple[str, dict[str, Any]]]:
    paths = api_description()["paths"]
    return [
        (f"{method.upper()} {path}", operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
    ]


def test_description() -> None:
    """Each operation describes the answer 400, and no parameter is a list."""
    for label, operation in _operations():
        assert "unknown" in operation["responses"]["400"]["description"], label
        schemas = [one["schema"] for one in operation.get("parameters", ())]
        assert "array" not in f"{schemas}", label


# query, the path of the error, the rule that is broken
REFUSED = [
    ("dryrun=1", "dryrun", "unknown parameter; did you mean dry_run?"),
    ("dry-run=1", "dry-run", "unknown parameter; did you mean dry_run?"),
    ("dryrun", "dryrun", "unknown parameter; did you mean dry_run?"),
    ("=1", "''", "unknown parameter; use one of dry_run, confirm"),
    ("limit=1", "limit", "unknown parameter; use one of dry_run, confirm"),
    ("%00=1", r"'\x00'", "unknown parameter; use one of dry_run, confirm"),
    (f"{'x' * 5000}=1", repr("x" * 100), "unknown parameter; use one of dry_run, confirm"),
    ("dry_run=1&dry_run=0", "dry_run", "must be given only once"),
    ("confirm=1&confirm=1", "confirm", "must be given only once"),
]


@pytest.mark.parametrize(("query", "path", "rule"), REFUSED, ids=lambda text: text[:20])
def test_refused_parameters(client: ApiClient, query: str, path: str, rule: str) -> None:
    """The answer names the parameter and the most similar known one; nothing has changed."""
    answer = client.put(f"{NEW}?{query}", json=BODY)
    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"path": path, "message": rule}]
    assert answer.json()["detail"] == f"{path}: {rule}"
    assert client.get(NEW).status_code == 404


def test_description_has_no_parameters(shared_api: Api) -> None:
    """The description refuses a parameter, too, with its problem document, and needs no token."""
    client, url = shared_api.client(None), f"{PREFIX}/openapi.json"
    answer = client.get(f"{url}?format=yaml")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    rule = "unknown parameter; this URL has no parameters"
    assert answer.json()["errors"] == [{"path": "format", "message": rule}]
    assert client.get(url).status_code == client.request("HEAD", url).status_code == 200


def test_many_unknown_parameters(client: ApiClient) -> None:
    """The answer names the first ten; a URL without any parameters says so."""
    query = "&".join(f"x{number}" for number in range(5000))
    answer = client.get(f"{PREFIX}/tokens?{query}")
    errors = answer.json()["errors"]
    assert [one["path"] for one in errors] == [f"x{number}" for number in range(10)]
    assert {one["message"] for one in errors} == {"unknown parameter; this URL has no parameters"}
