"""Changes of access without a database file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.admin.access.test_tokens import TENANT
from tests.admin.cases import ROOT
from waypost.admin.access.secret_text import LINK_PREFIX, new_secret
from waypost.admin.access.sessions import Sessions
from waypost.admin.access.tokens import Tokens
from waypost.core.errors import StoreError
from waypost.database.engine import Engine, open_engine

CHANGES: dict[str, Callable[[Engine], object]] = {
    "a link of a stranger": lambda one: Sessions(one).sign_in_by_link(new_secret(LINK_PREFIX), ""),
    "a new link": lambda one: Sessions(one).create_link("ada", TENANT, by=ROOT),
    "a sign-in at a provider": lambda one: Sessions(one).sign_in("ada", TENANT, None),
    "a refused sign-in": lambda one: Sessions(one).note_refusal("ada", None, "no_role"),
    "a new token": lambda one: Tokens(one).create("panel", TENANT, by=ROOT),
    "a revoked token": lambda one: Tokens(one).revoke("aaaaaaaaaaaa", by=ROOT),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_file_is_created(tmp_path: Path, change: Callable[[Engine], object]) -> None:
    """No change of access creates a SQLite file, and the error says how to create one."""
    path = tmp_path / "state" / "waypost.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    try:
        with pytest.raises(StoreError, match=r"no database file .*`waypost db upgrade`"):
            change(engine)
    finally:
        engine.dispose()
    assert not path.parent.exists()
