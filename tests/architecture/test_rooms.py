"""The check that a test in the same folder of `tests/` runs each module."""

import pytest

from tests.architecture import rooms
from tests.architecture.source import PACKAGE

NEAR = [
    # module, test, whether the test is in the folder of the module's tests
    ("formats/pacc.py", "tests/formats/test_pacc.py", True),
    ("formats/dns/records.py", "tests/formats/test_dns.py", True),
    ("web/public/app.py", "tests/web/public/test_root.py", True),
    ("logs.py", "tests/test_logs.py", True),
    ("formats/pacc.py", "tests/store/test_pinned_pacc.py", False),
    ("formats/pacc.py", "tests/formats_of_others/test_pacc.py", False),
    ("formats/pacc.py", "tests/test_documents.py", False),
    ("logs.py", "tests/web/test_connection.py", False),
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
    """A test counts only for the modules of the same folder."""
    assert rooms.is_near(module, test) is expected


@pytest.mark.parametrize(("tests", "exceptions", "expected"), FINDINGS)
def test_what_is_found(
    tests: dict[str, list[str]], exceptions: dict[str, str], expected: list[str]
) -> None:
    """A module without a test in its folder is found, and so is a needless exception."""
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
