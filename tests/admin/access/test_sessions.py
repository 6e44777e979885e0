"""Sign-in links and sessions, on each engine."""

from concurrent.futures import ThreadPoolExecutor

import sqlalchemy as sa

from tests.admin.access.test_tokens import TENANT, Clock
from tests.admin.cases import ROOT
from waypost.admin.access.secret_text import SESSION_PREFIX, new_secret
from waypost.admin.access.sessions import (
    ABSOLUTE_SECONDS,
    IDLE_SECONDS,
    LINK_SECONDS,
    Sessions,
    is_csrf_text,
)
from waypost.database.engine import Engine
from waypost.store.sql import admin_schema


def test_a_link_signs_in_once(engine: Engine) -> None:
    """A link makes one session; the session has its name and scope."""
    sessions = Sessions(engine)
    link = sessions.create_link("alice", TENANT, by=ROOT)
    secret = sessions.sign_in_by_link(link, "192.0.2.1")
    assert secret is not None
    session = sessions.find(secret)
    assert session is not None
    assert (session.name, session.scope, session.remote) == ("alice", TENANT, "192.0.2.1")
    assert sessions.sign_in_by_link(link, "192.0.2.1") is None
    assert sessions.find(new_secret(SESSION_PREFIX)) is None
    assert sessions.find(link) is None


def test_two_people_with_one_link(engine: Engine) -> None:
    """Of simultaneous requests with the same link, one gets a session."""
    sessions = Sessions(engine)
    link = sessions.create_link("alice", TENANT, by=ROOT)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: sessions.sign_in_by_link(link, None), range(4)))
    assert sum(secret is not None for secret in found) == 1


def test_a_link_ends(engine: Engine) -> None:
    """A link is valid for ten minutes, and is then removed."""
    clock = Clock()
    sessions = Sessions(engine, clock)
    link = sessions.create_link("alice", TENANT, by=ROOT)
    clock.now += LINK_SECONDS
    assert sessions.sign_in_by_link(link, None) is None
    sessions.create_link("bob", TENANT, by=ROOT)
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(admin_schema.link)) == 1


def test_a_session_ends(engine: Engine) -> None:
    """An idle session ends, and each session ends after twelve hours."""
    clock = Clock()
    sessions = Sessions(engine, clock)
    idle, busy = (sessions.sign_in(name, TENANT, None) for name in ("idle", "busy"))
    start = clock.now
    while clock.now - start < ABSOLUTE_SECONDS:
        assert sessions.find(busy) is not None
        clock.now += IDLE_SECONDS - 1
    assert sessions.find(idle) is None
    assert sessions.find(busy) is None
    assert sessions.list() == []


def test_sign_out_everywhere(engine: Engine) -> None:
    """Sessions end at once, one or several, and no others."""
    sessions = Sessions(engine)
    first, second, other = (sessions.sign_in(name, TENANT, None) for name in ("a", "a", "b"))
    session = sessions.find(first)
    assert session is not None
    assert len(sessions.list("a")) == 2
    sessions.end([session], by=session.principal(None))
    assert sessions.find(first) is None
    assert sessions.find(second) is not None
    sessions.end([session, *sessions.list("a")], by=session.principal(None))
    assert sessions.find(second) is None
    assert sessions.find(other) is not None


def test_forms_of_another_session_are_refused(engine: Engine) -> None:
    """The text in a form belongs to one session, and is not the secret of its cookie."""
    sessions = Sessions(engine)
    secrets = [sessions.sign_in("a", TENANT, None) for _ in range(2)]
    mine, other = (sessions.find(secret) for secret in secrets)
    assert mine is not None
    assert other is not None
    assert is_csrf_text(mine, mine.csrf)
    assert not is_csrf_text(mine, other.csrf)
    assert not is_csrf_text(mine, "")
    assert not is_csrf_text(mine, "é")
    assert secrets[0] not in mine.csrf
    assert not is_csrf_text(sessions.list()[0], "")
