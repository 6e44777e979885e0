"""One file for each kind of fault; each has a tuple `FAULTS`."""

import importlib
import pkgutil

from tests.torture.fault import Fault


def faults() -> list[Fault]:
    """Return all faults, in the order of the names of their files."""
    found: list[Fault] = []
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        found.extend(importlib.import_module(f"{__name__}.{module.name}").FAULTS)
    return found
