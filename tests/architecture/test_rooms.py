"""The check that the tests of its folder run each module."""

import pytest

from tests.architecture import rooms
from tests.architecture.source import PACKAGE

NEAR = [
    # module, test, whether the test is in the folder of the module's tests
    ("formats/pacc/document.py", "tests/formats/test_pacc.py", True),
    ("formats/dns/records.py", "tests/formats/test_dns.py", True),
    ("web/public/app.py", "tests/web/public/test_landing_page.py", True),
    ("asgi.py", "tests/test_asgi.py", True),
    ("api.py", "tests/api/test_golden.py", True),
    ("asgi.py", "tests/api/test_golden.py", False),
    ("formats/pacc/document.py", "tests/store/test_pinned_pacc.py", False),
    ("formats/pacc/document.py", "tests/formats_of_others/test_pacc.py", False),
    ("formats/pacc/document.py", "tests/test_documents.py", False),
    ("asgi.py", "tests/web/test_connection.py", False),
]
FINDINGS = [
    # tests that run each module, exceptions, findings
    ({"web/app.py": ["tests/web/test_app.py", "tests/test_logs.py"]}, {}, []),
    ({"web/app.py": ["tests/test_logs.py"]}, {}, ["web/app.py: no test in tests/web/ runs it"]),
    ({"web/app.py": []}, {"web/app.py": "runs in another process"}, []),
    ({"a.py": ["tests/test_a.py"]}, {"a.py": "none"}, ["a.py: needs no exception"]),
    ({}, {"gone.py": "none"}, ["gone.py: needs no exception"]),
]


@pytest.mark.parametrize(("module", "test", "expected"), NEAR)
def test_folder_of_a_module(module: str, test: str, expected: bool) -> None:
    """A test counts for the modules of its folder only."""
    assert rooms.is_near(module, test) is expected


@pytest.mark.parametrize(("tests", "exceptions", "expected"), FINDINGS)
def test_what_is_found(
    tests: dict[str, list[str]], exceptions: dict[str, str], expected: list[str]
) -> None:
    """A module without a test of its folder is found, and so is a needless exception."""
    assert rooms.findings(tests, exceptions) == expected


def test_exceptions_are_modules() -> None:
    """Each exception is a module with functions, so that none stays after the module is renamed."""
    assert set(rooms.EXCEPTIONS) <= set(rooms.functional())


def test_modules_of_declarations_are_left_out() -> None:
    """A module without functions is only loaded, and not in the check."""
    found = rooms.functional()
    assert "core/address.py" in found
    assert "__main__.py" not in found
    assert len(found) < len(list(PACKAGE.rglob("*.py")))
