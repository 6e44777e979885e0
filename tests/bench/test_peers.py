"""The locks of the other servers."""

import json
import re
import sys
from pathlib import Path

import pytest
from bench.peers import installed
from bench.peers.installed import REQUIREMENTS, SOURCE

from tests.automx2.test_side_by_side import NEWEST

AUTOMX2 = (SOURCE / "automx2.txt").read_text(encoding="utf-8")


def test_automx2_is_locked() -> None:
    """Every library has hashes, no line names a host, and automx2 is the release of the tests."""
    entries = re.findall(r"^[a-z0-9-]+==.*(?:\n .*)*", AUTOMX2, re.MULTILINE)
    assert len(entries) > 10
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in AUTOMX2
    assert f"automx2=={NEWEST} " in AUTOMX2


def test_koa_is_locked() -> None:
    """Every library has a hash, and none has the address of an index."""
    lock = json.loads((SOURCE / "koa/package-lock.json").read_text(encoding="utf-8"))
    libraries = {name: one for name, one in lock["packages"].items() if name}
    assert "node_modules/koa" in libraries
    assert all("integrity" in one and "resolved" not in one for one in libraries.values())


def test_environment_of_waypost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Waypost runs with its own libraries only if they were installed by the current lock."""
    monkeypatch.setattr(installed, "WAYPOST", tmp_path)
    for lock, is_used in ((b"", False), (REQUIREMENTS.read_bytes(), True)):
        assert installed.waypost_python() == Path(sys.executable)
        assert "make bench-peers" in installed.waypost_note()
        (tmp_path / "done").write_bytes(lock)
        assert (installed.waypost_python() == tmp_path / "bin/python") == is_used
    assert installed.waypost_note() == ""
