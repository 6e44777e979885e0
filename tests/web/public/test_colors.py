"""Every text of the setup page is readable with the color of any provider (WCAG 2.2 s1.4.3)."""

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from waypost.web.public.page.colors import (
    DARK_SURFACE,
    DEFAULT_COLOR,
    LIGHT_SURFACE,
    contrast,
    dark_scheme,
    light_scheme,
)

COLORS = st.from_regex(re.compile("#[0-9a-f]{6}"), fullmatch=True)
STYLE = resources.files("waypost.web.public.page").joinpath("templates/page.css").read_text("utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--(\w+): (#\w+);", block)) for block in STYLE.split("* {")[0].split("@media")
)


def long(color: str) -> str:
    return color if len(color) == 7 else "#" + "".join(2 * digit for digit in color[1:])


def test_known_contrasts() -> None:
    """Black and white have the contrast 21, and the examples of the definition are right."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ff0000", "#ffffff") == pytest.approx(4.0, abs=0.01)


@given(COLORS)
@examples(200)
def test_any_color(color: str) -> None:
    """Buttons and links are readable in both schemes, on each of their surfaces."""
    for scheme, surfaces in ((light_scheme(color), LIGHT), (dark_scheme(color), DARK)):
        assert contrast(scheme.button, scheme.on_button) >= 4.5
        for name in ("page", "card", "soft"):
            assert contrast(scheme.accent, long(surfaces[name])) >= 4.5


def test_readable_color_stays() -> None:
    """A color that is readable is not changed."""
    assert light_scheme(DEFAULT_COLOR).accent == DEFAULT_COLOR
    assert light_scheme("#ffd400").button == "#ffd400"
    assert light_scheme("#ffd400").on_button == "#000000"


@pytest.mark.parametrize("colors", [LIGHT, DARK])
def test_own_colors(colors: dict[str, str]) -> None:
    """The colors of the style sheet are readable on all of its surfaces."""
    for text in ("text", "quiet", "problem"):
        for surface in ("page", "card", "soft"):
            assert contrast(long(colors[text]), long(colors[surface])) >= 4.5, (text, surface)


def test_surfaces() -> None:
    """The surfaces that colors are computed for are those of the style sheet."""
    assert LIGHT["soft"] == LIGHT_SURFACE
    assert DARK["soft"] == DARK_SURFACE
