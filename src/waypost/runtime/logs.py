"""Waypost's log: one line for one event, without personal data."""

import hashlib
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, TextIO, cast

import structlog

from waypost.core.redaction import redact_patterns, secret_patterns
from waypost.core.text_rules import escaped
from waypost.runtime.log_writer import LogWriter
from waypost.runtime.standard_error import StandardError

LogFormat = Literal["auto", "json", "console"]
_HASH_BYTES: Final = 8
_DROPPED: Final = "log lines dropped because they could not be written; requests were answered"
_FIX: Final = "check that the reader of standard error keeps up, and that its disk has space"
# Texts of several lines, which are printed after the line.
_TRACES: Final = ("exception", "stack")
# The severities of syslog(3), by the levels of the log.
_PRIORITIES: Final = {
    "critical": 2,
    "error": 3,
    "exception": 3,
    "warning": 4,
    "info": 6,
    "debug": 7,
}
_PLAIN: Final = (int, float, bool, type(None))


def configure(
    level: str,
    log_format: LogFormat,
    stream: TextIO | None = None,
    secrets: Iterable[str] = (),
    *,
    configure_stdlib_log: bool = True,
) -> None:
    """Configure the log of this process. The command line calls this once.

    Args:
        level: a name of `logging`: DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case.
        log_format: `json` for programs, `console` for people, `auto` for console on a terminal.
        stream: the output; standard error by default, as systemd and containers expect.
        secrets: texts that are masked in each line and traceback.
        configure_stdlib_log: whether the log of the standard library is configured too; False if
            Waypost is a part of another program.
    """
    target: TextIO | LogWriter = stream if stream is not None else sys.stderr
    if isinstance(target, StandardError):
        target = target.writer  # Its `flush` does not wait for each line.
    as_json = is_json(log_format, target)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared_processors: list[structlog.types.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _Redactor(secrets),
    ]
    renderers = _json_rendering() if as_json else _console_rendering(colors=target.isatty())
    if is_journal(target):
        renderers = [*renderers[:-1], _Prioritized(renderers[-1])]
    structlog.configure(
        processors=[*shared_processors, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", target)),
        cache_logger_on_first_use=False,
    )
    if configure_stdlib_log:
        _configure_stdlib_log(target, threshold, shared_processors, renderers)
    if isinstance(target, LogWriter):
        target.notice = _Notice([*shared_processors, *renderers])


def _configure_stdlib_log(
    target: TextIO | LogWriter,
    threshold: int,
    shared_processors: list[structlog.types.Processor],
    renderers: list[structlog.types.Processor],
) -> None:
    """Write the log of libraries (uvicorn, SQLAlchemy with db_echo) in the same form."""
    handler = logging.StreamHandler(cast("TextIO", target))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared_processors],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.INFO), force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def is_json(log_format: LogFormat, stream: TextIO | LogWriter | None = None) -> bool:
    """Return whether lines are written as JSON: `auto` means JSON except on a terminal."""
    target = stream if stream is not None else sys.stderr
    return log_format == "json" or (log_format == "auto" and not target.isatty())


def _json_rendering() -> list[structlog.types.Processor]:
    def dump_json(event: object, default: Callable[[object], object]) -> str:
        # RFC 8259 s7 allows DEL unescaped in a string; `json` escapes all other control characters.
        return json.dumps(event, default=default, ensure_ascii=True).replace("\x7f", "\\u007f")

    return [structlog.processors.JSONRenderer(serializer=dump_json)]


def _console_rendering(*, colors: bool) -> list[structlog.types.Processor]:
    # structlog 25.1 warns if an exception is a text already and this formatter is another one.
    plain = structlog.dev.plain_traceback
    return [_escape, structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=plain)]


def _escape(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Return a line without control characters for a terminal; no text in it starts a new line."""
    return {escaped(name): _escape_value(name, value) for name, value in event.items()}


def _escape_value(name: str, value: object) -> object:
    if isinstance(value, _PLAIN):
        return value
    text = value if isinstance(value, str) else repr(value)
    if name in _TRACES:
        return "\n".join(f"  {escaped(line)}" for line in text.split("\n"))
    return escaped(text)


def is_journal(stream: TextIO | LogWriter) -> bool:
    """Return whether journald reads a stream (systemd.exec(5), `$JOURNAL_STREAM`)."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # It is in memory, or closed.
        return False
    return (device, inode) == (f"{status.st_dev}", f"{status.st_ino}")


class _Prioritized:
    """A renderer that puts journald's priority in front of each line (sd-daemon(3))."""

    def __init__(self, renderer: structlog.types.Processor) -> None:
        """Initialize with the renderer of the line."""
        self._renderer = renderer

    def __call__(self, logger: object, method: str, event: structlog.types.EventDict) -> str:
        """Return the line, or several, each with the priority."""
        priority = _PRIORITIES.get(str(event.get("level")), 6)
        text = str(self._renderer(logger, method, event))
        return "\n".join(f"<{priority}>{line}" for line in text.split("\n"))


class _Notice:
    """Builds the line that reports how many lines were dropped."""

    def __init__(self, processors: Iterable[structlog.types.Processor]) -> None:
        """Initialize with the processors that turn an event into a log line."""
        self._processors = tuple(processors)

    def __call__(self, lines: int, reason: str) -> str:
        """Return the line with its line end."""
        event: Any = {"event": _DROPPED, "lines": lines, "reason": reason, "fix": _FIX}
        for processor in self._processors:
            event = processor(None, "warning", event)
        return f"{event}\n"


class _Redactor:
    """A processor that masks secrets in each value of a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._patterns = secret_patterns(secrets)

    def __call__(
        self, _logger: object, _method: str, event: structlog.types.EventDict
    ) -> structlog.types.EventDict:
        """Return the line without secrets."""
        if not self._patterns:
            return event
        return {name: self._redact(value) for name, value in event.items()}

    def _redact(self, value: object) -> object:
        if isinstance(value, str):
            return redact_patterns(value, self._patterns)
        if isinstance(value, list | tuple):
            return [self._redact(item) for item in value]
        return value


class AddressHasher:
    """A keyed hash of addresses: the same short text for the same address and key.

    The operator can follow one user through the log. A reader of the log without the key can
    neither identify the user nor try out addresses.

    Attributes:
        shows: whether addresses are not hashed.
    """

    def __init__(self, key: str, *, show: bool = False) -> None:
        """Initialize with the key, any text; with `show`, addresses are not hashed."""
        self._key = hashlib.blake2b(key.encode(), digest_size=32).digest()
        self.shows = show
        self._hash = hashlib.blake2b(key=self._key, digest_size=_HASH_BYTES)

    def __call__(self, address: str) -> str:
        """Return 16 hexadecimal digits for an address (or the address itself with `show`)."""
        if self.shows:
            return address
        digest = self._hash.copy()
        digest.update(address.encode())
        return digest.hexdigest()
