"""Charts as SVG: their rectangles and labels, which a template draws. A table has the same data."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 720
NARROW_WIDTH: Final = 320
"""For phones: the letters are as large as on a wide screen."""
HEIGHT: Final = 180
_LEFT: Final = 44
_BOTTOM: Final = 22
_TOP: Final = 10
_STEPS: Final = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in two parts, from the axis upwards; all numbers are in the units of the drawing."""

    x: float
    width: float
    good_y: float
    good_height: float
    bad_y: float
    bad_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart.

    Attributes:
        bars: one for each value.
        lines: the height and the value of each line of the grid.
        labels: the place and the number of the value below the axis.
    """

    bars: tuple[Bar, ...]
    lines: tuple[tuple[float, int], ...]
    labels: tuple[tuple[float, int], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT


def bar_chart(values: Sequence[tuple[int, int]], label_every: int, width: int = WIDTH) -> Chart:
    """Return a chart of pairs: the lower and the upper part of each bar.

    Args:
        values: the pairs.
        label_every: every which bar has a label.
        width: of the drawing, in its units.
    """
    top = ceiling(max((good + bad for good, bad in values), default=0))
    base, room = HEIGHT - _BOTTOM, HEIGHT - _BOTTOM - _TOP
    slot = (width - _LEFT) / max(1, len(values))
    bars = []
    for index, (good, bad) in enumerate(values):
        good_height, bad_height = (round(part / top * room, 1) for part in (good, bad))
        bars.append(
            Bar(
                round(_LEFT + index * slot + slot * 0.12, 1),
                round(slot * 0.76, 1),
                round(base - good_height, 1),
                good_height,
                round(base - good_height - bad_height, 1),
                bad_height,
            )
        )
    lines = tuple((round(base - room * part, 1), int(top * part)) for part in (0, 0.5, 1))
    labels = tuple(
        (round(_LEFT + (index + 0.5) * slot, 1), index)
        for index in range(0, len(values), label_every)
    )
    return Chart(tuple(bars), lines, labels, width)


def ceiling(value: int) -> int:
    """Return an even round number that is not smaller: 2, 4, 10, 20, 40, 100, ..."""
    scale = 2
    while True:
        for step in _STEPS:
            if step * scale >= value:
                return step * scale
        scale *= 10
