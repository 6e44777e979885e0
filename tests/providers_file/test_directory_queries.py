"""Statements of SQL directories: which are accepted, and why others are refused."""

import re

import pytest
import sqlalchemy as sa
from hypothesis import example, given
from hypothesis import strategies as st

from waypost.providers_file.directories.queries import (
    DOMAINS_QUERY_NAMES,
    QUERY_NAMES,
    check_domains_query,
    check_query,
)
from waypost.providers_file.validators import RuleBroken

S = "SELECT username AS login FROM mailbox WHERE "
GOOD = [
    # statement, bound parameters
    (f"{S}username = :address", {"address"}),
    (f"{S}username = :address;", {"address"}),
    (f"{S}username=:address AND active='1'", {"address"}),
    (f"{S}local_part = :local_part AND domain = :domain", {"local_part", "domain"}),
    (f"{S}username = :address OR mail = :address", {"address"}),
    (f"{S}username LIKE 'x%' AND username = :address", {"address"}),
    (f"{S}username NOT LIKE '%x' AND username = :address", {"address"}),
    (f"{S}username NOT LIKE '%d%' AND username = :address", {"address"}),
    (f"{S}note = 'why?' AND username = :address", {"address"}),
    (f"{S}note = 'it''s 10:30; -- no /* comment */' AND username = :address", {"address"}),
    (f"{S}note = 'at \\:noon' AND username = :address", {"address"}),
    (f'{S}"update" = 1 AND `delete` = 2 AND username = :address', {"address"}),
    (f"{S}created > now()::date AND username = :address", {"address"}),
    (f"{S}username = CAST(:address AS text)", {"address"}),
    (f"{S}attributes->>'$.host' = 'a' AND username = :address", {"address"}),
    (f"{S}delete_pending = 0 AND replace(username, 'a', 'b') = :address", {"address"}),
    (f"{S}a = $$ AND b = $ :address $ AND c = '$'", {"address"}),
    (f"{S}id % 2 = 1 AND username = :address", {"address"}),
    (f"({S}username = :address) UNION (SELECT 'a' AS login)", {"address"}),
    (f"with x as (select 1) {S.lower()}username = lower(:address)", {"address"}),
    (f"\n  {S}\n  username = :address\n", {"address"}),
]


@pytest.mark.parametrize(("text", "bound"), GOOD)
def test_good_queries(text: str, bound: set[str]) -> None:
    """A statement that binds the address is accepted, and SQLAlchemy binds the same parameters."""
    assert check_query(text) == text
    assert set(sa.text(text).compile().params) == bound


BAD = [
    # statement, rule
    ("", "must be a SELECT"),
    ("UPDATE mailbox SET name = :address", "must be a SELECT"),
    ("SELECTED :address", "must be a SELECT"),
    ("CALL find(:address)", "must be a SELECT"),
    ("WITH x AS (VALUES (1)) TABLE x WHERE a = :address", "must be a SELECT"),
    ("EXPLAIN SELECT :address", "must be a SELECT"),
    (f"{S}username = :address; TRUNCATE mailbox", "must be one statement"),
    (f"{S}username = :address; {S}username = :address", "must be one statement"),
    (f"{S}username = :address -- all", "must not contain a comment"),
    (f"{S}/* all */ username = :address", "must not contain a comment"),
    ("WITH x AS (DELETE FROM a RETURNING *) SELECT * FROM x WHERE b = :address", "contains DELETE"),
    (f"{S}username = :address FOR UPDATE", "contains UPDATE, but may only read"),
    ("SELECT a INTO OUTFILE '/tmp/x' FROM b WHERE c = :address", "contains INTO"),
    (f"{S}username = :address AND name = 'open", "an unclosed quotation mark"),
    (f'{S}username = :address AND "name = 1', "an unclosed quotation mark"),
    # Placeholders of other programs.
    (
        f"{S}username = '%s'",
        "contains %s, which is not bound; write :address, :local_part, :domain",
    ),
    (f"{S}username = %s", "contains %s, which is not bound"),
    (f"{S}username = '%u'", "contains %u, which is not bound"),
    (f"{S}username = '%Lu'", "contains %Lu, which is not bound"),
    (f"{S}local_part = '%n' AND domain = '%d'", "contains %n, which is not bound"),
    (f"{S}domain = '%d' AND username = :address", "contains %d, which is not bound"),
    (f"{S}username = '%1'", "contains %1, which is not bound"),
    (f"{S}username = '%{{user}}'", "contains %{user}, which is not bound"),
    (f"{S}username = '%{{user|username}}'", "contains %{user|username}, which is not bound"),
    (f"{S}username = %(address)s", "contains %(address)s, which is not bound"),
    (f"{S}username = '{{0}}'", "contains {0}, which is not bound"),
    (f"{S}username = {{}}", "contains {}, which is not bound"),
    (f"{S}username = '{{address}}'", "contains {address}, which is not bound"),
    (f"{S}username = ?", "contains ?, which is not bound"),
    (f"{S}username = $1", "contains $1, which is not bound"),
    (f"{S}username = '$user'", "contains $user, which is not bound"),
    (f"{S}username = '${{user}}'", "contains ${user}, which is not bound"),
    (f"{S}username = '%EMAILADDRESS%'", "contains %EMAILADDRESS%, which is not bound"),
    (f"{S}username = '%emaillocalpart%'", "contains %emaillocalpart%, which is not bound"),
    (f"{S}username = '%s' AND x = :address", "without quotes around it"),
    # Names.
    (f"{S}username = ':address'", "contains :address inside quotes, where it is only text"),
    (f"{S}username LIKE '% :domain' AND a = :address", "contains :domain inside quotes"),
    (f"{S}note = 'at :noon' AND username = :address", "write \\:noon for a literal colon"),
    (f"{S}username = :adress", ":adress is unknown; use :address, :local_part, :domain"),
    (f"{S}username = :ADDRESS", ":ADDRESS is unknown"),
    (f"{S}username = :address AND x = :password", ":password is unknown"),
    (f"{S}username = :address::text", "contains :address:: ; write CAST(:address AS ...) instead"),
    (f"{S}username = $:address", "contains $:address; write a space between a parameter and a"),
    (f"{S}username = $$:address$$", "contains $:address; write a space between"),
    (f"{S}username = :address$", "contains :address$; write a space between"),
    (f"{S}active", "must contain :address or :local_part"),
    (f"{S}username = \\:address", "must contain :address or :local_part"),
    (f"{S}domain = :domain", "must contain :address or :local_part; otherwise"),
]


