"""Database URIs with unusual text in each part: one line of error, and no password."""

from pathlib import Path

import pytest

from tests.cli.conftest import Waypost

SECRET = "hunter2"
LONG = "a" * 300
URIS = [
    # URI, what is said
    (f"sqlite://u:{SECRET}@h/x", "with four slashes"),
    ("sqlite://u:p@h/x", "with four slashes"),
    ("sqlite://h/x", "with four slashes"),
    ("sqlite://h", "with four slashes"),
    ("sqlite:", "must be a database URI"),
    ("sqlite:///folder/", "unable to open database file"),
    ("sqlite:///folder", "unable to open database file"),
    ("sqlite:///a%00b", "NUL character"),
    ("sqlite:///file:/tmp/a%00b?uri=true", "NUL character"),
    (f"sqlite:///{LONG}", "too long"),
    ("sqlite:///" + "a/" * 3000, "too long"),
    ("sqlite:///é.db", "there is no "),
    ("sqlite:///a\x07b.db", "there is no "),
    ("sqlite:///x?timeout=soon", "the driver rejected"),
    ("sqlite+nothing:///x", "Waypost does not support"),
    (f"nothing://u:{SECRET}@h/x", "Waypost does not support"),
    (f"oracle://u:{SECRET}@h/x", "is not installed"),
    ("", "must be a database URI"),
    ("://", "must be a database URI"),
    (f"postgresql://u:{SECRET}@h:abc/x", "is not a database URI"),
    (f"postgresql://u:{SECRET}@[::1/x", "is not a database URI"),
    (f"postgresql://u:{SECRET}@127.0.0.1:99999/x", "port"),
    (f"mysql://u:{SECRET}@127.0.0.1:1/é", "check the host and the port"),
    (f"mysql://u:{SECRET}@{LONG}/x", "label too long"),
]


@pytest.mark.parametrize("command", [("domain", "list"), ("db", "status")], ids=" ".join)
@pytest.mark.parametrize(("uri", "said"), URIS, ids=lambda one: f"{one}"[:40])
def test_unusual_uris(waypost: Waypost, command: tuple[str, ...], uri: str, said: str) -> None:
    """A URI that cannot be used is an error with the reason, and without the password."""
    Path("folder").mkdir()
    done = waypost(*command, "--db-uri", uri)
    everything = f"{done.out}{done.err}{done.databases}"
    # `db status` answers with 1 where there is no file yet.
    assert done.code == 2 or (done.code == 1 and command[0] == "db"), everything
    assert said in everything
    assert SECRET not in everything
    assert "Traceback" not in everything
