"""The log line of a request whether there may be a certificate."""

import logging
from collections.abc import Iterable
from typing import Final

import structlog

from waypost.web.line_template import LineWriter, current_timestamp, line_template, secret_pattern

# A value that no other field has.
_HOST: Final = "host.5f0c3b9e7d1a4286"


class CertificateLog:
    """A writer of these lines, which renders only the first line of each result with structlog.

    A TLS handshake waits for the answer, and structlog takes longer than all the rest of it.
    """

    def __init__(self, writer: LineWriter | None = None, secrets: Iterable[str] = ()) -> None:
        """Initialize the log. It must be configured.

        Args:
            writer: writes a line that is already rendered; None to render every line.
            secrets: the texts that the log masks.
        """
        self._writer = writer
        self._secret = secret_pattern(secrets)
        self._templates: dict[tuple[int, str], str | None] = {}
        # Bound once; otherwise structlog creates a logger for each line.
        self._log = structlog.get_logger("waypost.certificate").bind()

    def write(self, host: str, status: int, reason: str) -> None:
        """Write the line of one request.

        Args:
            host: the requested name, as `log_texts.host_for_log` returns it: nothing in it must be
                escaped.
            status: the status of the answer.
            reason: of this status, from a short list.
        """
        if not self._log.is_enabled_for(logging.INFO):
            return
        # structlog masks a secret in the host.
        if self._writer is not None and self._secret.search(host) is None:
            template = self._template(status, reason)
            if template is not None:
                self._writer.write(template % {"timestamp": current_timestamp(), "host": host})
                return
        self._log.info("certificate", **_fields(host, status, reason))

    def _template(self, status: int, reason: str) -> str | None:
        key = (status, reason)
        if key not in self._templates:
            event = {**_fields(_HOST, status, reason), "event": "certificate"}
            self._templates[key] = line_template(event, {"host": _HOST})
        return self._templates[key]


def _fields(host: str, status: int, reason: str) -> dict[str, object]:
    return {"host": host, "status": status, "reason": reason}
