"""Each code of the API has a text for `waypost explain`, with the status of its answers."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source import PACKAGE
from waypost.core.errors import (
    AdminError,
    ConfirmationNeeded,
    InvalidObject,
    ProblemsError,
    RemovalRefused,
    StoreReadOnly,
    VersionConflict,
    WaypostError,
)
from waypost.diagnostics.api_codes import API_CODES
from waypost.web.admin.api.problems import error_response

API = PACKAGE / "web" / "admin" / "api"
STATUSES = {code.code: code.status for code in API_CODES}
ERRORS: dict[type[WaypostError], Callable[[], WaypostError]] = {
    VersionConflict: lambda: VersionConflict("x", None, None),
    StoreReadOnly: lambda: StoreReadOnly("x", None),
    ConfirmationNeeded: lambda: ConfirmationNeeded("x", (), 0),
    InvalidObject: lambda: InvalidObject([("", "x")]),
    RemovalRefused: lambda: RemovalRefused("x", 1),
}
# Errors of requests by mail clients and of commands.
OTHERS = {"error", "removal_refused", "parameter_missing", "unknown_protocol", "unknown_schema"}
OTHERS |= {"bad_profile", "fetch_failed", "downgrade_refused"}
# Errors of people who sign in or open a link on the page for users.
OTHERS |= {"app_password_failed", "link_busy", "link_invalid"}
OTHERS |= {"sign_in_limited", "sign_in_refused", "sign_in_unavailable"}


def _kinds(kind: type[WaypostError]) -> Iterator[type[WaypostError]]:
    yield kind
    for each in kind.__subclasses__():
        if each.__module__.startswith("waypost."):
            yield from _kinds(each)


# Of classes with the same code, the most general one.
KINDS: dict[str, Any] = {one.code: one for one in reversed([*_kinds(WaypostError)])}
# `code: status` in the sources of the API, such as ApiError(401, "unauthorized", ...
WRITTEN = re.compile(r'(?:ApiError|problem_response)\(\s*(\d{3}), "([a-z_]+)"')


def test_admin_errors() -> None:
    """Every error of administration, and every other error that the API may answer with."""
    admin_errors = {code for code, kind in KINDS.items() if issubclass(kind, AdminError)}
    assert admin_errors | {InvalidObject.code} <= STATUSES.keys()
    assert KINDS.keys() - OTHERS <= STATUSES.keys()


@pytest.mark.parametrize("code", sorted(KINDS.keys() & STATUSES.keys() - {"bad_request"}))
def test_statuses_of_errors(code: str) -> None:
    """The status in the text is the one of the answer."""
    kind = KINDS[code]
    make = ERRORS.get(kind)
    if make is None and issubclass(kind, ProblemsError):
        error: WaypostError = kind(["x"])
    elif make is None and code == "moved":
        error = KINDS[code]("x", None, None)
    elif make is None and code == "too_large":
        return  # The test of the sources has its status.
    else:
        error = kind("x") if make is None else make()
    assert error_response(error).status_code == STATUSES[code]


@pytest.mark.parametrize("path", sorted(API.glob("*.py")), ids=lambda path: path.stem)
def test_statuses_in_the_sources(path: Path) -> None:
    """Each code that a module of the API writes has its text, with the same status."""
    for status, code in WRITTEN.findall(path.read_text(encoding="utf-8")):
        assert STATUSES.get(code) == int(status), code
