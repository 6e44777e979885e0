"""Pages about the settings: the sample file, the reference page, and the current values."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from textwrap import wrap

from waypost.settings.loading import LoadedSettings
from waypost.settings.option import Option
from waypost.settings.secret_values import masked_text
from waypost.settings.table import options

_INTRODUCTION = """\
# Settings

This page is generated from `src/waypost/settings/table.py` by `make docs`.

You can set each option with a flag of `waypost serve`, with an environment variable, with a \
credential, or in a file.
A flag has precedence over the environment, the environment over the credentials, the credentials \
over the file, and the file over the default.
An unknown option is an error, and a value that is not allowed is an error too.
An empty variable counts as not set.

## The file

Waypost reads one file, the first of these that exists:

1. the file in `WAYPOST_CONFIG`, which must exist
2. the file of automx2 in `AUTOMX2_CONF`
3. `waypost.toml` in the working folder
4. `~/.config/waypost/waypost.toml`, or `$XDG_CONFIG_HOME/waypost/waypost.toml`
5. `/etc/waypost/waypost.toml`
6. `~/.automx2.conf`
7. `/etc/automx2/automx2.conf`
8. `/etc/automx2.conf`

`waypost config sample` prints a file with all options.
`waypost config show` prints the current values and their sources.
In the file, every option is at the top level, without a `[table]`.
A relative path in the file is relative to the folder of the file; other relative paths are \
relative to the working folder.

## Credentials

Systemd passes secrets to a service as files in the folder `$CREDENTIALS_DIRECTORY`, which no \
other user can read (`LoadCredential=`, `LoadCredentialEncrypted=`).
A file in this folder that has the name of an option sets this option. An option that is the path \
of a file, such as `profile_key` or `link_key_file`, gets the path of the credential. Each other \
option, such as `db_uri`, `log_key`, `link_key`, `app_password_hook_key`, \
`oidc_client_secret` and `sign_in_oidc_client_secret`, gets the content of the file.
Waypost leaves files with other names alone: a directory in the providers file can read them, \
with `bind_password_file`, for example.
[The guide](../guide.md#secrets) shows how.

## The file of automx2

In a file of automx2, Waypost reads the keys `loglevel`, `db_echo`, `db_uri` and `proxy_count` of \
section `[automx2]`, with the values that automx2 accepts for yes and no.
Waypost ignores other keys with a warning; automx2 ignored them too.
"""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """The current value of an option: its name, its value with secrets masked, and its source."""

    name: str
    value: str
    source: str


def rows(loaded: LoadedSettings) -> tuple[SettingRow, ...]:
    """Return the current values, in the order of the table."""
    return tuple(
        SettingRow(
            option.name,
            masked_text(option, getattr(loaded.settings, option.name)),
            str(loaded.sources[option.name]),
        )
        for option in options()
    )


def sample() -> str:
    """Return a `waypost.toml` with the default of every option, explained and commented out."""
    lines = ["# Settings of Waypost. To change an option, remove the # from its line.", ""]
    for section, group in _sections():
        lines += [f"# --- {section} ---", ""]
        for option in group:
            text = f"{option.info.help} {_must_be(option)}"
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
                option.info.help,
                _must_be(option),
                "",
                f"* Flag: `{_flag(option)}`",
                f"* Variable: {_variable(option)}",
                f"* Default: {_default(option)}",
                "",
            ]
    return "\n".join(lines[:-1]) + "\n"


def _sections() -> Iterator[tuple[str, list[Option]]]:
    for section, group in groupby(options(), key=lambda option: option.info.section):
        yield section, list(group)


def _must_be(option: Option) -> str:
    return f"It must be {option.info.allowed}."


def _flag(option: Option) -> str:
    return f"{option.flag}, --no-{option.flag[2:]}" if option.kind is bool else option.flag


def _variable(option: Option) -> str:
    also = option.info.automx2_variable and f", or automx2's `{option.info.automx2_variable}`"
    return f"`{option.variable}`{also}"


def _default(option: Option) -> str:
    if option.name == "db_uri":
        return (
            "the SQLite file `waypost.sqlite` in `$STATE_DIRECTORY`, which systemd sets; without "
            "this variable, in `/var/lib/waypost` if this folder exists and the command runs as "
            "root or as its owner; for other users, `waypost/waypost.sqlite` in `$XDG_STATE_HOME` "
            "or `~/.local/state`"
        )
    return "none" if option.default is None else f"`{_toml(option)}`"


def _toml(option: Option) -> str:
    """Return the default, or else the example, as a TOML value."""
    if option.default is None:
        return option.info.example
    # For texts, numbers, true, false and lists of texts, TOML is written as JSON is.
    return json.dumps(option.default, ensure_ascii=False)
