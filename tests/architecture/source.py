"""Python files as syntax trees, and their imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import waypost

ROOT = Path(__file__).parents[2]
# In a checkout below ROOT. The tests of a source archive read the installed package instead.
PACKAGE = Path(waypost.__file__).parent


@dataclass(frozen=True)
class Module:
    """A Python file: its name below `waypost` (empty for the package itself), text and path."""

    name: str
    text: str
    is_package: bool = False
    path: Path = PACKAGE

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield line and full name of every import, including imports inside functions."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    yield node.lineno, f"{node.module}.{alias.name}"

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        for node in self.nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of Waypost."""
    return tuple(
        Module(_name(path), path.read_text(encoding="utf-8"), path.name == "__init__.py", path)
        for path in sorted(PACKAGE.rglob("*.py"))
    )


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def is_below(name: str, prefix: str) -> bool:
    """Return whether a module has the name of a prefix, or is inside it."""
    return name == prefix or name.startswith(f"{prefix}.")
