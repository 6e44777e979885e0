"""The profile settings of a provider in a database, also if written by hand."""

from datetime import UTC, datetime

import pytest

from waypost.core.model import ProfileSettings, SigningFiles
from waypost.store.sql.rows.profiles import profile_from_values

STORED: list[tuple[object, ProfileSettings]] = [
    # the value, the settings
    (None, ProfileSettings()),
    ("x", ProfileSettings()),
    ({}, ProfileSettings()),
    ({"cert": "/c", "key": "/k"}, ProfileSettings(SigningFiles("/c", "/k"))),
    # An incomplete setting must not cause an unsigned profile.
    ({"cert": "/c"}, ProfileSettings(SigningFiles("/c", ""))),
    ({"chain": "/x", "key": 1}, ProfileSettings(SigningFiles("", "", "/x"))),
    ({"organization": "A\x00", "description": "a\n\x07b"}, ProfileSettings(None, "A", "a\nb")),
    ({"organization": " ", "description": 1}, ProfileSettings()),
    ({"consent": {"de": "Ja?", "en": 1, "": "x"}}, ProfileSettings(consent=(("de", "Ja?"),))),
    ({"consent": "Ja?"}, ProfileSettings()),
    ({"removable": False, "days": 3}, ProfileSettings(removable=False, days=3)),
    ({"removable": "no", "days": "3"}, ProfileSettings()),
    ({"days": True}, ProfileSettings()),
    ({"days": 0}, ProfileSettings()),
    ({"days": 1e9}, ProfileSettings()),
    ({"expires": "tomorrow"}, ProfileSettings()),
    ({"expires": 5}, ProfileSettings()),
    (
        {"expires": "2030-12-31"},
        ProfileSettings(expires=datetime(2030, 12, 31, tzinfo=UTC).replace(tzinfo=None)),
    ),
]


@pytest.mark.parametrize(("stored", "meant"), STORED)
def test_read(stored: object, meant: ProfileSettings) -> None:
    """Valid values are used, invalid ones are ignored, and signing is never ignored."""
    assert profile_from_values(stored) == meant
