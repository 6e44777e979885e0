"""The directories of the settings."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.making import ALICE
from tests.web.asgi import settings
from waypost.core.model import DirectoryLimits, Secret, SqlDirectory
from waypost.runtime.metrics import Metrics
from waypost.wiring.directories import open_directories


def test_user_is_found_and_kept(tmp_path: Path) -> None:
    """A directory is opened for its first user, whose answer is kept when the database is gone."""
    path = tmp_path / "users.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE user (address TEXT, login TEXT)")
        connection.execute("INSERT INTO user VALUES ('alice@example.com', 'a17')")
        connection.commit()
    users = SqlDirectory(
        "users",
        Secret(f"sqlite:///{path}"),
        "SELECT login FROM user WHERE address = :address",
        limits=DirectoryLimits(ttl_seconds=0),
    )

    async def logins() -> list[str | None]:
        directories = open_directories(settings(stale_if_error=60), Metrics())
        found = [await directories.user_for(users, ALICE)]
        path.unlink()
        found.append(await directories.user_for(users, ALICE))
        await directories.close()
        return [None if one is None else one.login_name for one in found]

    assert asyncio.run(logins()) == ["a17", "a17"]
