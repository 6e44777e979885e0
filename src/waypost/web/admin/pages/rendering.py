"""The templates, which escape every value, and their texts in the language of the person."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Final

import jinja2

from waypost.core.address import DomainName
from waypost.core.clients import shown_name
from waypost.core.errors import DomainError
from waypost.web.admin.pages.assets import asset_url
from waypost.web.admin.pages.differences import changed
from waypost.web.admin.pages.languages import AdminLanguages
from waypost.web.admin.pages.urls import url

MACHINE_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"
"""A time in UTC, as HTML has it (HTML s2.3.5.7)."""
_TIME: Final = '<time datetime="{{ machine }}">{{ shown }}</time>'


class _Environment(jinja2.Environment):
    """Templates read objects as JSON data, whose keys are optional: a missing key is None."""

    def getattr(self, obj: Any, attribute: str) -> Any:  # noqa: ANN401 -- as in the base class
        found = super().getattr(obj, attribute)
        if isinstance(found, jinja2.Undefined) and isinstance(obj, Mapping):
            return None
        return found


class Renderer:
    """Renders the templates of the pages."""

    def __init__(self, languages: AdminLanguages) -> None:
        """Initialize with the texts.

        Args:
            languages: the texts.
        """
        self._languages = languages
        self._environment = _environment()

    def render(self, template: str, languages: str, values: Mapping[str, Any]) -> str:
        """Render a template.

        Args:
            template: the name of its file.
            languages: the value of Accept-Language.
            values: for the template, which fails if one is missing.
        """
        language = self._languages.choose(languages)
        known = {"_": language.text, "tag": language.tag, "direction": language.direction}
        return self._environment.get_template(template).render({**known, **values})


@cache
def _environment() -> jinja2.Environment:
    """Return the environment of all renderers; a template is compiled when it is used."""
    environment = _Environment(
        loader=jinja2.PackageLoader("waypost.web.admin.pages", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["url"] = url
    environment.globals["asset"] = asset_url
    environment.filters["when"] = partial(_when, environment.from_string(_TIME))
    environment.filters["number"] = number
    environment.filters["list_pair"] = _pair
    environment.filters["client_name"] = shown_name
    environment.filters["in_unicode"] = in_unicode
    environment.globals["changed"] = changed
    return environment


def _when(template: jinja2.Template, value: datetime | float | str | None) -> object:
    """Return a time in UTC as an element that the script shows in the zone of the browser."""
    if value is None or value == "":
        return ""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    moment = value if isinstance(value, datetime) else datetime.fromtimestamp(value, UTC)
    moment = moment.astimezone(UTC)
    texts = moment.strftime(MACHINE_TIME), moment.strftime("%Y-%m-%d %H:%M UTC")
    # A module of a template is markup, which is not escaped again.
    return template.make_module(dict(zip(("machine", "shown"), texts, strict=True)))


def _pair(value: str) -> tuple[str, str]:
    """Return an option of a list: its value and its text."""
    return value, value


def in_unicode(name: str) -> str:
    """Return a domain or a pattern as people write it, with U-labels (RFC 5890 s2.3.2.1)."""
    domain = name.removeprefix("*.")
    try:
        return name.removesuffix(domain) + DomainName.parse(domain).unicode
    except DomainError:
        return name


def number(value: float) -> str:
    """Return a number with spaces between thousands, which all languages understand."""
    return f"{int(value):,}".replace(",", "\N{NARROW NO-BREAK SPACE}")
