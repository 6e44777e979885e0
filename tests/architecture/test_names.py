"""One name for one thing: public types have different names in different modules."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

from tests.architecture.source import Module, modules


def types_of(module: Module) -> Iterator[tuple[str, bool]]:
    """Yield the public types that a module defines, and whether each is a class."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, True
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            # A name of a flag belongs to its command.
            if re.fullmatch("[A-Z][A-Za-z0-9]*[a-z][A-Za-z0-9]*", name):
                yield name, False


def shared(every: Iterable[Module]) -> dict[str, list[str]]:
    """Return the classes whose names another module uses for a type, with all these modules."""
    places: dict[str, list[str]] = defaultdict(list)
    classes: set[str] = set()
    for module in every:
        for name, is_class in types_of(module):
            places[name].append(module.name)
            classes |= {name} if is_class else set()
    return {name: found for name, found in places.items() if len(found) > 1 and name in classes}


def test_names_of_classes() -> None:
    """The name of a public class is the name of no other type."""
    assert shared(modules()) == {}


BAD = [
    (["class Report:\n    a = 1", "class Report:\n    b = 1"], ["Report"]),
    (["class Outcome:\n    a = 1", "Outcome = tuple[str, int]"], ["Outcome"]),
    (["class _Report:\n    a = 1", "class _Report:\n    b = 1"], []),
    (["Key = tuple[int]", "Key = tuple[str]"], []),
    (["class Report:\n    a = 1", "REPORT = 1"], []),
]


@pytest.mark.parametrize(("texts", "names"), BAD)
def test_shared_names_are_found(texts: list[str], names: list[str]) -> None:
    """Two classes, or a class and an alias, with one name are found."""
    every = [Module(f"m{number}", text) for number, text in enumerate(texts)]
    assert list(shared(every)) == names
