"""How much of Waypost a handler imports: `web.app_context` names protocols, not stores."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import PACKAGE, modules

HANDLERS = {
    # the module below waypost.web.public, and how many modules of Waypost it may import
    "handlers.autoconfig": 39,
    "handlers.autodiscover": 47,
    "handlers.autodiscover_json": 47,
    "handlers.health": 35,
    "handlers.initdb": 36,
    "handlers.mobileconfig": 45,
    "handlers.old_links": 61,
    "handlers.pacc": 41,
    "handlers.wellknown": 38,
    "page.landing_page": 60,
}
IMPORT = """
import sys
import waypost.web.public.{name}
print(*sys.modules)
"""
ADMIN_START = """
import asyncio, sys
import waypost.web.admin.server
from waypost.settings import load_from_process
from waypost.wiring.runtime import wire
asyncio.run(wire(load_from_process({flags}).settings).close())
print(*sys.modules)
"""
PROVIDERS = """
[[provider]]
name = "Example"
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""
# What no answer needs before its parts are joined.
PARTS = {"database", "directory", "importers", "profiles", "providers_file", "settings", "store"}
LIBRARIES = {"alembic", "cryptography", "prometheus_client", "pydantic", "sqlalchemy", "uvicorn"}


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_imports_little(name: str) -> None:
    """A handler imports neither stores nor directories, and only a few modules."""
    code = IMPORT.format(name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = done.stdout.split()
    own = [one.split(".") for one in imported if one.partition(".")[0] == "waypost"]
    assert {one[1] for one in own if len(one) > 1} & PARTS == set()
    assert LIBRARIES & {*imported} == set()
    assert len(own) <= HANDLERS[name], own


def test_the_table_has_every_handler() -> None:
    """The table above has each module of the handlers."""
    folder = "web.public.handlers."
    names = {one.name.removeprefix(folder) for one in modules() if one.name.startswith(folder)}
    assert {f"handlers.{name}" for name in names} <= {*HANDLERS}


def test_the_server_imports_no_database() -> None:
    """Only a worker with a database has SQLAlchemy in memory, and none has Alembic."""
    code = "import sys, waypost.cli.start_server; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"alembic", "mako", "sqlalchemy"} & {*done.stdout.split()} == set()


@pytest.mark.parametrize("flags", [{"demo": True}, {"providers": "mail.toml"}])
def test_the_admin_process_starts_with_little(tmp_path: Path, flags: dict[str, object]) -> None:
    """The admin process starts without FastAPI, the API, the pages, and without a database."""
    (tmp_path / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    done = subprocess.run(
        [sys.executable, "-c", ADMIN_START.format(flags=flags)],
        cwd=tmp_path,
        env=kept | {"HOME": f"{tmp_path}", "PYTHONPATH": f"{PACKAGE.parent}"},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {*done.stdout.split()}
    assert {"alembic", "fastapi", "jinja2", "sqlalchemy"} & imported == set()
    parts = ("waypost.admin.", "waypost.web.admin.api", "waypost.web.admin.pages.")
    # The numbers of requests are counted from the start on.
    own = {one for one in imported if one.startswith(parts)} - {"waypost.web.admin.pages.traffic"}
    assert own == set()
