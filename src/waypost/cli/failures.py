"""Reports of usage errors and defects, without secrets.

A usage error repeats the argument, and a traceback repeats messages of libraries. Both may contain
the password of a URI that was given in the wrong place.
"""

import io
import os
import re
import traceback
from collections.abc import Iterable, Sequence
from typing import IO, Any, Final, Protocol, Self, cast

import typer

from waypost.cli.output import print_stderr
from waypost.core.errors import WaypostError
from waypost.core.redaction import redact_message, secrets_of

_DEFECT_MESSAGE: Final = "error: this is a defect of Waypost; please report it with the lines above"
# An address alone, such as alice@example.com, is not a secret.
_URI_PATTERN: Final = re.compile(r"://|:.*@", re.DOTALL)
# A password in one of these is masked by the code that reads it, and may be a common word.
_URI_OPTIONS: Final = ("--db-uri", "--db-read-uri", "--from-uri")
_URI_VARIABLES: Final = frozenset({"WAYPOST_DB_URI", "WAYPOST_DB_READ_URI"})
# KEY=VALUE, such as url=https://...; the key is not a secret.
_ASSIGNMENT: Final = re.compile(r"[a-z_]+=")
_VARIABLES: Final = ("WAYPOST_", "AUTOMX2_")


class _UsageError(Protocol):
    exit_code: int

    def show(self, file: IO[Any] | None = None) -> None: ...


def usage_error_type() -> type[Exception]:
    """Return the base of all errors of the command line, which Typer does not export."""
    return cast("type[Exception]", typer.BadParameter.__bases__[0])


def misplaced_secrets(arguments: Sequence[str]) -> frozenset[str]:
    """Return possible secrets from arguments and variables that should not be a database URI.

    Args:
        arguments: of the command; environment variables are searched as well.
    """
    previous = ["", *arguments]
    variables = (
        value
        for name, value in os.environ.items()
        if name.startswith(_VARIABLES) and name not in _URI_VARIABLES
    )
    return _secrets_in(
        argument
        for option, argument in zip(previous, arguments, strict=False)
        if option not in _URI_OPTIONS and not argument.startswith(_URI_OPTIONS)
    ) | _secrets_in(variables)


def report_usage_error(error: Exception, arguments: Sequence[str]) -> int:
    """Write a usage error to standard error.

    Returns:
        The exit code.
    """
    usage_error, text = cast("_UsageError", error), io.StringIO()
    usage_error.show(text)
    _print_stderr_lines(redact_message(text.getvalue(), _secrets_in(arguments)))
    return usage_error.exit_code


class DefectReporter:
    """A report of an unexpected exception, instead of Python's traceback.

    Attributes:
        has_defect: whether there was one.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """Initialize with the arguments, which may contain secrets."""
        self.has_defect = False
        self._arguments = arguments

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback_object: object,
    ) -> bool:
        """Write the traceback to standard error, without secrets."""
        if not isinstance(error, Exception):
            return False
        secrets = _secrets_in(self._arguments) | _secrets_of_settings()
        _print_stderr_lines(redact_message("".join(traceback.format_exception(error)), secrets))
        print_stderr(_DEFECT_MESSAGE)
        self.has_defect = True
        return True


def _print_stderr_lines(text: str) -> None:
    for line in text.rstrip("\n").split("\n"):
        print_stderr(line)


def _secrets_in(arguments: Iterable[str]) -> frozenset[str]:
    secrets: set[str] = set()
    for argument in arguments:
        is_assignment = argument.startswith("--") or _ASSIGNMENT.match(argument)
        text = argument.partition("=")[2] if is_assignment else argument
        secrets |= secrets_of(text) if _URI_PATTERN.search(text) else set()
    return frozenset(secrets)


def _secrets_of_settings() -> frozenset[str]:
    from waypost.settings import load_from_process, secret_texts  # noqa: PLC0415 -- after a defect

    try:
        return secret_texts(load_from_process({}).settings)
    except WaypostError:  # The settings are not needed to report the defect.
        return frozenset()
