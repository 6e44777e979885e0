"""Whether a principal sees a provider, read from a database and from a providers file."""

import pytest

from tests.admin.cases import INC, ROOT, served, tenant
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.readers import CatalogReader, DatabaseReader, check_provider, open_reader
from waypost.core.errors import ObjectNotFound
from waypost.core.model import Provider
from waypost.store.sql.sync.catalog import read_catalog

NAMES = (INC, INC.lower(), "Unused AG", "Absent", "", "a\0b", "\ud800", "%", "x" * 5000)
PRINCIPALS = (
    ROOT,
    tenant("example.com"),
    tenant("*.example.com"),
    tenant("absent.test"),
    tenant(provider=INC),
    tenant(provider="Unused AG"),
    tenant("absent.test", provider=INC),
    tenant(provider="Absent"),
)


def test_provider_that_a_principal_sees(any_admin: Admin) -> None:
    """One provider is found if and only if the list of all providers has it."""
    any_admin.put_provider("Unused AG", {})
    any_admin.put_domain("other.test", served())
    assert any_admin.source.engine is not None
    with open_reader(any_admin.source) as reader:
        assert isinstance(reader, DatabaseReader)
        for one in (reader, CatalogReader(read_catalog(reader.connection))):
            for principal in PRINCIPALS:
                listed = {provider.name for provider in one.providers(principal)}
                seen = {name for name in NAMES if one.has_provider(principal, name)}
                assert seen == listed.intersection(NAMES), principal


def test_other_providers_are_not_read(any_admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The names of all providers are read only to suggest one for a name that does not exist."""
    reads: list[Principal] = []

    def providers(_reader: DatabaseReader, principal: Principal) -> list[Provider]:
        reads.append(principal)
        return [Provider(INC, INC)]

    monkeypatch.setattr(DatabaseReader, "providers", providers)
    with open_reader(any_admin.source) as reader:
        check_provider(reader, ROOT, INC)
        assert reads == []
        with pytest.raises(ObjectNotFound, match=f"did you mean '{INC}'"):
            check_provider(reader, ROOT, INC[:-1])
    assert reads == [ROOT]
