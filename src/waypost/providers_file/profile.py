"""The key `profile` of a providers file: the configuration profiles of one provider."""

import re
from datetime import date, datetime, time
from pathlib import Path
from typing import Final

from waypost.core.model import ProfileSettings, SigningFiles
from waypost.providers_file.json_schema_parts import Schema, flag, integer, object_schema, text
from waypost.providers_file.validation import Table, kind
from waypost.providers_file.validators import RuleBroken, check_lines

_SIGNING_KEYS: Final = ("cert", "key", "chain")
PROFILE_KEYS: Final = (
    *(*_SIGNING_KEYS, "organization", "description", "consent", "removable", "days", "expires"),
)
_PATH_MAX_CHARS: Final = 1024
_ORGANIZATION_MAX_CHARS: Final = 128
_DESCRIPTION_MAX_CHARS: Final = 1024
_CONSENT_MAX_CHARS: Final = 16_384
_DAYS_MAX: Final = 36_500
# RFC 5646 s2.1: no language has more than three letters. `default` is Apple's name for all others.
_LANGUAGE: Final = r"default|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*"
_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"


def read_profile(owner: Table, folder: Path | None) -> ProfileSettings:
    """Read the table `profile` of a provider, of a template or of the defaults.

    Args:
        owner: the table that may have the key.
        folder: paths are relative to it; None if only absolute paths can be used.
    """
    table = owner.table("profile")
    if table is None:
        return ProfileSettings()
    table.refuse_unknown(PROFILE_KEYS)
    return ProfileSettings(
        _signing(table, folder),
        _lines(table, "organization", _ORGANIZATION_MAX_CHARS),
        _lines(table, "description", _DESCRIPTION_MAX_CHARS),
        _consent(table),
        table.flag("removable"),
        table.integer("days", 1, _DAYS_MAX),
        _expires(table),
    )


def profile_data(profile: ProfileSettings) -> dict[str, object]:
    """Return the key `profile` of a provider as plain data."""
    plain = profile.plain()
    return {"profile": plain} if plain else {}


def profile_schema() -> Schema:
    """Return the JSON Schema of the table, for editors."""
    consent = {
        "type": "object",
        "additionalProperties": text(_CONSENT_MAX_CHARS, "A text."),
        "propertyNames": {"pattern": f"^({_LANGUAGE})$"},
        "minProperties": 1,
        "description": "Texts that the user must agree to, by language, or `default`.",
    }
    about = {
        "cert": text(_PATH_MAX_CHARS, "A PEM file: the certificate that profiles are signed with."),
        "key": text(_PATH_MAX_CHARS, "A PEM file: its private key, readable only by its owner."),
        "chain": text(_PATH_MAX_CHARS, "A PEM file: the certificates up to an authority."),
        "organization": text(_ORGANIZATION_MAX_CHARS, "The organization that issues a profile."),
        "description": text(_DESCRIPTION_MAX_CHARS, "The purpose of a profile."),
        "consent": consent,
        "removable": flag("Users may remove a profile; has effect on supervised devices only."),
        "days": integer(1, _DAYS_MAX, "Days until a device removes a profile by itself."),
        "expires": {**text(10, "The day when a profile expires."), "pattern": f"^{_DAY}$"},
    }
    together = {"dependentRequired": {"cert": ["key"], "key": ["cert"], "chain": ["cert"]}}
    return {**object_schema(PROFILE_KEYS, about), **together}


def _signing(table: Table, folder: Path | None) -> SigningFiles | None:
    cert, key, chain = (_path(table, name, folder) for name in _SIGNING_KEYS)
    for name, other in (("cert", "key"), ("key", "cert"), ("chain", "cert")):
        if name in table and other not in table:
            table.problem(name, f"requires {other}; set both")
    return None if cert is None or key is None else SigningFiles(cert, key, chain)


def _path(table: Table, key: str, folder: Path | None) -> str | None:
    given = table.text(key, _PATH_MAX_CHARS)
    if given is None:
        return None
    path = Path(given)
    if not path.is_absolute() and folder is None:
        table.problem(key, "must be an absolute path here")
    # A process that reads the path from a database has another working directory.
    return str(((folder or Path()) / path).absolute())


def _lines(table: Table, key: str, max_chars: int) -> str | None:
    value = table.raw(key)
    if key not in table:
        return None
    if not isinstance(value, str):
        table.problem(key, f"must be a string, not {kind(value)}")
        return None
    try:
        return check_lines(value, max_chars)
    except RuleBroken as broken:
        table.problem(key, str(broken))
        return None


def _consent(table: Table) -> tuple[tuple[str, str], ...]:
    texts = table.table("consent")
    if texts is None:
        return ()
    found = []
    for language in texts.keys():  # noqa: SIM118 -- a Table is no mapping
        if not re.fullmatch(_LANGUAGE, language):
            texts.problem("", "has a key that is neither default nor a language, such as pt-BR")
            continue
        if (value := _lines(texts, language, _CONSENT_MAX_CHARS)) is not None:
            found.append((language, value))
    if not any(True for _ in texts.keys()):  # noqa: SIM118
        texts.problem("", "is empty; remove it, or add a text under default")
    return tuple(sorted(found))


def _expires(table: Table) -> datetime | None:
    given = table.text("expires", 32)
    if given is None:
        return None
    try:
        if re.fullmatch(_DAY, given):
            return datetime.combine(date.fromisoformat(given), time())
    except ValueError:
        pass
    table.problem("expires", 'must be a day, such as "2030-12-31"')
    return None
