"""The English texts of the pages, as the templates and the modules contain them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import jinja2

import waypost.web.admin.pages as package

FOLDER = Path(package.__file__).parent


def english_texts() -> dict[str, None]:
    """Return all texts that can be translated, in the order of the files."""
    return dict.fromkeys([*_of_templates(), *_of_modules()])


def placeholders(text: str) -> set[str]:
    """Return the names of the values in a text."""
    return set(re.findall(r"{([a-z_]+)}", text))


def _of_templates() -> Iterator[str]:
    environment = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    for path in sorted(FOLDER.glob("templates/*.html")):
        for _, _, text in environment.extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
            # A text with values is a tuple: the text, and None for the values.
            yield text if isinstance(text, str) else text[0]


def _of_modules() -> Iterator[str]:
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "translate":
                (argument,) = node.args
                yield ast.literal_eval(argument)
