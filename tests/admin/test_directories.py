"""Secrets of directories, which no token and no person may get out of Waypost."""

import pytest

from waypost.admin.facade import Admin
from waypost.admin.principal import Principal, Role
from waypost.core.errors import InvalidObject

WRITER = Principal("writer", "token", Role.WRITE)
LDAP = {"kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x", "bind_user": "cn=x"}
SERVER = {"host": "l.example", "port": 636, "use_ssl": True, "search_base": "dc=x"}
SERVER |= {"search_filter": "(mail={0})", "attr_uid": "uid", "bind_user": "cn=x"}
SQL = {"kind": "sql", "query": "SELECT login FROM users WHERE address = :address"}
OTHER_SERVERS = [
    ("people", {"urls": ["ldaps://evil.example"]}, "bind_password"),
    ("people", {"urls": ["ldap://l.example"], "security": "none"}, "bind_password"),
    ("people", {"tls_verify": False}, "bind_password"),
    ("ldapserver-1", {"host": "evil.example"}, "bind_password"),
    ("ldapserver-1", {"use_ssl": False}, "bind_password"),
    ("by-file", {"urls": ["ldaps://evil.example"]}, "bind_password_file"),
]
SOURCES = [
    ({**LDAP, "bind_password_file": "/etc/secret"}, "bind_password_file"),
    ({**LDAP, "bind_password_env": "WAYPOST_DB_URI"}, "bind_password_env"),
    ({**SQL, "uri_env": "WAYPOST_DB_URI"}, "uri_env"),
    ({**SQL, "uri_file": "/etc/secret"}, "uri_file"),
    ({**SQL, "uri": "sqlite:////var/lib/waypost/db.sqlite"}, "uri"),
]


@pytest.fixture(name="writer")
def _writer(admin: Admin) -> Admin:
    """Return the use cases of a token without limits; a command has stored directories."""
    admin.put_directory("people", {**LDAP, "bind_password": "hidden"})
    admin.put_directory("ldapserver-1", {**SERVER, "bind_password": "hidden"})
    admin.put_directory("by-file", {**LDAP, "bind_password_file": "/etc/waypost/password"})
    return Admin(admin.source, WRITER)


@pytest.mark.parametrize(("label", "patch", "key"), OTHER_SERVERS)
def test_a_stored_secret_is_not_sent_to_other_servers(
    admin: Admin, writer: Admin, label: str, patch: dict[str, object], key: str
) -> None:
    """Who changes the servers must know the secret; a command on the machine need not."""
    whole = {**writer.get_directory(label).data, **patch}
    for change, data in ((writer.patch_directory, patch), (writer.put_directory, whole)):
        with pytest.raises(InvalidObject) as caught:
            change(label, data)
        assert [path for path, _ in caught.value.mistakes] == [key]
    given = {"bind_password": "new", "bind_password_file": None}
    assert writer.patch_directory(label, {**patch, **given}, dry_run=True).plan.changed
    assert admin.patch_directory(label, patch).written


def test_undo_does_not_send_a_secret_to_other_servers(admin: Admin, writer: Admin) -> None:
    """An operator who repairs the servers of a directory can use a secret again."""
    evil = {"urls": ["ldaps://evil.example"], "bind_password": "x"}
    writer.patch_directory("people", evil)
    repaired = admin.patch_directory("people", {"urls": LDAP["urls"], "bind_password": "hidden"})
    with pytest.raises(InvalidObject, match="bind_password"):
        writer.undo(repaired.audit_id or 0)


@pytest.mark.parametrize(("data", "key"), SOURCES)
def test_no_secrets_of_the_machine(
    admin: Admin, writer: Admin, data: dict[str, object], key: str
) -> None:
    """A token cannot make Waypost read a file or a variable, and send it to a server."""
    with pytest.raises(InvalidObject) as caught:
        writer.put_directory("new", data)
    assert [path for path, _ in caught.value.mistakes] == [key]
    admin.put_directory("new", data)
    assert writer.patch_directory("new", {"ttl_seconds": 30}).written
