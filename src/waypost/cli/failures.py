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

_DEFECT: Final = "error: this is a defect of Waypost; please report it with the lines above"
# An address alone, such as alice@example.com, is not a secret.
_LIKE_URI: Final = re.compile(r"://|:.*@", re.DOTALL)
# A password in one of these is masked by the code that reads it, and may be a common word.
_URI_OPTIONS: Final = ("--db-uri", "--from-uri")
_URI_VARIABLE: Final = "WAYPOST_DB_URI"
_VARIABLES: Final = ("WAYPOST_", "AUTOMX2_")


class _Shown(Protocol):
    exit_code: int

    def show(self, file: IO[Any] | None = None) -> None: ...


def usage_error() -> type[Exception]:
    """Return the base of all errors of the command line, which Typer does not export."""
    return cast("type[Exception]", typer.BadParameter.__bases__[0])


def misplaced_secrets(arguments: Sequence[str]) -> frozenset[str]:
    """Return possible secrets from arguments and variables that should not be a database URI.

    Args:
        arguments: of the command; environment variables are searched as well.
    """
    before = ["", *arguments]
    variables = (
        value
        for name, value in os.environ.items()
        if name.startswith(_VARIABLES) and name != _URI_VARIABLE
    )
    return _secrets(
        argument
        for option, argument in zip(before, arguments, strict=False)
        if option not in _URI_OPTIONS and not argument.startswith(_URI_OPTIONS)
    ) | _secrets(variables)


def explain_usage(error: Exception, arguments: Sequence[str]) -> int:
    """Write a usage error to standard error.

    Returns:
        The exit code.
    """
    shown, text = cast("_Shown", error), io.StringIO()
    shown.show(text)
    _note_lines(redact_message(text.getvalue(), _secrets(arguments)))
    return shown.exit_code


class Defects:
    """A report of an unexpected exception, instead of Python's traceback.

    Attributes:
        found: whether there was one.
    """

    def __init__(self, arguments: Sequence[str]) -> None:
        """Initialize with the arguments, which may contain secrets."""
        self.found = False
        self._arguments = arguments

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        """Write the traceback to standard error, without secrets."""
        if not isinstance(error, Exception):
            return False
        secrets = _secrets(self._arguments) | _secrets_of_settings()
        _note_lines(redact_message("".join(traceback.format_exception(error)), secrets))
        print_stderr(_DEFECT)
        self.found = True
        return True


def _note_lines(text: str) -> None:
    for line in text.rstrip("\n").split("\n"):
        print_stderr(line)


def _secrets(arguments: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    for argument in arguments:
        text = argument.partition("=")[2] if argument.startswith("--") else argument
        found |= secrets_of(text) if _LIKE_URI.search(text) else set()
    return frozenset(found)


def _secrets_of_settings() -> frozenset[str]:
    from waypost.settings import load_from_process, secret_texts  # noqa: PLC0415 -- after a defect

    try:
        return secret_texts(load_from_process({}).settings)
    except WaypostError:  # The settings are not needed to report the defect.
        return frozenset()
