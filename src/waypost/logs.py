"""How Waypost writes its log: one line for one event, without personal data."""

import hashlib
import logging
import sys
from collections.abc import Iterable
from typing import Final, Literal, TextIO

import structlog

from waypost.address import EmailAddress
from waypost.redaction import redact_message

LogFormat = Literal["auto", "json", "console"]
_HASH_OCTETS: Final = 8


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
    target = stream if stream is not None else sys.stderr
    as_json = is_json(log_format, target)
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=True)
        if as_json
        else structlog.dev.ConsoleRenderer(colors=target.isatty())
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    common: list[structlog.types.Processor] = [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.add_log_level,
        structlog.processors.format_exc_info,
        _Redactor(secrets),
    ]
    structlog.configure(
        processors=[*common, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    # Libraries (uvicorn, SQLAlchemy with db_echo) write to the standard library's log.
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *common],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.INFO), force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def is_json(log_format: LogFormat, stream: TextIO | None = None) -> bool:
    """Return whether lines are written as JSON: `auto` means so except on a terminal."""
    target = stream if stream is not None else sys.stderr
    return log_format == "json" or (log_format == "auto" and not target.isatty())


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
        """Give 16 hexadecimal digits (or the address itself with `show`)."""
        text = str(address)
        if self._show:
            return text
        digest = hashlib.blake2b(text.encode(), key=self._key, digest_size=_HASH_OCTETS)
        return digest.hexdigest()
