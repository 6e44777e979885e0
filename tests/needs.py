"""Which tests need a program of the machine, found from the code that they can reach.

A test is marked `servers` if its function, one of its fixtures or one of its parameters refers,
directly or through helpers of the tests, to code that starts a program next to the test or
requires an installed one. `make check` runs the other tests.
"""

import functools
import inspect
import subprocess
from collections.abc import Iterator
from types import CodeType, FunctionType, ModuleType
from typing import Final

import pytest

from tests.servers import forked, process, requirements

STARTS: Final = (
    forked.Forked,
    process.Process,
    process.tied_to_this_process,
    requirements.program,
    requirements.require,
    subprocess.Popen,
)
_PACKAGE: Final = "tests"
# Tests of these markers need programs already.
_MARKED: Final = frozenset({"clients", "servers", "torture"})


def mark(item: pytest.Item) -> None:
    """Add the marker `servers` to a test that can start or require a program."""
    if isinstance(item, pytest.Function) and not is_marked(item) and _can_start(item):
        item.add_marker(pytest.mark.servers)


def is_marked(item: pytest.Item) -> bool:
    """Return whether a test has a marker that says that it needs programs."""
    return any(marker.name in _MARKED for marker in item.iter_markers())


def reaches_a_start(value: object) -> bool:
    """Return whether a function, or what a parameter contains, refers to code that starts one."""
    seen: set[int] = set()
    todo = [value]
    while todo:
        one = todo.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        if any(one is start for start in STARTS):
            return True
        todo.extend(_referred(one))
    return False


def _can_start(item: pytest.Function) -> bool:
    fixtures = item._fixtureinfo.name2fixturedefs.values()  # noqa: SLF001 -- has no public name
    functions = [item.function, *(one.func for many in fixtures for one in many)]
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return any(map(_function_starts, functions)) or any(map(reaches_a_start, parameters))


@functools.cache
def _function_starts(function: object) -> bool:
    return reaches_a_start(function)


def _referred(value: object) -> Iterator[object]:
    """Yield what a function, a class or a container of the tests refers to."""
    match value:
        case FunctionType() if value.__module__.startswith(_PACKAGE):
            yield from _of_function(value)
        case type() if value.__module__.startswith(_PACKAGE):
            yield from (_function_of(one) for one in vars(value).values())
            yield from value.__bases__
        case functools.partial():
            yield from (value.func, *value.args, *value.keywords.values())
        case tuple() | list() | set() | frozenset():
            yield from value
        case dict():
            yield from value.values()
        case _:
            pass


@functools.cache
def _of_function(function: FunctionType) -> tuple[object, ...]:
    inner = inspect.unwrap(function)
    names = _names(inner.__code__)
    values = [inner.__globals__[name] for name in names if name in inner.__globals__]
    for module in [one for one in values if isinstance(one, ModuleType)]:
        if module is subprocess or module.__name__.startswith(_PACKAGE):
            values += [vars(module)[name] for name in names if name in vars(module)]
    return (*values, *(_content(cell) for cell in inner.__closure__ or ()))


def _content(cell: object) -> object:
    return getattr(cell, "cell_contents", None)


def _function_of(attribute: object) -> object:
    """Return the function behind a method or a property of a class."""
    if isinstance(attribute, property):
        return attribute.fget
    if isinstance(attribute, classmethod | staticmethod):
        return attribute.__func__
    return attribute


def _names(code: CodeType) -> set[str]:
    """Return the names of globals and attributes that a code uses, and the codes inside it."""
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names, inner))
