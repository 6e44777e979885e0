"""The HTML of the setup page, with its style, its script, and the policy that permits only these.

The page needs no script: without one, only the buttons that copy a value are missing.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from waypost.web.public.page.colors import DEFAULT_COLOR, ColorScheme, dark_scheme, light_scheme

if TYPE_CHECKING:
    import jinja2

_COLORS_MAX: Final = 256
_PAGES: Final = ("landing_page.html", "setup.html")
_SCRIPT: Final = ("page.js",)
_SETUP_SCRIPTS: Final = ("page.js", "open.js")
# A space before a colon means something: `.card :focus-visible`.
_SPACE_OF_SIGNS: Final = re.compile(r" ?([{};,>]) ?|(?<=:) ")
_ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect y="4" width="32" '
    'height="24" rx="5" fill="{0}"/><path d="m6 11 10 8 10-8" fill="none" stroke="{1}" '
    'stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>'
)


@dataclass(frozen=True, slots=True)
class Design:
    """What a color changes in the page.

    Attributes:
        style: the whole style sheet.
        icon: the picture of the browser's tab, as a `data:` URL.
        headers: the security headers.
    """

    style: str
    icon: str
    headers: tuple[tuple[str, str], ...]


def render(color: str | None, values: Mapping[str, object]) -> tuple[bytes, Design]:
    """Render the page; return it with its design.

    Args:
        color: of the provider, as `#rrggbb`, or None.
        values: for the template, which fails if one is missing.
    """
    return _render("landing_page.html", _SCRIPT, color, values)


def render_setup(color: str | None, values: Mapping[str, object]) -> tuple[bytes, Design]:
    """Render the page of setup links and of signing in, as `render` does."""
    return _render("setup.html", _SETUP_SCRIPTS, color, values)


def _render(
    name: str, scripts: tuple[str, ...], color: str | None, values: Mapping[str, object]
) -> tuple[bytes, Design]:
    design = design_of(color or DEFAULT_COLOR, scripts)
    text = _templates()[name].render(
        {
            **values,
            "style": design.style,
            "icon": design.icon,
            "scripts": {name: _file(name) for name in scripts},
        }
    )
    return text.encode(), design


@lru_cache(maxsize=_COLORS_MAX)
def design_of(color: str, scripts: tuple[str, ...] = _SCRIPT) -> Design:
    """Return the design for a color, with a policy that permits the scripts of a page."""
    light, dark = light_scheme(color), dark_scheme(color)
    style = (
        f"{_variables(light)}@media (prefers-color-scheme:dark){{{_variables(dark)}}}"
        f"{_compact(_file('page.css'))}"
    )
    allowed = " ".join(f"'{_hash(_file(script))}'" for script in scripts)
    policy = (
        "default-src 'none'; "
        f"style-src '{_hash(style)}'; script-src {allowed}; img-src data:; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    headers = (
        ("content-security-policy", policy),
        ("x-frame-options", "DENY"),  # for browsers without frame-ancestors, RFC 7034
        ("cross-origin-opener-policy", "same-origin"),
    )
    icon = quote(_ICON.format(light.button, light.on_button), safe=" /:='")
    return Design(style, f"data:image/svg+xml,{icon}", headers)


def _variables(scheme: ColorScheme) -> str:
    return (
        f":root{{--button:{scheme.button};--on-button:{scheme.on_button};--accent:{scheme.accent}}}"
    )


def _compact(style: str) -> str:
    """Return a style sheet without the spaces and line breaks that mean nothing (CSS Syntax s4).

    It may have no comments, and these signs in no string.
    """
    lines = "".join(line.strip() for line in style.splitlines())
    return _SPACE_OF_SIGNS.sub(r"\1", lines).replace(";}", "}")


def _unindented(template: str) -> str:
    """Return a template without the indentation of its lines, which would be a part of the page."""
    return "".join(line.lstrip() for line in template.splitlines(keepends=True))


def _hash(text: str) -> str:
    """Return the source expression of an inline element (CSP Level 3 s2.3.1)."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@cache
def _file(name: str) -> str:
    return resources.files(__package__).joinpath(f"templates/{name}").read_text("utf-8")


@cache
def _templates() -> Mapping[str, "jinja2.Template"]:
    """Load the templates once; they escape every value."""
    import jinja2  # noqa: PLC0415 -- only for the page

    names = (*_PAGES, "parts.html", "pictures.html")
    environment = jinja2.Environment(
        loader=jinja2.DictLoader({name: _unindented(_file(name)) for name in names}),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return {name: environment.get_template(name) for name in _PAGES}
