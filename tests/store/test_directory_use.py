"""The number of domains of each directory, on each engine."""

from tests.database.statements import recorded_statements
from tests.making import domain
from waypost.core.model import (
    Catalog,
    Directory,
    DirectoryPolicy,
    Domain,
    FileDirectory,
    LdapServer,
    Secret,
    SqlDirectory,
)
from waypost.database.engine import Engine, read_connection, read_snapshot, write_transaction
from waypost.store.sql import schema
from waypost.store.sql.directory_use import directories_in_use, stored_directories
from waypost.store.sql.sync.catalog import write_catalog

LDAP = LdapServer(42, "ldap.example.com", 636, True, "dc=x", "(mail={0})", "uid")
IDLE = LdapServer(43, "idle.example.com", 636, True, "dc=x", "(mail={0})", "uid")
PEOPLE = FileDirectory("people", "/etc/waypost/users.csv")
STAFF = SqlDirectory("staff", Secret("sqlite:////staff.sqlite"), query="SELECT :address AS login")


def _domain(name: str, directory: Directory | None) -> Domain:
    plain = domain(name)
    users = None if directory is None else DirectoryPolicy(directory)
    return Domain(plain.pattern, plain.provider, plain.services, users)


def _fill(engine: Engine) -> None:
    pointers: list[Directory | None] = [LDAP, PEOPLE, PEOPLE, None, PEOPLE]
    domains = tuple(_domain(f"d{n}.example", one) for n, one in enumerate(pointers))
    with write_transaction(engine) as connection:
        write_catalog(connection, Catalog(domains, (LDAP, IDLE, PEOPLE, STAFF)))


def test_domains_are_counted(engine: Engine) -> None:
    """Each directory comes with its number of domains, even if it is 0."""
    _fill(engine)
    with read_snapshot(engine) as connection:
        found = directories_in_use(connection)
    assert found == [(LDAP, 1), (IDLE, 0), (PEOPLE, 3), (STAFF, 0)]
    with read_connection(engine) as connection:
        assert stored_directories(connection) == [LDAP, IDLE, PEOPLE, STAFF]


def test_waypost_comes_before_automx2(engine: Engine) -> None:
    """A domain that refers to both kinds of rows counts for the directory that it uses."""
    _fill(engine)
    with write_transaction(engine) as connection:
        connection.execute(schema.domain.update().values(ldapserver_id=42))
    with read_snapshot(engine) as connection:
        counts = {one.label: count for one, count in directories_in_use(connection)}
    assert counts == {"ldapserver-42": 2, "ldapserver-43": 0, "people": 3, "staff": 0}


def test_domains_are_counted_by_the_database(engine: Engine) -> None:
    """No domain is fetched for the count, however many there are."""
    _fill(engine)
    with read_snapshot(engine) as connection, recorded_statements(engine) as statements:
        directories_in_use(connection)
    texts = [" ".join(statement.lower().split()) for statement in statements]
    asked = [text for text in texts if "from domain" in text]
    assert len(asked) == 2
    assert all("count(" in text and "group by" in text for text in asked)
