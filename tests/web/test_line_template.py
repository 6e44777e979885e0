"""A line of the log that is rendered once is the line that structlog renders each time."""

import re
from datetime import UTC, datetime

import pytest
import structlog

from tests.web.in_process import Listener
from waypost.runtime.logs import LogFormat
from waypost.web.line_template import current_timestamp, line_template

VALUES = {"host": "a.5f0c3b9e7d1a4286", "ms": 987654321.125}


@pytest.mark.parametrize("path", ["/", '/"host": "b"', "/100%/%(host)s", "/ü\n\x7f", "/987654321"])
def test_lines(path: str) -> None:
    """The other fields of a line may have any text."""
    with Listener() as listener:
        template = line_template({"path": path, **VALUES, "event": "asked"}, VALUES)
        assert template is not None
        structlog.get_logger().info("asked", path=path, host="b.example", ms=0.25)
        places = {"timestamp": current_timestamp(), "host": "b.example", "ms": 0.25}
        listener.log_writer.write(template % places)
        usual, own = listener.raw_lines
        assert own == usual


@pytest.mark.parametrize(
    ("log_format", "secrets"), [("console", []), ("json", ["5f0c3b9e"]), ("json", ["a"])]
)
def test_lines_that_are_rendered_each_time(log_format: LogFormat, secrets: list[str]) -> None:
    """Lines that are not JSON, or with a secret in one of the values, have no template."""
    with Listener(secrets, log_format=log_format):
        assert line_template({**VALUES, "event": "asked"}, VALUES) is None


def test_timestamp() -> None:
    """The time is the current one, in UTC, in the form of structlog."""
    before = datetime.now(UTC)
    text = current_timestamp()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", text)
    assert before <= datetime.fromisoformat(text) <= datetime.now(UTC)
