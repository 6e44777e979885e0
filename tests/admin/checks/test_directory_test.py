"""The test of a directory with one user: who may make it, and what it says."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.cases import READER, ROOT, served, tenant
from waypost.admin.facade import Admin
from waypost.admin.principal import Principal
from waypost.admin.source import AdminSource
from waypost.core.errors import AccessForbidden, InvalidObject, ObjectNotFound
from waypost.database.engine import open_engine
from waypost.settings import Settings

USERS = "address,login,display_name\nalice@own.example,a1,Alice A\n"


@pytest.fixture(name="people", scope="module")
def _people(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    """Yield the use cases with a directory in a file, which one domain uses."""
    folder = tmp_path_factory.mktemp("people")
    (folder / "users.csv").write_text(USERS, encoding="utf-8")
    uri = f"sqlite:///{shutil.copy(sample, folder / 'waypost.sqlite')}"
    engine = open_engine(uri)
    admin = Admin(AdminSource(Settings(db_uri=uri), engine), ROOT)
    admin.put_directory("people", {"kind": "file", "path": f"{folder}/users.csv"})
    admin.put_domain("own.example", served(users={"directory": "people"}))
    yield admin
    engine.dispose()


def test_known_user(people: Admin) -> None:
    """The report is complete: the domain, the steps of the directory, and the user."""
    report = people.test_directory("people", "alice@own.example")
    assert report.is_good
    assert report.is_own
    assert report.found_user is not None
    assert (report.found_user.login_name, report.found_user.display_name) == ("a1", "Alice A")
    assert (report.steps[0].name, report.steps[-1].name) == ("domain", "answer")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("bob@own.example", "own.example is served as own.example by Example Inc."),
        ("alice@example.com", "which has no directory; asking people instead"),
        ("alice@no.example", "no.example is not served here; asking people instead"),
    ],
)
def test_unknown_user(people: Admin, address: str, said: str) -> None:
    """A user that the directory does not know is no error; the first step names the domain."""
    report = people.test_directory("people", address)
    assert not report.is_good
    assert report.found_user is None
    assert said in report.steps[0].text
    assert not report.steps[-1].ok


@pytest.mark.parametrize("address", ["alice", "", "a@b@c", "@own.example", "a\0@own.example"])
def test_bad_addresses(people: Admin, address: str) -> None:
    """A text that is not an address is refused with the name of the field."""
    with pytest.raises(InvalidObject) as caught:
        people.test_directory("people", address)
    assert [path for path, _ in caught.value.mistakes] == ["address"]


@pytest.mark.parametrize("label", ["", "People", "people ", "ldapserver-99"])
def test_unknown_directory(people: Admin, label: str) -> None:
    """A label that no directory has is named in the error."""
    with pytest.raises(ObjectNotFound, match="there is no directory") as caught:
        people.test_directory(label, "alice@own.example")
    assert repr(label) in str(caught.value)


@pytest.mark.parametrize(
    "principal",
    [READER, tenant("own.example"), tenant(provider="Example Inc.")],
    ids=["reader", "tenant of a domain", "tenant of a provider"],
)
def test_refused(people: Admin, principal: Principal) -> None:
    """Who may only read, or sees a part, is refused in the same way for any directory and text."""
    limited = Admin(people.source, principal)
    texts = set()
    for label, address in (("people", "alice@own.example"), ("absent", "x"), ("", "")):
        with pytest.raises(AccessForbidden) as caught:
            limited.test_directory(label, address)
        texts.add(str(caught.value))
    assert len(texts) == 1


def test_providers_file(tmp_path: Path) -> None:
    """A directory of a providers file can be tested as well."""
    (tmp_path / "users.csv").write_text(USERS, encoding="utf-8")
    providers = tmp_path / "mail.toml"
    providers.write_text(
        f"""
        [[directory]]
        name = "people"
        kind = "file"
        path = "{tmp_path}/users.csv"
        [[provider]]
        name = "Own"
        directory = "people"
        domains = ["own.example"]
        services = [
          {{ type = "imap", host = "a.example" }},
          {{ type = "smtp", host = "b.example" }},
        ]
        """,
        encoding="utf-8",
    )
    settings = Settings(db_uri="sqlite://", providers=providers)
    admin = Admin(AdminSource(settings, None), ROOT)
    report = admin.test_directory("people", "alice@own.example")
    assert report.is_good, [step.text for step in report.steps]
    assert "with directory people" in report.steps[0].text
