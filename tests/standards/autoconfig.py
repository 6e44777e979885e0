"""The schema of Autoconfig documents, from the table `autoconfig.toml`, and documents to try."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from lxml import etree

_TABLE: Final = Path(__file__).with_suffix(".toml")
# XML Schema Part 2 s3.3.25, s4.3.6: positiveInteger, with spaces around it.
_NUMBER: Final = re.compile(r"[ \t\r\n]*\+?0*[1-9][0-9]*[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class Rule:
    """What one element requires and may have.

    Attributes:
        requires: its required attributes.
        children: the elements of the draft that may be in it; None if it has only text.
        is_number: whether its text is a whole number from 1.
    """

    requires: frozenset[str] = frozenset()
    children: frozenset[str] | None = None
    is_number: bool = False


@cache
def _table() -> Mapping[str, Any]:
    return tomllib.loads(_TABLE.read_text(encoding="utf-8"))


@cache
def rules() -> Mapping[str, Rule]:
    """Return the rule of each element of the draft."""
    groups = _table()["groups"]
    found = {name: Rule(is_number=name in groups["numbers"]) for name in groups["texts"]}
    for name, one in _table()["elements"].items():
        rule = Rule(frozenset(one["requires"]), frozenset(one["children"]))
        found |= dict.fromkeys(groups.get(name, [name]), rule)
    return found


def root_name() -> str:
    """Return the name of the outermost element."""
    return str(_table()["root"])


def violations(root: etree._Element) -> list[str]:
    """Return what the draft's schema does not allow in a document."""
    if root.tag != root_name():
        return [f"{root.tag} is not the outermost element"]
    return list(_violations(root))


def _violations(element: etree._Element) -> Iterator[str]:
    name = str(element.tag)
    rule = rules()[name]
    yield from (f"{name}: no {one}" for one in sorted(rule.requires - {*element.keys()}))
    inside = [str(one.tag) for one in element.iterchildren(tag=etree.Element)]
    texts = [element.text, *(child.tail for child in element)]
    text = "".join(one for one in texts if one)
    if rule.children is None:
        yield from (f"{name}: {one} in a text" for one in inside)
        if rule.is_number and not _NUMBER.fullmatch(text):
            yield f"{name}: {text!r} is not a number"
        return
    if text.strip(" \t\r\n"):
        yield f"{name}: {text!r} is not allowed"
    for child in element.iterchildren(tag=etree.Element):
        if child.tag in rule.children:
            yield from _violations(child)
        elif child.tag in rules():
            yield f"{name}: {child.tag} is not allowed"


def documents() -> Iterator[str]:
    """Yield documents, valid and not: each element with each child, attribute and text."""
    yield "<other/>"
    for name in rules():
        yield from (_inside(name, one) for one in _elements(name))
        yield f"<{name} {_attributes(rules()[name].requires)}/>"


def disagreements(schema: etree.RelaxNG) -> list[str]:
    """Return the documents about which a RELAX NG schema and the table disagree."""
    return [
        one
        for one in documents()
        if schema.validate(root := etree.fromstring(one)) == bool(violations(root))
    ]


def _elements(name: str) -> Iterator[str]:
    """Yield an element that is as short as possible, and then with one change each."""
    required = rules()[name].requires
    plain = _attributes(required)
    text = "1" if rules()[name].is_number else ""
    yield f"<{name} {plain}>{text}</{name}>"
    yield f'<{name} {plain} other="" xmlns:x="urn:x" x:type="">{text}</{name}>'
    yield f'<{name} {plain} xmlns="urn:x">x<port>x</port></{name}>'
    for one in required:
        yield f"<{name} {_attributes(required - {one})}>{text}</{name}>"
    for value in ("x", " ", "<!-- x -->", "<?x y?>", "0", "-1", " +01 ", "1.0", "1 2", "70000"):
        yield f"<{name} {plain}>{value}</{name}>"
    for child in (*rules(), "other"):
        inside = rules().get(child, Rule())
        value = "1" if inside.is_number else ""
        whole = f"<{child} {_attributes(inside.requires)}>{value}</{child}>"
        foreign = f'<{child} xmlns="urn:x">x<port y="z">x</port></{child}>'
        yield from (f"<{name} {plain}>{text}{one}</{name}>" for one in (whole, foreign))
        if child in (rules()[name].children or ()):
            yield f"<{name} {plain}>{whole}{foreign}{whole}</{name}>"


def _inside(name: str, element: str) -> str:
    """Return a document with an element where the draft has it."""
    while name != root_name():
        parent = next(one for one, rule in rules().items() if name in (rule.children or ()))
        element = f"<{parent} {_attributes(rules()[parent].requires)}>{element}</{parent}>"
        name = parent
    return element


def _attributes(names: frozenset[str]) -> str:
    return " ".join(f'{one}="x"' for one in sorted(names))
