"""What people read about the settings: the sample file, the reference page, what is in force."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap

from waypost.settings.loading import Loaded
from waypost.settings.masking import shown
from waypost.settings.option import Option
from waypost.settings.table import options

_INTRODUCTION = """\
# Settings

This page is generated from `src/waypost/settings/table.py` by `make docs`.

Each option can be given as a flag of `waypost serve`, as an environment variable, or in a file.
A flag wins over the environment, the environment over the file, and the file over the default.
An option that is not known is an error, and so is a value that is not allowed.
A variable that is empty counts as not set.

## The file

One file is read, the first of these that is there:

1. the file that `WAYPOST_CONFIG` names, which must exist
2. automx2's file that `AUTOMX2_CONF` names
3. `waypost.toml` in the working folder
4. `~/.config/waypost/waypost.toml`, or `$XDG_CONFIG_HOME/waypost/waypost.toml`
5. `/etc/waypost/waypost.toml`
6. `~/.automx2.conf`
7. `/etc/automx2/automx2.conf`
8. `/etc/automx2.conf`

`waypost config sample` prints a file with all options.
`waypost config show` prints what is in force and where each value came from.
In the file every option stands at the top level, without a `[table]`.
A relative path in the file starts at the file's own folder, and elsewhere at the working folder.

Of automx2's file, section `[automx2]`, the keys `loglevel`, `db_echo`, `db_uri` and `proxy_count` \
are read, with automx2's words for yes and no.
Other keys in it are passed over with a warning, as automx2 passed over them.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One option in force: its name, its value with secrets masked, and where that came from."""

    name: str
    value: str
    source: str


def rows(loaded: Loaded) -> tuple[Row, ...]:
    """Return what is in force, in the order of the table."""
    return tuple(
        Row(
            option.name,
            shown(option, getattr(loaded.settings, option.name)),
            str(loaded.sources[option.name]),
        )
        for option in options()
    )


def sample() -> str:
    """Return a `waypost.toml` with every option explained, commented out, and at its default."""
    lines = ["# Settings of Waypost. Take the # away from a line to change what it says.", ""]
    for section, group in _sections():
        lines += [f"# --- {section} ---", ""]
        for option in group:
            text = f"{option.about.help} {_must_be(option)}"
            lines += [f"# {line}" for line in wrap(text, 96, break_long_words=False)]
            lines += [f"#{option.name} = {_toml(option)}", ""]
    return "\n".join(lines[:-1]) + "\n"


def reference() -> str:
    """Return the reference page, in Markdown."""
    lines = [_INTRODUCTION]
    for section, group in _sections():
        lines += [f"## {section}", ""]
        for option in group:
            lines += [
                f"### `{option.name}`",
                "",
                option.about.help,
                _must_be(option),
                "",
                f"* Flag: `{_flag(option)}`",
                f"* Variable: {_variable(option)}",
                f"* Default: {_default(option)}",
                "",
            ]
    return "\n".join(lines[:-1]) + "\n"


def _sections() -> Iterator[tuple[str, list[Option]]]:
    for section, group in groupby(options(), key=lambda option: option.about.section):
        yield section, list(group)


def _must_be(option: Option) -> str:
    return f"It must be {option.about.allowed}."


def _flag(option: Option) -> str:
    return f"{option.flag}, --no-{option.flag[2:]}" if option.kind is bool else option.flag


def _variable(option: Option) -> str:
    also = f", or automx2's `{option.about.also}`" if option.about.also else ""
    return f"`{option.variable}`{also}"


def _default(option: Option) -> str:
    if option.name == "db_uri":
        return (
            "the SQLite file `waypost.sqlite` in `$STATE_DIRECTORY`, which systemd sets; else "
            "`waypost/waypost.sqlite` in `$XDG_STATE_HOME` or `~/.local/state`; for a user "
            "without a home `/var/lib/waypost/waypost.sqlite`"
        )
    return "none" if option.default is None else f"`{_toml(option)}`"


def _toml(option: Option) -> str:
    """Return the default, or else the example, as a TOML value."""
    if option.default is None:
        return option.about.example
    # For texts, numbers, true, false and lists of texts, TOML is written as JSON is.
    return json.dumps(option.default, ensure_ascii=False)
