"""The log: one line for one event, in one form, for any logger."""

import io
import json
import logging
import os
from pathlib import Path
from typing import Literal

import pytest
import structlog

from waypost.core.address import EmailAddress
from waypost.runtime.logs import AddressHasher, configure

ALICE = EmailAddress.parse("alice@example.com")


def test_json_lines() -> None:
    """Waypost's own lines and those of libraries are JSON objects with the same keys."""
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger("waypost.test").info("request", status=200)
    logging.getLogger("uvicorn.error").info("Started %s", "server")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]

    assert [line["event"] for line in lines] == ["request", "Started server"]
    assert all({"timestamp", "level"} <= line.keys() for line in lines)


def test_auto_is_json_without_a_terminal() -> None:
    """Without a terminal a line is JSON."""
    stream = io.StringIO()
    configure("info", "auto", stream)
    structlog.get_logger("waypost.test").info("x")

    assert json.loads(stream.getvalue())["event"] == "x"


def test_console_is_for_people() -> None:
    """The console form is a line of text."""
    stream = io.StringIO()
    configure("info", "console", stream)
    structlog.get_logger("waypost.test").info("settings read", file="x.toml")

    assert "settings read" in stream.getvalue()
    assert "x.toml" in stream.getvalue()


@pytest.mark.parametrize(("level", "shown"), [("debug", 3), ("info", 2), ("WARNING", 1)])
def test_threshold(level: str, shown: int) -> None:
    """A line below the level is not written."""
    stream = io.StringIO()
    configure(level, "json", stream)
    log = structlog.get_logger("waypost.test")
    log.debug("a")
    log.info("b")
    log.warning("c")

    assert len(stream.getvalue().splitlines()) == shown


def test_line_ends_do_not_forge_lines() -> None:
    """A line end in a value does not begin a new line."""
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger("waypost.test").info("request", path="/a\n{}\u2028b")

    assert len(stream.getvalue().splitlines()) == 1


def test_hash() -> None:
    """The hash depends on key and address, and does not show the address."""
    first, other = AddressHasher("key 1"), AddressHasher("key 2")

    assert first("alice@example.com") == first("alice@example.com")
    assert (
        len({first("alice@example.com"), other("alice@example.com"), first("bob@example.com")}) == 3
    )
    assert "alice" not in first("alice@example.com")
    assert AddressHasher("key 1", show=True)("alice@example.com") == "alice@example.com"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_priorities_of_the_journal(
    log_format: Literal["json", "console"], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """If journald reads the stream, each line has its priority; a traceback has it in each line."""
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
        configure("debug", log_format, stream)
        log = structlog.get_logger("waypost.test")
        for level in ("debug", "info", "warning", "error", "critical"):
            getattr(log, level)("x")
        logging.getLogger("uvicorn.error").warning("y")
        log.error("failed", exc_info=ValueError("z"))
        stream.flush()
        lines = (tmp_path / "journal").read_text(encoding="utf-8").splitlines()
    assert [line[:3] for line in lines[:6]] == ["<7>", "<6>", "<4>", "<3>", "<2>", "<4>"]
    assert {line[:3] for line in lines[6:]} == {"<3>"}


@pytest.mark.parametrize("variable", ["", "1:2", "x", ":"])
def test_no_priorities_elsewhere(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that journald does not read has no priorities."""
    monkeypatch.setenv("JOURNAL_STREAM", variable)
    stream = io.StringIO()
    configure("info", "json", stream)
    structlog.get_logger("waypost.test").info("x")
    assert stream.getvalue().startswith("{")
