"""How much of Waypost a handler imports: `web.app_context` names protocols, not stores."""

import subprocess
import sys

import pytest

from tests.architecture.source import modules

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
