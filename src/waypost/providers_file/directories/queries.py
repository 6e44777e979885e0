"""The rules for the statements of a directory of kind `sql`."""

import enum
import re
from typing import Final

from waypost.providers_file.validators import RuleBroken

QUERY_NAMES: Final = ("address", "local_part", "domain")
DOMAINS_QUERY_NAMES: Final = ("domain",)

_QUOTED: Final = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`")
_BEGINS: Final = re.compile(r"[\s(]*(select|with)\b", re.IGNORECASE)
_SELECT: Final = re.compile(r"\bselect\b", re.IGNORECASE)
# A statement that only reads cannot contain these words; a column of this name needs quotes.
_WRITES: Final = re.compile(
    r"\b(insert|update|delete|merge|into|drop|alter|create|truncate|grant)\b", re.IGNORECASE
)
# The parameters that SQLAlchemy's text() binds. A colon after a backslash, a colon or a word is
# an ordinary colon.
_BOUND: Final = re.compile(r"(?<![:\w\\]):(\w+)")
_CAST: Final = re.compile(r"(?<![:\w\\]):(\w+):")
# SQLAlchemy 2.1.0 takes a dollar sign as a part of the name, and 2.1.9 does not.
_DOLLAR: Final = re.compile(r"\$:\w+|(?<![:\w\\]):\w+\$")
# Placeholders of other programs, which insert strings without binding them. Inside quotes too:
# Dovecot's %u, %Lu and %{user}, Postfix's %s and %d, Python's %(name)s, {0} and {name},
# automx's and Waypost's own placeholders, shells' and PHP's $name.
_FOREIGN_PLACEHOLDER: Final = re.compile(
    r"%EMAIL[A-Z]+%|%\(\w*\)s|%\{[\w|]+\}|%L?[sundwSUNDW1-9](?![\w%])|\$\{?\w+\}?"
    r"|\{\d*\}|\{(?:address|local_part|domain|email|user|username)\}",
    re.IGNORECASE,
)
# The parameter mark of drivers, which is an ordinary character inside quotes.
_QUESTION_MARK: Final = re.compile(r"\?")


class QueryRule(enum.StrEnum):
    """The rules for a statement; docs/directories/sql.md has each rule with its fix."""

    SELECT = "must be a SELECT, or a WITH that ends in a SELECT"
    QUOTE = "has an unclosed quotation mark"
    ONE = "must be one statement, without a semicolon inside"
    COMMENT = "must not contain a comment"
    WRITES = "contains {word}, but may only read; quote it if it is a name"
    BUILT = "contains {found}, which is not bound; write {known}, without quotes around it"
    QUOTED = "contains :{name} inside quotes, where it is only text; remove the quotes"
    COLON = "contains :{name} inside quotes; write \\:{name} for a literal colon"
    CAST = "contains :{name}:: ; write CAST(:{name} AS ...) instead"
    DOLLAR = "contains {found}; write a space between a parameter and a dollar sign"
    UNKNOWN = ":{name} is unknown; use {known}"
    NO_USER = "must contain :address or :local_part; otherwise all users get the same result"
    NO_DOMAIN = "must contain :domain"


def check_query(text: str, names: tuple[str, ...] = QUERY_NAMES) -> str:
    """Check that a statement is a SELECT with bound values, and return the statement.

    Args:
        text: one statement.
        names: the parameters that may be bound. If `address` is one of them, the statement must
            depend on the user.

    Raises:
        RuleBroken: the message has the rule, and what to write instead.
    """
    known = ", ".join(f":{name}" for name in names)
    unquoted = _QUOTED.sub("''", text)
    _check_statement(unquoted)
    if foreign := _FOREIGN_PLACEHOLDER.search(text) or _QUESTION_MARK.search(unquoted):
        raise _broken(QueryRule.BUILT, found=foreign[0], known=known)
    for part in _QUOTED.findall(text):
        if inside := _BOUND.search(part):
            rule = QueryRule.QUOTED if inside[1] in names else QueryRule.COLON
            raise _broken(rule, name=inside[1])
    if cast := _CAST.search(text):
        raise _broken(QueryRule.CAST, name=cast[1])
    if dollar := _DOLLAR.search(text):
        raise _broken(QueryRule.DOLLAR, found=dollar[0])
    bound = _BOUND.findall(unquoted)
    if unknown := next((name for name in bound if name not in names), None):
        raise _broken(QueryRule.UNKNOWN, name=unknown, known=known)
    if "address" in names and not {"address", "local_part"} & set(bound):
        raise _broken(QueryRule.NO_USER)
    if not bound:
        raise _broken(QueryRule.NO_DOMAIN)
    return text


def check_domains_query(text: str) -> str:
    """Check a statement that finds a domain, and return the statement.

    Raises:
        RuleBroken: the message has the rule, and what to write instead.
    """
    return check_query(text, DOMAINS_QUERY_NAMES)


def _check_statement(unquoted: str) -> None:
    """Check that a statement, without its quoted parts, is one SELECT."""
    if not _BEGINS.match(unquoted) or not _SELECT.search(unquoted):
        raise _broken(QueryRule.SELECT)
    if re.search(r"['\"`]", unquoted.replace("''", "")):
        raise _broken(QueryRule.QUOTE)
    if ";" in unquoted.strip().rstrip(";"):
        raise _broken(QueryRule.ONE)
    if "--" in unquoted or "/*" in unquoted:
        raise _broken(QueryRule.COMMENT)
    if write_word := _WRITES.search(unquoted):
        raise _broken(QueryRule.WRITES, word=write_word[0].upper())


def _broken(rule: QueryRule, **fields: str) -> RuleBroken:
    return RuleBroken(rule.format(**fields))
