"""The settings of configuration profiles in the column `pages` of `provider`.

The column may be written by hand, so invalid values are ignored. The signing files are not ignored,
because a profile that must be signed must never be sent unsigned.
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Final

from waypost.core.model import ProfileSettings, SigningFiles
from waypost.core.text_rules import clean_text

_SIGNING_KEYS: Final = ("cert", "key", "chain")
_DAYS_MAX: Final = 36_500


def profile_from_values(stored: object) -> ProfileSettings:
    """Return the settings from the output of `ProfileSettings.plain`, or from similar data."""
    if not isinstance(stored, Mapping):
        return ProfileSettings()
    consent = stored.get("consent")
    removable, days = stored.get("removable"), stored.get("days")
    return ProfileSettings(
        _signing(stored),
        _text(stored.get("organization")),
        _text(stored.get("description")),
        _consent(consent) if isinstance(consent, Mapping) else (),
        removable if isinstance(removable, bool) else None,
        days if type(days) is int and 1 <= days <= _DAYS_MAX else None,
        _date(stored.get("expires")),
    )


def _signing(stored: Mapping[str, object]) -> SigningFiles | None:
    if not any(stored.get(key) for key in _SIGNING_KEYS):
        return None
    # An empty path causes an error when the file is opened.
    cert, key, chain = (_text(stored.get(key)) for key in _SIGNING_KEYS)
    return SigningFiles(cert or "", key or "", chain)


def _text(value: object) -> str | None:
    """Return a text without invalid characters, except line ends."""
    if not isinstance(value, str):
        return None
    return "\n".join(clean_text(line) for line in value.split("\n")).strip() or None


def _consent(texts: Mapping[object, object]) -> tuple[tuple[str, str], ...]:
    pairs = ((_text(language), _text(text)) for language, text in texts.items())
    return tuple(sorted((name, text) for name, text in pairs if name and text))


def _date(value: object) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(str(value)), time())
    except ValueError:
        return None
