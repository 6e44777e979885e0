"""The source of the domains that the settings name."""

from pathlib import Path

import pytest

from tests.making import EXAMPLE_COM
from tests.web.asgi import settings
from waypost.core.address import DomainName
from waypost.core.errors import ProvidersError, SettingsError, StoreError
from waypost.store.external import ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.sql.store import SqlStore
from waypost.wiring.stores import open_pinned, open_store

DOCUMENT = b'{"info": {}}'
FILE = """\
[[provider]]
name = "Example"
domains = ["example.com"]
services = [{ type = "imap", host = "imap.example.com" }]
"""


@pytest.fixture(name="providers")
def _providers(tmp_path: Path) -> Path:
    """Return the path of a providers file with one domain."""
    path = tmp_path / "mail.toml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_samples_come_first(providers: Path) -> None:
    """With `demo`, the samples are served, whatever else the settings name."""
    store = open_store(settings(demo=True, providers=providers))
    assert isinstance(store, MemoryStore)
    assert len(list(store.providers())) > 1


def test_file_comes_before_the_database(providers: Path) -> None:
    """A providers file is read, and its database is not opened."""
    chosen = settings(providers=providers, db_uri="sqlite:////missing/waypost.sqlite")
    store = open_store(chosen)
    assert store.find(EXAMPLE_COM) is not None
    assert store.find(DomainName("example.net")) is None


def test_database(tmp_path: Path) -> None:
    """Without both, the domains are in the database."""
    store = open_store(settings(db_uri=f"sqlite:///{tmp_path}/waypost.sqlite"))
    assert isinstance(store, SqlStore)
    with pytest.raises(StoreError, match="waypost db upgrade"):
        store.find(EXAMPLE_COM)
    store.close()


def test_mistake_in_a_file(providers: Path) -> None:
    """A providers file with a mistake is refused, with the value that is wrong."""
    providers.write_text(FILE.replace('"imap"', '"imax"'), encoding="utf-8")
    with pytest.raises(ProvidersError, match=r"services\[0\]\.type: .*did you mean imap"):
        open_store(settings(providers=providers))


def test_warnings_of_a_file(providers: Path) -> None:
    """The warnings of a providers file are passed on, and the file is served."""
    warnings: list[str] = []
    store = open_store(settings(providers=providers), warnings.extend)
    assert store.find(EXAMPLE_COM) is not None
    assert len(warnings) == 1
    assert "mail.toml: provider[0]: no outgoing mail service for example.com" in warnings[0]


def test_file_with_domains_of_a_database(providers: Path, tmp_path: Path) -> None:
    """A domain that the file does not have is looked up in the database that the file names."""
    with providers.open("a", encoding="utf-8") as file:
        file.write(
            f'domains_from = "panel"\n[[directory]]\nname = "panel"\nkind = "sql"\n'
            f'uri = "sqlite:///{tmp_path}/none/panel.sqlite"\n'
            "domains_query = \"SELECT 1 WHERE :domain = 'example.net'\"\n"
        )
    store = open_store(settings(providers=providers))
    assert isinstance(store, ExternalStore)
    assert store.find(EXAMPLE_COM) is not None
    with pytest.raises(StoreError, match="panel"):
        store.find(DomainName("example.net"))


def test_pinned_document_of_a_file(providers: Path) -> None:
    """A PACC document of a domain in a providers file is in another file of the same folder."""
    with open_pinned(settings(providers=providers)) as pinned:
        pinned.pin(EXAMPLE_COM, DOCUMENT)
    with open_pinned(settings(providers=providers)) as pinned:
        assert pinned.all() == {"example.com": DOCUMENT}
    assert {path.name for path in providers.parent.iterdir()} >= {"mail.toml.pacc.json"}
    assert providers.read_text(encoding="utf-8") == FILE


def test_pinned_document_of_a_database(tmp_path: Path) -> None:
    """Without a providers file, a PACC document is in the database."""
    with (
        pytest.raises(StoreError, match="there is no database file"),
        open_pinned(settings(db_uri=f"sqlite:///{tmp_path}/waypost.sqlite")) as pinned,
    ):
        pinned.all()


def test_no_pinned_document_of_the_samples() -> None:
    """Nothing is pinned for the samples, which cannot be changed."""
    with pytest.raises(SettingsError, match=r"^demo: "), open_pinned(settings(demo=True)):
        pass
