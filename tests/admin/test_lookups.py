"""Look up domains and users as a server does."""

from pathlib import Path

import pytest

from tests.making import domain
from waypost.admin.lookups import config_of_entry, find_domain, find_user
from waypost.core.address import DomainName, EmailAddress
from waypost.core.model import DirectoryPolicy, FileDirectory, SqlDirectory
from waypost.core.model.directory import Secret
from waypost.settings import Settings

DEMO = Settings(db_uri="sqlite://", demo=True)
ALICE = EmailAddress.parse("alice@example.com")


def test_find_domain() -> None:
    """A domain is found in the source of the settings."""
    found = find_domain(DEMO, DomainName("example.com"))
    assert found is not None
    assert found.pattern.text == "example.com"
    assert find_domain(DEMO, DomainName("absent.example")) is None


def test_find_user(tmp_path: Path) -> None:
    """A user is found in the directory of a domain, and changes the configuration."""
    users = tmp_path / "users.csv"
    users.write_text("address,login,display_name\nalice@example.com,al,Alice\n", encoding="utf-8")
    directory = FileDirectory("people", str(users))
    found = find_user(DEMO, directory, ALICE)
    assert found is not None
    assert found.login_name == "al"
    entry = domain()
    warnings: list[str] = []
    with_users = type(entry)(
        entry.pattern, entry.provider, entry.services, DirectoryPolicy(directory)
    )
    config = config_of_entry(with_users, ALICE, DEMO, warnings.append)
    general = config_of_entry(with_users, ALICE, DEMO, warnings.append, ask_directory=False)
    assert (config == general, warnings) == (False, [])


@pytest.mark.parametrize("uri", ["sqlite:////absent/file.sqlite"])
def test_a_directory_that_fails(uri: str) -> None:
    """If the directory fails, the answer is the general one, with a warning."""
    directory = SqlDirectory("people", Secret(uri), "SELECT 1 AS login")
    entry = domain()
    with_users = type(entry)(
        entry.pattern, entry.provider, entry.services, DirectoryPolicy(directory)
    )
    warnings: list[str] = []
    config = config_of_entry(with_users, ALICE, DEMO, warnings.append)
    assert config == config_of_entry(with_users, ALICE, DEMO, print, ask_directory=False)
    assert warnings[0].startswith("directory people: ")
