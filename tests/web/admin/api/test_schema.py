"""Whatever is sent, the API answers as its description says, for every role (schemathesis)."""

from functools import cache
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.web.admin.api.api_client import COMMAND, Api
from tests.web.admin.api.test_roles import ROLES
from waypost.web.admin.api.mount import api_description
from waypost.web.public.request import Receive, Scope, Send

pytestmark = pytest.mark.slow

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 12
# This URL asks real servers.
LEFT_OUT = "/api/v1/domains/{name}/doctor"


@cache
def _operations() -> dict[str, Any]:
    schema = schemathesis.openapi.from_dict(api_description())
    found = (result.ok() for result in schema.get_all_operations() if isinstance(result, Ok))
    return {
        f"{one.method.upper()} {one.path}": one
        for one in found
        if one.path.startswith("/api/v1/") and one.path != LEFT_OUT
    }


class FromLoopback:
    """An application whose requests come from a program on this machine."""

    def __init__(self, api: Api) -> None:
        self._app = api.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["client"] = ("127.0.0.1", 4000)
        await self._app(scope, receive, send)


@pytest.fixture(name="headers", scope="module")
def _headers(shared_api: Api) -> list[dict[str, str]]:
    """Return the header fields of each role."""
    found: list[dict[str, str]] = []
    for scope in ROLES.values():
        if scope is None:
            found.append({})
        else:
            secret, _ = shared_api.tokens.create("schema", scope, by=COMMAND)
            found.append({"authorization": f"Bearer {secret}"})
    return found


@pytest.mark.parametrize("label", _operations())
def test_operation(shared_api: Api, headers: list[dict[str, str]], label: str) -> None:
    """Each answer has a described status, media type and schema; none is a defect of Waypost."""
    operation = _operations()[label]
    app = FromLoopback(shared_api)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), role=st.sampled_from(headers))
    def check(case: Any, role: dict[str, str]) -> None:
        response = case.call(base_url="http://127.0.0.1", app=app, headers=role)
        if response.status_code != 429:
            case.validate_response(response, checks=CHECKS)

    check()
