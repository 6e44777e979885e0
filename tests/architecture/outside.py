"""References to paths outside of the repository, and tests that skip themselves."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from os.path import normpath
from pathlib import Path

from tests.architecture.source import ROOT

FOLDERS = (".ci", "bench", "contrib", "docs", "packaging", "src", "stubs", "tests", "tools")
# Of the file itself, or imported from another file of the repository.
_MAY_HAVE_A_PATH = re.compile(r"__file__|^from (?:tests|bench)\b", re.MULTILINE)
# A relative path that begins with `../`; after a letter or a slash it is in the middle of a path.
_UPWARDS = re.compile(r"(?<![\w./}%])(?:\.\./)+")


def repository_files() -> Iterator[Path]:
    """Yield the files of the repository, without those that `make` and the tests write."""
    for path in sorted(ROOT.iterdir()):
        if path.is_file() and path.name != ".git" and not path.name.startswith(".coverage"):
            yield path
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and not re.search(r"__pycache__|\.egg-info", f"{path}"):
                yield path


def relative_findings(file: Path, text: str) -> Iterator[str]:
    """Yield the relative paths of a text that leave the repository.

    Args:
        file: the path of the file in the repository.
        text: its text.
    """
    if "../" not in text:
        return
    for number, line in enumerate(text.splitlines(), start=1):
        for found in _UPWARDS.finditer(line):
            if found[0].count("..") > len(file.parent.parts):
                yield f"{file}:{number}: {line[found.start() :][:40]} is outside of the repository"


def path_findings(file: Path, text: str) -> Iterator[str]:
    """Yield the lines of a Python file with a path from `__file__` that leaves the repository."""
    if not _MAY_HAVE_A_PATH.search(text):
        return
    tree = ast.parse(text)
    names = _names(file, tree)
    if not names and "__file__" not in text:
        return
    lines = {
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and _leaves(_evaluate(file, node, names))
    }
    yield from (f"{file}:{line}: a path outside of the repository" for line in sorted(lines))


def skip_findings(file: Path, text: str) -> Iterator[str]:
    """Yield the lines of a Python file that skip a test by themselves."""
    if "skip" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        match node:
            case (
                ast.Call(func=ast.Attribute(value=ast.Name("pytest"), attr="skip"))
                | ast.Attribute(value=ast.Name("pytest"), attr="importorskip")
                | ast.Attribute(value=ast.Attribute(attr="mark"), attr="skip" | "skipif")
            ):
                yield f"{file}:{node.lineno}: use tests.servers.requirements instead of a skip"


def _leaves(path: Path | None) -> bool:
    return path is not None and not path.is_relative_to(ROOT)


@cache
def _names_of_module(name: str) -> Mapping[str, Path]:
    """Return the paths in the names of a module of the tests or of the benchmarks."""
    path = ROOT.joinpath(*name.split(".")).with_suffix(".py")
    if not path.exists():
        return {}
    return _names(path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8")))


def _names(file: Path, tree: ast.Module) -> dict[str, Path]:
    names: dict[str, Path] = {}
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module), names=imported):
                if module.partition(".")[0] in {"tests", "bench"}:
                    known = _names_of_module(module)
                    names |= {
                        one.asname or one.name: known[one.name]
                        for one in imported
                        if one.name in known
                    }
            case (
                ast.Assign(targets=[ast.Name(name)], value=ast.expr() as value)
                | ast.AnnAssign(target=ast.Name(name), value=ast.expr() as value)
            ):
                if (path := _evaluate(file, value, names)) is not None:
                    names[name] = path
    return names


def _evaluate(file: Path, node: ast.expr, names: Mapping[str, Path]) -> Path | None:
    """Return the path that an expression is, or None if it is no path from `__file__`."""
    match node:
        case ast.Call(func=ast.Name("Path"), args=[ast.Name("__file__")]):
            return ROOT / file
        case ast.Name(name):
            return names.get(name)
        case (
            ast.Call(func=ast.Attribute(value=inner, attr="resolve" | "absolute"))
            | ast.Subscript(value=ast.Attribute(value=inner, attr="parents"))
            | ast.Attribute(value=inner, attr="parent")
            | ast.BinOp(left=inner, op=ast.Div())
        ):
            found = _evaluate(file, inner, names)
            return None if found is None else _next(found, node)
        case _:
            return None


def _next(path: Path, node: ast.expr) -> Path:
    """Return what the last step of an expression makes of a path."""
    match node:
        case ast.Attribute():
            return path.parent
        case ast.Subscript(slice=ast.Constant(int(number))):
            return path.parents[min(number, len(path.parents) - 1)]
        case ast.BinOp(right=ast.Constant(str(more))):
            return Path(normpath(path / more))
        case _:
            return path
