"""How many examples a property is tried with."""

from typing import Final

from hypothesis import settings

# Of a whole run, without --quick.
_USUAL: Final = 100


def examples(number: int) -> settings:
    """Return the settings of a property with this number of examples, and fewer with --quick."""
    return settings(max_examples=max(1, number * settings().max_examples // _USUAL))
