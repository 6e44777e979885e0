"""One file for each kind of attack; each has a tuple `ATTACKS`."""

import importlib
import pkgutil

from tests.torture.attack import Attack


def attacks() -> list[Attack]:
    """Return all attacks, in the order of the names of their files."""
    found: list[Attack] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        found.extend(importlib.import_module(f"{__name__}.{module.name}").ATTACKS)
    return found
