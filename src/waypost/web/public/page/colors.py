"""The colors of the setup page, so that each text is readable with the color of any provider.

The page has a light and a dark scheme. Text has a contrast of at least 4.5:1 (WCAG 2.2 s1.4.3).
"""

from dataclasses import dataclass
from typing import Final

DEFAULT_COLOR: Final = "#0b57d0"
TEXT_CONTRAST: Final = 4.5
# The darkest surface of the light scheme, and the lightest of the dark one: `--soft` in page.css.
LIGHT_SURFACE: Final = "#eceef2"
DARK_SURFACE: Final = "#292d35"
_STEPS: Final = 100

_Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ColorScheme:
    """The colors of one scheme that depend on a provider, each as `#rrggbb`.

    Attributes:
        button: the surface of the button.
        on_button: the text on it.
        accent: links, borders and pictures.
    """

    button: str
    on_button: str
    accent: str


def light_scheme(color: str) -> ColorScheme:
    """Return the colors on light surfaces for a provider's color (`#rrggbb`)."""
    return ColorScheme(color, text_color(color), _readable(color, LIGHT_SURFACE, "#000000"))


def dark_scheme(color: str) -> ColorScheme:
    """Return the colors on dark surfaces for a provider's color (`#rrggbb`)."""
    accent = _readable(color, DARK_SURFACE, "#ffffff")
    return ColorScheme(accent, text_color(accent), accent)


def contrast(color: str, other: str) -> float:
    """Return the contrast of two colors, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    one, two = _luminance(_parse(color)), _luminance(_parse(other))
    return (max(one, two) + 0.05) / (min(one, two) + 0.05)


def text_color(surface: str) -> str:
    """Return white or black, whichever has more contrast; one of them always has 4.5:1."""
    white = "#ffffff"
    return white if contrast(white, surface) >= TEXT_CONTRAST else "#000000"


def _readable(color: str, surface: str, towards: str) -> str:
    """Return the color, or the nearest mixture with `towards` that is readable on a surface."""
    for step in range(_STEPS + 1):
        mixture = _mix(_parse(color), _parse(towards), step / _STEPS)
        if contrast(mixture, surface) >= TEXT_CONTRAST:
            return mixture
    return towards


def _parse(color: str) -> _Rgb:
    red, green, blue = (int(color[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return red, green, blue


def _mix(color: _Rgb, other: _Rgb, share: float) -> str:
    parts = (round(255 * (a + (b - a) * share)) for a, b in zip(color, other, strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def _luminance(color: _Rgb) -> float:
    """Return the relative luminance of a color (WCAG 2.2, "relative luminance")."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
