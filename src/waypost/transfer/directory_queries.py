"""The rules for the statements of a directory of the kind sql."""

import re
from typing import Final

from waypost.transfer.rules import RuleBroken

QUERY_NAMES: Final = ("address", "local_part", "domain")
DOMAINS_QUERY_NAMES: Final = ("domain",)

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
_BEGINS: Final = re.compile(r"[\s(]*(select|with)\b", re.IGNORECASE)
_SELECT: Final = re.compile(r"\bselect\b", re.IGNORECASE)
# None of them can stand in a statement that only reads; a column of this name needs quotes.
_WRITES: Final = re.compile(
    r"\b(insert|update|delete|merge|into|drop|alter|create|truncate|grant)\b", re.IGNORECASE
)
# What SQLAlchemy's text() binds; a colon after a backslash, a colon or a word is a plain one.
_BOUND: Final = re.compile(r"(?<![:\w\\]):(\w+)")
_CAST: Final = re.compile(r"(?<![:\w\\]):(\w+):")
# How others put texts into statements, without binding them. Inside quotes as well:
# Dovecot's %u, %Lu and %{user}, Postfix's %s and %d, Python's %(name)s, {0} and {name},
# automx's and Waypost's own placeholders, shells' and PHP's $name.
_BUILT: Final = re.compile(
    r"%EMAIL[A-Z]+%|%\(\w*\)s|%\{[\w|]+\}|%L?[sundwSUNDW1-9](?![\w%])|\$\{?\w+\}?"
    r"|\{\d*\}|\{(?:address|local_part|domain|email|user|username)\}",
    re.IGNORECASE,
)
# Drivers' own ways, which are plain characters inside quotes.
_MARKS: Final = re.compile(r"\?")


def check_query(text: str, names: tuple[str, ...] = QUERY_NAMES) -> str:
    """Give a SELECT back whose values are bound.

    Args:
        text: one statement.
        names: what may be bound. Where an address is known, its local part must count.

    Raises:
        RuleBroken: names the rule, and what to write instead.
    """
    known = ", ".join(f":{name}" for name in names)
    bare = _QUOTED.sub("''", text)
    _check_statement(bare)
    if built := _BUILT.search(text) or _MARKS.search(bare):
        raise RuleBroken(
            f"holds {built[0]}, which is not bound; write {known}, without quotes around it"
        )
    for part in _QUOTED.findall(text):
        if inside := _BOUND.search(part):
            raise RuleBroken(_quoted(inside[1], names))
    if cast := _CAST.search(text):
        name = cast[1]
        raise RuleBroken(f"holds :{name}: ; write CAST(:{name} AS ...) instead of :{name}::...")
    bound = _BOUND.findall(bare)
    if unknown := next((name for name in bound if name not in names), None):
        raise RuleBroken(f":{unknown} is not known; known are {known}")
    if not set(bound) & ({"address", "local_part"} & set(names) or set(names)):
        also = ", or it finds the same for all users of a domain" if "domain" in bound else ""
        needed = ":address or :local_part" if "address" in names else known
        raise RuleBroken(f"must hold {needed}{also}")
    return text


def check_domains_query(text: str) -> str:
    """Do the same for a statement that looks for a domain.

    Raises:
        RuleBroken: names the rule, and what to write instead.
    """
    return check_query(text, DOMAINS_QUERY_NAMES)


def _check_statement(bare: str) -> None:
    """Refuse what is not one SELECT; all that stands in quotes is gone already."""
    if not _BEGINS.match(bare) or not _SELECT.search(bare):
        raise RuleBroken("must be a SELECT, or a WITH that ends in one")
    if re.search(r"['\"`]", bare.replace("''", "")):
        raise RuleBroken("has a quotation mark without its partner")
    if ";" in bare.strip().rstrip(";"):
        raise RuleBroken("must be one statement, without a semicolon in it")
    if "--" in bare or "/*" in bare:
        raise RuleBroken("must not hold a comment")
    if found := _WRITES.search(bare):
        raise RuleBroken(f"holds {found[0].upper()}, but may only read; quote it if it is a name")


def _quoted(name: str, names: tuple[str, ...]) -> str:
    if name in names:
        return f"holds :{name} inside quotes, where it is only text; take the quotes away"
    return f"holds :{name} inside quotes; write \\:{name} where a text has a colon"
