"""Secrets of the settings: masked values, public keys, and files that other users can read."""

import json
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from waypost.core.redaction import MASK, redact_uri, secrets_of
from waypost.settings.option import Option
from waypost.settings.sources import Source, SourceKind
from waypost.settings.table import Settings, options

_KEYS: Final = ("link_key", "app_password_hook_key", "log_key")
"""The options that are random texts of the operator."""


def masked_text(option: Option, value: object) -> str:
    """Return a value as a text with its secrets masked."""
    if value is None:
        return "(none)"
    if option.kind is bool:
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "(none)"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if not option.info.masked:
        return str(value)
    return redact_uri(str(value)) if option.is_database else MASK


def secret_texts(settings: Settings) -> frozenset[str]:
    """Return the secrets of the settings, which must not occur in the log."""
    # `link_key` is a list of keys, separated by spaces; a space in any other key is a part of it.
    found = set((settings.link_key or "").split())
    for option in options():
        value = getattr(settings, option.name)
        if option.info.masked and value:
            found |= secrets_of(value) if option.is_database else {value}
    return frozenset(found)


def sample_keys(table: Iterable[Option]) -> Mapping[str, str]:
    """Return the key of the sample file and of the documentation, by the name of its option."""
    return {one.name: json.loads(one.info.example) for one in table if one.name in _KEYS}


def sample_problems(
    table: Iterable[Option], values: Mapping[str, Any], sources: Mapping[str, Source]
) -> list[str]:
    """Return a mistake for each key that was copied from the sample file or the documentation."""
    return [
        f"{sources[name]}: {name} has the key of the documentation, which is public; use a random "
        "text, such as `openssl rand -base64 32` prints"
        for name, sample in sample_keys(table).items()
        if sample in (text := values.get(name) or "", *text.split())
    ]


def readable_warning(
    table: Iterable[Option],
    file: Path | None,
    values: Mapping[str, Any],
    sources: Mapping[str, Source],
) -> str | None:
    """Return a warning if every user of the machine can read a settings file with secrets.

    Args:
        table: all options.
        file: the settings file; None if there is none.
        values: the values of the options.
        sources: the source of each value.
    """
    names = [
        option.name
        for option in table
        if sources[option.name].kind is SourceKind.FILE and _has_secret(option, values)
    ]
    if file is None or not names or not file.stat().st_mode & stat.S_IROTH:
        return None
    return (
        f"{file}: every user of this machine can read the secret in {', '.join(names)}; run "
        f"chmod 640 {file}, and give the file the group of Waypost"
    )


def _has_secret(option: Option, values: Mapping[str, Any]) -> bool:
    value = values.get(option.name)
    if not option.info.masked or not value:
        return False
    return not option.is_database or bool(secrets_of(value))
