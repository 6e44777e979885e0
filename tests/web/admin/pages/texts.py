"""The English texts of the pages, as the templates and the modules contain them.

`python -m tests.web.admin.pages.texts` writes them to `admin.pot`, and brings the file of each
language up to date: new texts are there without a translation, and unused ones are removed.
`make docs` runs it.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import jinja2
import polib

import waypost.web.admin.pages as package

FOLDER: Final = Path(package.__file__).parent
LANGUAGES: Final = FOLDER / "languages"
TEMPLATE: Final = LANGUAGES / "admin.pot"
HEADER: Final = """\
The texts of Waypost's admin pages in English, from the templates: `make docs` writes this file.
Words in braces are names that the page replaces. A text is shown as it is: markup has no effect."""
METADATA: Final = {
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}


@cache
def english_texts() -> dict[str, list[str]]:
    """Return all texts that can be translated, in the order of the files that contain them."""
    found: dict[str, list[str]] = {}
    for path, text in [*_of_templates(), *_of_modules()]:
        name = path.relative_to(FOLDER).as_posix()
        places = found.setdefault(text, [])
        if name not in places:
            places.append(name)
    return found


def placeholders(text: str) -> set[str]:
    """Return the names of the values in a text."""
    return set(re.findall(r"{([a-z_]+)}", text))


def template() -> polib.POFile:
    """Return the list of all texts, in the format of gettext."""
    file = polib.POFile(wrapwidth=0)
    file.header = HEADER
    file.metadata = METADATA
    for text, places in english_texts().items():
        flags = ["python-brace-format"] if placeholders(text) else []
        occurrences = [(place, "") for place in places]
        file.append(polib.POEntry(msgid=text, flags=flags, occurrences=occurrences))
    return file


def up_to_date(tag: str, texts: polib.POFile) -> polib.POFile:
    """Return the file of a language with exactly these texts, in their order."""
    path = LANGUAGES / f"{tag}.po"
    translated: dict[str, str] = {}
    if path.exists():
        known = polib.pofile(f"{path}", encoding="utf-8")
        translated = {entry.msgid: entry.msgstr for entry in known if not entry.obsolete}
    file = polib.POFile(wrapwidth=0)
    file.header = "Translations of Waypost's admin pages: see docs/page.md"
    file.metadata = {"Language": tag, **METADATA}
    for entry in texts:
        text = translated.get(entry.msgid, "")
        file.append(polib.POEntry(msgid=entry.msgid, msgstr=text, flags=entry.flags))
    return file


def main() -> None:
    """Write the template and the file of each language."""
    texts = template()
    texts.save(f"{TEMPLATE}")
    for path in LANGUAGES.glob("*.po"):
        up_to_date(path.stem, texts).save(f"{path}")


def _of_templates() -> Iterator[tuple[Path, str]]:
    environment = jinja2.Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    for path in sorted(FOLDER.glob("templates/*.html")):
        for _, _, text in environment.extract_translations(path.read_text(encoding="utf-8")):  # type: ignore[attr-defined]
            # A text with values is a tuple: the text, and None for the values.
            yield path, text if isinstance(text, str) else text[0]


def _of_modules() -> Iterator[tuple[Path, str]]:
    for path in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "translate":
                (argument,) = node.args
                yield path, ast.literal_eval(argument)


if __name__ == "__main__":
    main()
