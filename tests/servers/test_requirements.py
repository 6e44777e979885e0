"""A test that cannot run says so, and where CI=true it fails."""

from pathlib import Path

import pytest

from tests.servers.requirements import require


def test_what_is_there_is_no_reason_to_skip() -> None:
    """A program that is there lets the test go on."""
    require(programs=["sh"])


def test_a_missing_program_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CI, a missing program skips the test, by its name."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs the program no-such-program"):
        require(programs=["sh", "no-such-program"])


def test_a_missing_file_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that is no program is asked for by its file."""
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs the file /no/such/file"):
        require(files=[Path("/"), Path("/no/such/file")])


def test_missing_rights_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that needs root is skipped for another user, and runs for root."""
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception, match="needs the rights of root"):
        require(root=True)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    require(root=True)


def test_a_missing_program_fails_where_ci_is_true(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI=true, the same is a failure."""
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="needs the program no-such-program"):
        require(programs=["no-such-program"])
