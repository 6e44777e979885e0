"""The settings of the setup page in the column `pages` of `provider`.

The column may be written by hand, so invalid values are ignored.
"""

import re
from collections.abc import Mapping
from typing import Final

from waypost.core.logo import is_data_url
from waypost.core.model import PageSettings
from waypost.core.model.page import LocalTexts, sorted_texts
from waypost.core.text_rules import clean_text

_COLOR: Final = re.compile("#[0-9a-f]{6}")


def page_from_values(stored: object) -> PageSettings:
    """Return the settings from the output of `PageSettings.as_dict`, or from similar data."""
    if not isinstance(stored, Mapping):
        return PageSettings()
    color, logo = stored.get("color"), stored.get("logo")
    return PageSettings(
        color if isinstance(color, str) and _COLOR.fullmatch(color) else None,
        logo if isinstance(logo, str) and is_data_url(logo) else None,
        _texts(stored.get("welcome")),
        _texts(stored.get("help")),
    )


def _texts(stored: object) -> LocalTexts:
    if not isinstance(stored, Mapping):
        return ()
    return sorted_texts(
        (clean_text(language) or None, clean_text(text))
        for language, text in stored.items()
        if isinstance(language, str) and isinstance(text, str) and text
    )
