"""Combine the sources of settings: flag, environment, credential, one file, default."""

import json
import os
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from waypost.core.errors import SettingsError
from waypost.core.redaction import MASK, redact_if_url, redact_uri
from waypost.settings.credentials import from_credentials
from waypost.settings.files import expand_path, from_file
from waypost.settings.option import Option
from waypost.settings.secret_values import readable_warning, sample_problems
from waypost.settings.sources import RawValue, Source, SourceKind, from_environment, from_flags
from waypost.settings.table import Settings, default_db_uri, options, state_folder
from waypost.settings.validators import in_memory, server_kind

_REQUIRED_WITH: Final = (
    ("profile_cert", "profile_key"),
    ("profile_key", "profile_cert"),
    ("profile_chain", "profile_cert"),
    ("app_password_hook", "app_password_hook_key"),
    ("oidc_issuer", "oidc_client_id"),
    ("oidc_issuer", "oidc_roles"),
    ("oidc_client_id", "oidc_issuer"),
    ("oidc_client_secret", "oidc_issuer"),
    ("oidc_roles", "oidc_issuer"),
    ("sign_in_oidc_issuer", "sign_in_oidc_client_id"),
    ("sign_in_oidc_issuer", "public_url"),
    ("sign_in_oidc_client_id", "sign_in_oidc_issuer"),
    ("sign_in_oidc_client_secret", "sign_in_oidc_issuer"),
)

