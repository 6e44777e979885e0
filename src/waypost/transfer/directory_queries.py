"""The rules for the statements of a directory of the kind sql."""

import enum
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
# Drivers' own mark, which is a plain character inside quotes.
_MARK: Final = re.compile(r"\?")


class QueryRule(enum.StrEnum):
    """What a statement must keep; docs/directories/sql.md has each with its cure."""

    SELECT = "must be a SELECT, or a WITH that ends in one"
    QUOTE = "has a quotation mark without its partner"
    ONE = "must be one statement, without a semicolon in it"
    COMMENT = "must not hold a comment"
    WRITES = "holds {word}, but may only read; quote it if it is a name"
    BUILT = "holds {found}, which is not bound; write {known}, without quotes around it"
    QUOTED = "holds :{name} inside quotes, where it is only text; take the quotes away"
    COLON = "holds :{name} inside quotes; write \\:{name} where a text has a colon"
    CAST = "holds :{name}:: ; write CAST(:{name} AS ...) instead"
    UNKNOWN = ":{name} is not known; known are {known}"
    NO_USER = "must hold :address or :local_part, or it finds the same for all users of a domain"
    NO_DOMAIN = "must hold :domain"


def check_query(text: str, names: tuple[str, ...] = QUERY_NAMES) -> str:
    """Return a SELECT back whose values are bound.

    Args:
        text: one statement.
        names: what may be bound. Where an address is known, its local part must count.

    Raises:
        RuleBroken: names the rule, and what to write instead.
    """
    known = ", ".join(f":{name}" for name in names)
    bare = _QUOTED.sub("''", text)
    _check_statement(bare)
    if built := _BUILT.search(text) or _MARK.search(bare):
        raise _broken(QueryRule.BUILT, found=built[0], known=known)
    for part in _QUOTED.findall(text):
        if inside := _BOUND.search(part):
            rule = QueryRule.QUOTED if inside[1] in names else QueryRule.COLON
            raise _broken(rule, name=inside[1])
    if cast := _CAST.search(text):
        raise _broken(QueryRule.CAST, name=cast[1])
    bound = _BOUND.findall(bare)
    if unknown := next((name for name in bound if name not in names), None):
        raise _broken(QueryRule.UNKNOWN, name=unknown, known=known)
    if "address" in names and not {"address", "local_part"} & set(bound):
        raise _broken(QueryRule.NO_USER)
    if not bound:
        raise _broken(QueryRule.NO_DOMAIN)
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
        raise _broken(QueryRule.SELECT)
    if re.search(r"['\"`]", bare.replace("''", "")):
        raise _broken(QueryRule.QUOTE)
    if ";" in bare.strip().rstrip(";"):
        raise _broken(QueryRule.ONE)
    if "--" in bare or "/*" in bare:
        raise _broken(QueryRule.COMMENT)
    if found := _WRITES.search(bare):
        raise _broken(QueryRule.WRITES, word=found[0].upper())


def _broken(rule: QueryRule, **fields: str) -> RuleBroken:
    return RuleBroken(rule.format(**fields))
