"""The sources of values: a file, the environment, flags."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Final

from waypost.parsing.bounded_toml import TomlError, parse_toml
from waypost.settings.option import Option

PROBLEMS_MAX: Final = 100
# These are no options: the path of the settings file, and the token of a command with --url.
_OTHERS: Final = frozenset({"WAYPOST_CONFIG", "WAYPOST_TOKEN"})


class SourceKind(StrEnum):
    """The kinds of sources, in order of precedence."""

    FLAG = "flag"
    ENVIRONMENT = "environment"
    CREDENTIAL = "credential"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a value.

    `location` is `--port`, `WAYPOST_PORT`, `/run/credentials/waypost.service/log_key`,
    `/etc/waypost/waypost.toml:3` or `default`.
    """

    kind: SourceKind
    location: str

    def __str__(self) -> str:
        return self.location


@dataclass(frozen=True, slots=True)
class RawValue:
    """A value from a source, before it is checked.

    `typed` means that the source has its own types (TOML), so that `port = "1"` is a mistake.
    A path in the value is relative to `folder`.
    """

    value: object
    source: Source
    folder: Path
    typed: bool = False


@dataclass(slots=True)
class SourceContent:
    """The content of one source: its options, its mistakes and its warnings."""

    values: dict[str, RawValue] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def suggest_name(name: str, names: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: the most similar known name."""
    close = get_close_matches(name, list(names), n=1)
    return f"; did you mean {close[0]}?" if close else "; `waypost config sample` lists all options"


def from_environment(
    table: Iterable[Option], environ: Mapping[str, str], cwd: Path
) -> SourceContent:
    """Read the variables `WAYPOST_...`; an empty variable counts as not set."""
    content = SourceContent()
    known = {option.variable: option for option in table}
    for variable, text in sorted(environ.items()):
        if not variable.startswith("WAYPOST_") or variable in _OTHERS or not text.strip():
            continue
        if _is_set_by_kubernetes(variable, text):
            continue
        if (option := known.get(variable)) is None:
            content.problems.append(f"{variable}: not an option{suggest_name(variable, known)}")
            continue
        source = Source(SourceKind.ENVIRONMENT, variable)
        content.values[option.name] = RawValue(value_of_text(option, text), source, cwd)
    for option in known.values():
        _from_automx2(option, environ, cwd, content)
    return content


def value_of_text(option: Option, text: str) -> object:
    """Return the value of an option from a source that has texts alone; a list has commas."""
    return re.split(r"[\s,]+", text.strip(" ,\r\n")) if option.kind is list else text.strip()


def _from_automx2(
    option: Option, environ: Mapping[str, str], cwd: Path, content: SourceContent
) -> None:
    """Read the variable of automx2 for an option; automx2 ignores other values too."""
    variable = option.info.automx2_variable
    text = environ.get(variable, "").strip() if variable else ""
    if not text or option.name in content.values:
        return
    if text not in option.choices:
        content.warnings.append(f"{variable}: is not {' or '.join(option.choices)}; ignored")
        return
    content.values[option.name] = RawValue(text, Source(SourceKind.ENVIRONMENT, variable), cwd)


def _is_set_by_kubernetes(variable: str, text: str) -> bool:
    # For a service named `waypost`, Kubernetes sets in every container of its namespace
    # WAYPOST_SERVICE_HOST, WAYPOST_PORT=tcp://..., WAYPOST_PORT_4243_TCP_ADDR and others.
    # For a service named `waypost-admin`, they begin with WAYPOST_ADMIN_; for `waypost-monitor`
    # with WAYPOST_MONITOR_.
    match = re.match(
        r"WAYPOST_((ADMIN|MONITOR)_)?(SERVICE_(HOST|PORT)|PORT_[0-9]+_(TCP|UDP|SCTP))", variable
    )
    port = variable in {"WAYPOST_PORT", "WAYPOST_ADMIN_PORT", "WAYPOST_MONITOR_PORT"}
    return match is not None or (port and "://" in text)


def from_flags(table: Iterable[Option], flags: Mapping[str, object], cwd: Path) -> SourceContent:
    """Read the flags of the command line; None is a flag that was not given."""
    content = SourceContent()
    known = {option.name: option for option in table}
    for name, value in flags.items():
        if value is None or (isinstance(value, list | tuple) and not value):
            continue
        if (option := known.get(name)) is None:
            content.problems.append(f"--{name}: not an option{suggest_name(name, known)}")
            continue
        content.values[name] = RawValue(value, Source(SourceKind.FLAG, option.flag), cwd)
    return content


def from_toml(table: Iterable[Option], path: Path, text: str) -> SourceContent:
    """Read Waypost's own file: its keys at the top level are the names of options."""
    content = SourceContent()
    try:
        toml = parse_toml(text)
    except TomlError as error:
        content.problems.append(f"{path}:{error.line}: not TOML: {error.reason}")
        return content
    known = {option.name: option for option in table}
    for name, value in toml.data.items():
        if len(content.problems) == PROBLEMS_MAX:
            content.problems.append(f"{path}: there are more mistakes like these")
            break
        location = f"{path}:{toml.lines.get(name, 1)}"
        if name in known:
            source = Source(SourceKind.FILE, location)
            content.values[name] = RawValue(value, source, path.parent, typed=True)
        elif isinstance(value, dict):
            content.problems.append(
                f"{location}: {name[:100]} is a table; options must be at the top level"
            )
        else:
            rule = f"{name[:100]} is not an option{suggest_name(name[:100], known)}"
            content.problems.append(f"{location}: {rule}")
    return content