_LINK_KEYS: Final = ("link_key", "link_key_file")


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, the source of each, the file that was read, and warnings for the log."""

    settings: Settings
    sources: Mapping[str, Source]
    file: Path | None
    warnings: tuple[str, ...]


def load_from_process(flags: Mapping[str, object]) -> LoadedSettings:
    """Load the settings with the environment, the working folder and the home of this process."""
    return load(os.environ, flags, Path.cwd(), _home())


def monitor_folder(settings: Settings) -> Path:
    """Return the folder for the results of `waypost monitor`, with the environment and the home."""
    return settings.monitor_state or state_folder(os.environ, _home()) / "monitor"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # no HOME and no entry in the user database, as in containers
        return Path("/")


def load(
    environ: Mapping[str, str],
    flags: Mapping[str, object],
    cwd: Path,
    home: Path,
    etc: Path = Path("/etc"),
) -> LoadedSettings:
    """Return the value of every option and its source.

    Args:
        environ: the environment variables.
        flags: option name to value; None if the flag was not given.
        cwd: the working folder, for `waypost.toml` and for relative paths.
        home: the user's home, for files there, for `~` and for the default database.
        etc: the folder of the machine's configuration.

    Raises:
        SettingsError: with all mistakes of all sources, each with its place and its rule.
    """
    table = options()
    file, file_content = from_file(table, environ, cwd, home, etc)
    layers = [
        file_content,
        from_credentials(table, environ),
        from_environment(table, environ, cwd),
        from_flags(table, flags, cwd),
    ]
    problems = [problem for layer in layers for problem in layer.problems]
    warnings = [warning for layer in layers for warning in layer.warnings]
    invalid: set[str] = set()
    values: dict[str, Any] = {"db_uri": default_db_uri(environ, home)}
    sources = {option.name: Source(SourceKind.DEFAULT, "default") for option in table}
    for layer in layers:  # the weakest first
        for option in table:
            if (raw_value := layer.values.get(option.name)) is None:
                continue
            sources[option.name] = raw_value.source
            try:
                values[option.name] = _validate(option, raw_value, home)
                invalid.discard(option.name)
            except (ValidationError, TypeError):
                invalid.add(option.name)
                problems.append(_invalid_value_message(option, raw_value))
    if sources["db_uri"].kind is SourceKind.FLAG is not sources["db_read_uri"].kind:
        values.pop("db_read_uri", None)  # It is a replica of another database.
    problems += _conflicts(values, sources, invalid)
    problems += sample_problems(table, values, sources)
    if problems:
        raise SettingsError(problems)
    settings = Settings(**values)
    if in_memory(settings.db_uri) and not settings.uses_providers_file:
        warnings.append(
            f"{sources['db_uri']}: db_uri is a database in memory; its content is lost when the "
            "process ends"
        )
    if (warning := readable_warning(table, file, values, sources)) is not None:
        warnings.append(warning)
    return LoadedSettings(settings, sources, file, tuple(warnings))


def _validate(option: Option, raw_value: RawValue, home: Path) -> object:
    """Return the value with the type of the option, or raise ValidationError or TypeError."""
    adapter = _adapter(option.name)
    if raw_value.typed:
        # JSON has no dates: json.dumps raises TypeError for the dates of TOML. In strict mode for
        # JSON, Pydantic accepts a text for a path or a network, and not for a number.
        value = adapter.validate_json(json.dumps(raw_value.value), strict=True)
    else:
        value = adapter.validate_python(raw_value.value)
    if isinstance(value, Path):
        if "://" in str(raw_value.value):  # It may contain a password, and a path is not masked.
            raise TypeError
        return expand_path(str(value), raw_value.folder, home)
    return value


@cache
def _adapter(name: str) -> TypeAdapter[object]:
    """Return what checks the values of an option; to build it takes Pydantic much longer."""
    return TypeAdapter(Settings.model_fields[name].rebuild_annotation())


def _invalid_value_message(option: Option, raw_value: RawValue) -> str:
    if option.info.masked and not option.is_database:
        value = MASK
    else:
        redact = redact_uri if option.is_database else redact_if_url
        value = json.dumps(_redact(raw_value.value, redact), default=str, ensure_ascii=False)
    return f"{raw_value.source}: {option.name} is {value}, but must be {option.info.allowed}"


def _redact(value: object, redact: Callable[[str], str]) -> object:
    """Mask a possible password in each URL; a URL may be the value of any option by mistake."""
    if isinstance(value, list | tuple):
        return [_redact(item, redact) for item in value]
    if isinstance(value, dict):
        return {name: _redact(item, redact) for name, item in value.items()}
    return redact(value) if isinstance(value, str) else value


def _conflicts(
    values: Mapping[str, Any], sources: Mapping[str, Source], invalid: AbstractSet[str]
) -> list[str]:
    """Return the mistakes that concern more than one option.

    Args:
        values: those that are allowed.
        sources: of each option.
        invalid: options whose value is not allowed. They are set, so they are not missing.
    """
    problems = []
    if values.get("demo") and values.get("providers"):
        problems.append(
            f"{sources['demo']}, {sources['providers']}: demo and providers exclude each other; "
            "set only one of them"
        )
    if values.get("proxy_count") and values.get("trusted_proxies"):
        problems.append(
            f"{sources['proxy_count']}, {sources['trusted_proxies']}: proxy_count and "
            "trusted_proxies exclude each other; set only one of them"
        )
    for name, other in _REQUIRED_WITH:
        if values.get(name) and not values.get(other) and other not in invalid:
            problems.append(f"{sources[name]}: {name} requires {other}")
    has_link_key = any(values.get(name) or name in invalid for name in _LINK_KEYS)
    if values.get("sign_in_oidc_issuer") and not has_link_key:
        problems.append(
            f"{sources['sign_in_oidc_issuer']}: sign_in_oidc_issuer requires link_key or "
            "link_key_file"
        )
    uses_database = not (values.get("demo") or values.get("providers"))
    if uses_database and values.get("workers", 1) > 1 and in_memory(values["db_uri"]):
        problems.append(
            f"{sources['workers']}, {sources['db_uri']}: several workers cannot share a database "
            "in memory; set workers to 1, or set db_uri to a file or a server"
        )
    read_uri = values.get("db_read_uri")
    if uses_database and read_uri and not _is_replica(read_uri, values["db_uri"]):
        problems.append(
            f"{sources['db_read_uri']}, {sources['db_uri']}: db_read_uri and db_uri must both be "
            "URIs for PostgreSQL, or both for MariaDB"
        )
    return problems


def _is_replica(read_uri: str, uri: str) -> bool:
    """Return whether one database can be a replica of the other."""
    return server_kind(read_uri) == server_kind(uri) is not None
