"""The values of directories, and those of configuration profiles."""

from datetime import datetime

import pytest

from waypost.core.model import (
    DirectoryKind,
    DirectoryLimits,
    DirectoryPolicy,
    FileDirectory,
    LdapDirectory,
    LdapServer,
    ProfileSettings,
    Secret,
    SigningFiles,
    SqlDirectory,
    UnknownUser,
    users_key,
)

SERVER = LdapServer(3, "ldap.example", 636, True, "dc=example", "(mail={0})", "uid")
KINDS = [
    (SERVER, "ldapserver-3", DirectoryKind.LDAP),
    (LdapDirectory("staff", ("ldaps://ldap.example",), "dc=x"), "staff", DirectoryKind.LDAP),
    (SqlDirectory("mailboxes", Secret("sqlite://")), "mailboxes", DirectoryKind.SQL),
    (FileDirectory("guests", "/etc/guests.csv"), "guests", DirectoryKind.FILE),
]
GENERAL = ProfileSettings(
    SigningFiles("/a.pem", "/a.key"), "Example", "Mail", (("default", "Yes?"),), False, 90
)


@pytest.mark.parametrize(("directory", "label", "kind"), KINDS)
def test_labels_and_kinds(
    directory: LdapServer | LdapDirectory | SqlDirectory | FileDirectory,
    label: str,
    kind: DirectoryKind,
) -> None:
    """Each directory has a label and a kind; by default it has no rules and the usual limits."""
    assert (directory.label, directory.kind) == (label, kind)
    assert (directory.rules, directory.limits) == ((), DirectoryLimits())


def test_secrets() -> None:
    """A secret is given in one of three forms, and its text is never shown."""
    assert not Secret()
    assert Secret("hunter2")
    assert Secret(file="/etc/secret")
    assert Secret(variable="SECRET")
    assert "hunter2" not in repr(Secret("hunter2"))
    assert Secret("")  # An empty password is a password.


def test_keys_of_policies() -> None:
    """Two policies are compared by the label of the directory, not by its content."""
    policy = DirectoryPolicy(SERVER, UnknownUser.DECLINE, show_display_name=True)
    other = DirectoryPolicy(
        LdapServer(3, "other.example", 636, True, "", "(mail={0})", "uid"),
        UnknownUser.DECLINE,
        show_display_name=True,
    )
    assert users_key(policy) == users_key(other) == ("ldapserver-3", UnknownUser.DECLINE, True)
    assert users_key(None) is None
    assert users_key(DirectoryPolicy(SERVER)) != users_key(policy)


def test_settings_of_a_provider_come_first() -> None:
    """A provider's own settings replace the general ones, and the others stay."""
    own = ProfileSettings(description="Post", removable=True)
    expected = ProfileSettings(
        GENERAL.signing, "Example", "Post", GENERAL.consent, removable=True, days=90
    )
    assert own.with_defaults(GENERAL) == expected
    assert ProfileSettings().with_defaults(GENERAL) == GENERAL


def test_settings_as_keys_of_a_file() -> None:
    """Only the settings that are given are keys, and a day is a text."""
    settings = ProfileSettings(
        SigningFiles("/a.pem", "/a.key"),
        removable=False,
        expires=datetime.fromisoformat("2030-12-31"),
    )
    assert settings.as_dict() == {
        "cert": "/a.pem",
        "key": "/a.key",
        "removable": False,
        "expires": "2030-12-31",
    }
    assert ProfileSettings().as_dict() == {}
