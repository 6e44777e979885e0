"""How Waypost writes its log: one line for one event, without personal data."""

import hashlib
import json
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal, TextIO, cast

import structlog

from waypost.address import EmailAddress
from waypost.characters import escaped
from waypost.log_writer import LogWriter
from waypost.redaction import redact_message
from waypost.standard_error import StandardError

LogFormat = Literal["auto", "json", "console"]
_HASH_BYTES: Final = 8
_DROPPED: Final = "lines of the log were dropped, because it could not be written; answers went on"
_FIX: Final = "see that what reads standard error keeps up, and that its disk has room"
# Texts of several lines, which follow below.
_TRACES: Final = ("exception", "stack")
_PLAIN: Final = (int, float, bool, type(None))


def configure(
    level: str,
    log_format: LogFormat,
    stream: TextIO | None = None,
    secrets: Iterable[str] = (),
) -> None:
    """Set up the log of this process. Called once, by the command line.

    Args:
        level: a name of `logging`: DEBUG, INFO, WARNING, ERROR or CRITICAL, in any case.
        log_format: `json` for machines, `console` for people, `auto` for console on a terminal.
        stream: where lines go; standard error by default, as systemd and containers expect.
        secrets: texts that are masked wherever a line, or a traceback in it, has them.
    """
    target: TextIO | LogWriter = stream if stream is not None else sys.stderr
    if isinstance(target, StandardError):
        target = target.writer  # Its `flush` does not wait for each line.
    as_json = is_json(log_format, target)
    threshold = logging.getLevelNamesMapping()[level.upper()]
    common: list[structlog.types.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _Redactor(secrets),
    ]
    rendering = _json_rendering() if as_json else _console_rendering(colors=target.isatty())
    structlog.configure(
        processors=[*common, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", target)),
        cache_logger_on_first_use=False,
    )
    # Libraries (uvicorn, SQLAlchemy with db_echo) write to the standard library's log.
    handler = logging.StreamHandler(cast("TextIO", target))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.INFO), force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if isinstance(target, LogWriter):
        target.notice = _Notice([*common, *rendering])


def is_json(log_format: LogFormat, stream: TextIO | LogWriter | None = None) -> bool:
    """Return whether lines are written as JSON: `auto` means so except on a terminal."""
    target = stream if stream is not None else sys.stderr
    return log_format == "json" or (log_format == "auto" and not target.isatty())


def _json_rendering() -> list[structlog.types.Processor]:
    def written(event: object, default: Callable[[object], object]) -> str:
        # RFC 8259 s7 lets DEL stand in a string as it is, and `json` escapes all others.
        return json.dumps(event, default=default, ensure_ascii=True).replace("\x7f", "\\u007f")

    return [structlog.processors.JSONRenderer(serializer=written)]


def _console_rendering(*, colors: bool) -> list[structlog.types.Processor]:
    return [_escape, structlog.dev.ConsoleRenderer(colors=colors)]


def _escape(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    """Return a line that a terminal shows and does not obey; no text in it begins another line."""
    return {escaped(name): _escaped(name, value) for name, value in event.items()}


def _escaped(name: str, value: object) -> object:
    if isinstance(value, _PLAIN):
        return value
    text = value if isinstance(value, str) else repr(value)
    if name in _TRACES:
        return "\n".join(f"  {escaped(line)}" for line in text.split("\n"))
    return escaped(text)


class _Notice:
    """Makes the line that says how many lines are missing."""

    def __init__(self, processors: Iterable[structlog.types.Processor]) -> None:
        """Take what makes a line of the log from an event."""
        self._processors = tuple(processors)

    def __call__(self, lines: int, reason: str) -> str:
        """Return the line with its end."""
        event: Any = {"event": _DROPPED, "lines": lines, "reason": reason, "fix": _FIX}
        for processor in self._processors:
            event = processor(None, "warning", event)
        return f"{event}\n"


class _Redactor:
    """Masks secrets in each value of a line."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secrets)

    def __call__(
        self, _logger: object, _method: str, event: structlog.types.EventDict
    ) -> structlog.types.EventDict:
        """Return the line as it may be written."""
        if not self._secrets:
            return event
        return {name: self._masked(value) for name, value in event.items()}

    def _masked(self, value: object) -> object:
        if isinstance(value, str):
            return redact_message(value, self._secrets)
        if isinstance(value, list | tuple):
            return [self._masked(one) for one in value]
        return value


class AddressHasher:
    """Turns an address into a short text that is the same for the same address and key.

    The operator can follow one user through the log; who reads the log without the key cannot
    tell who it is, nor try out addresses.
    """

    def __init__(self, key: str, *, show: bool = False) -> None:
        """Take the key, any text; with `show`, addresses stay as they are."""
        self._key = hashlib.blake2b(key.encode(), digest_size=32).digest()
        self._show = show

    def __call__(self, address: EmailAddress) -> str:
        """Return 16 hexadecimal digits (or the address itself with `show`)."""
        text = str(address)
        if self._show:
            return text
        digest = hashlib.blake2b(text.encode(), key=self._key, digest_size=_HASH_BYTES)
        return digest.hexdigest()