@pytest.mark.parametrize(("text", "rule"), BAD)
def test_bad_queries(text: str, rule: str) -> None:
    """Any other statement is refused with the broken rule, and with what to write instead."""
    with pytest.raises(RuleBroken) as caught:
        check_query(text)
    assert rule in str(caught.value)


D = "SELECT 1 FROM domain WHERE "
BAD_DOMAINS = [
    # statement, rule
    (f"{D}domain = :address", ":address is unknown; use :domain"),
    (f"{D}domain = '%s'", "contains %s, which is not bound; write :domain"),
    (f"{D}active", "must contain :domain"),
]


def test_good_domains_query() -> None:
    """A statement that finds a domain binds only the domain."""
    assert check_domains_query(f"{D}domain = :domain AND active = '1'")


@pytest.mark.parametrize(("text", "rule"), BAD_DOMAINS)
def test_bad_domains_queries(text: str, rule: str) -> None:
    """A statement that finds a domain has no parameters of users."""
    with pytest.raises(RuleBroken) as caught:
        check_domains_query(text)
    assert rule in str(caught.value)


PIECES = st.sampled_from(
    [
        *(" ", "a", ":", "::", "\\", "'", "''", '"', "`", "%", "?", ";", "$", "(", ")", "="),
        *(":address", ":local_part", ":domain", ":x", ":address:", "%s", "LIKE 'x%'", "-", "_"),
        *("SELECT ", "WITH ", "1", "\n", "\u00e4", "{", "}", "' :address '", "\\:address"),
    ]
)


@given(rest=st.lists(PIECES, max_size=12).map("".join))
@example(rest=":local_part a:address")
@example(rest=" a = :address::text")
@example(rest=" a::text = :address")
@example(rest="':x:address'")
@example(rest=" a = :address AND b = $:domain")
@example(rest=" a = :address AND b = :domain$")
def test_accepted_statements_bind_only_known_names(rest: str) -> None:
    """In any accepted statement, SQLAlchemy binds only known names, and none in quotes."""
    for names, check in ((QUERY_NAMES, check_query), (DOMAINS_QUERY_NAMES, check_domains_query)):
        text = f"SELECT a FROM b WHERE {rest}"  # noqa: S608 -- it is what is tested
        try:
            check(text)
        except RuleBroken:
            continue
        bound = set(sa.text(text).compile().params)
        assert bound
        assert bound <= set(names)
        for name in names:
            # After a letter, the name is a part of another word.
            stands_alone = re.search(rf"(?<![\w\\:]):{name}", text) is not None
            assert stands_alone == (name in bound)
