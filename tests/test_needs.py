"""The marker `servers` is added to each test that can start or require a program."""

import functools
import subprocess
from collections.abc import Callable, Iterator

import pytest

from tests import needs
from tests.servers import database, waypost
from tests.servers.requirements import refuse, require


class Helper:
    """A class whose methods start a program."""

    @property
    def _program(self) -> object:
        return subprocess.Popen

    def start(self) -> object:
        return self._program


def _by_name() -> None:
    require(programs=["nginx"])


def _by_module() -> None:
    subprocess.Popen(["true"])


def _by_helper() -> object:
    return waypost.waypost


def _by_method() -> object:
    return Helper().start()


def _inside() -> Callable[[], None]:
    def inner() -> None:
        require(programs=["nginx"])

    return inner


def _short_command() -> None:
    subprocess.run(["true"], check=True)


def _plain() -> int:
    return len("nothing")


CASES = [
    # value, whether it can start a program
    (_by_name, True),
    (_by_module, True),
    (_by_helper, True),
    (_by_method, True),
    (_inside, True),
    (_inside(), True),
    (functools.partial(max, key=_by_name), True),
    ([("kind", _by_name)], True),
    ({"kind": _by_name}, True),
    (database.sqlite_database, True),
    (_short_command, False),
    (_plain, False),
    (["nginx"], False),
    (None, False),
]


@pytest.mark.parametrize(("value", "expected"), CASES)
def test_code_that_starts_a_program_is_found(value: object, expected: bool) -> None:
    """Code that starts a program next to a test is found by name, module, helper and container."""
    assert needs.reaches_a_start(value) is expected


@pytest.fixture(name="started")
def _started(request: pytest.FixtureRequest) -> Iterator[pytest.Item]:
    yield request.node
    require()


def test_fixture_marks_its_tests(started: pytest.Item) -> None:
    """A test whose fixture requires a program has the marker, without a line in the test."""
    assert started.get_closest_marker("servers") is not None


def test_other_tests_have_no_marker(request: pytest.FixtureRequest) -> None:
    """A test without such a fixture has no marker, so that `make check` runs it."""
    assert not needs.is_marked(request.node)


def test_unmarked_test_gets_no_program(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """A test that reaches a program in a way that is not found fails, and names the marker."""
    monkeypatch.setenv("CI", "")
    refuse(request.node.nodeid)
    with pytest.raises(pytest.fail.Exception, match=r"test_unmarked.*add @pytest.mark.servers"):
        globals()["require"](programs=["sh"])
