"""The steps of one lookup: what an operator reads about a domain, its directory and a user."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.making import PROVIDER, domain
from waypost.admin.checks.lookup_report import LookupReport
from waypost.core.address import EmailAddress
from waypost.core.model import Directory, DirectoryPolicy, Domain, FileDirectory
from waypost.settings import Settings

SETTINGS = Settings(db_uri="sqlite://")
SERVED = "example.com is served as example.com by Example Inc."


@pytest.fixture(name="people")
def _people(tmp_path: Path) -> FileDirectory:
    path = tmp_path / "users.csv"
    path.write_text("address,login\nalice@example.com,a1\n", encoding="utf-8")
    return FileDirectory("people", f"{path}")


def using(directory: Directory, **changes: object) -> Domain:
    """Return the entry of a domain that uses a directory."""
    return replace(domain(), users=DirectoryPolicy(directory), **changes)  # type: ignore[arg-type]


def run(
    entry: Domain | None, directory: Directory | None = None, address: str = "alice@example.com"
) -> LookupReport:
    """Return a report whose steps are finished."""
    report = LookupReport(SETTINGS, EmailAddress.parse(address), entry, directory, 0.25)
    assert list(report.run()) == report.steps
    return report


def test_user_of_the_domain(people: FileDirectory) -> None:
    """The domain comes first, then the steps of its directory, and last the answer of a server."""
    report = run(using(people))
    first, last = report.steps[0], report.steps[-1]
    assert (report.is_good, report.is_own, report.is_unavailable) == (True, True, False)
    assert report.found_user is not None
    assert report.found_user.login_name == "a1"
    assert (first.name, first.ok, first.seconds) == ("domain", True, 0.25)
    assert first.text == f"{SERVED}, with directory people"
    assert first.details == {
        "pattern": "example.com",
        "provider": "Example Inc.",
        "directory": "people",
    }
    assert last.text == "lookup by a server, within 2 s: found"
    assert all(step.seconds >= 0 for step in report.steps)


def test_nothing_to_ask() -> None:
    """Without a directory the report ends after the domain, and says what to do."""
    for entry, text in (
        (domain(), f"{SERVED}, which has no directory; choose one with --directory"),
        (None, "example.com is not served here"),
    ):
        report = run(entry)
        (step,) = report.steps
        assert (step.name, step.ok, step.text) == ("domain", False, text)
        assert not report.is_good


def test_other_directory(people: FileDirectory, tmp_path: Path) -> None:
    """The directory that is named is asked instead of that of the domain, as the report says."""
    own = FileDirectory("own", f"{tmp_path}/own.csv")
    report = run(using(own), people)
    assert (report.is_good, report.is_own) == (True, False)
    assert report.steps[0].text == f"{SERVED}, with directory own; asking people instead"
    assert run(using(people), replace(people)).is_own
    assert (
        run(None, people).steps[0].text == "example.com is not served here; asking people instead"
    )


def test_address_with_a_detail(people: FileDirectory) -> None:
    """The directory is asked for the mailbox of an address with a detail."""
    entry = using(people, provider=replace(PROVIDER, subaddress_separators="+"))
    report = run(entry, address="alice+shop@example.com")
    assert report.is_good
    assert f"{report.user}" == "alice@example.com"
    assert report.steps[0].text.endswith("with directory people; its user is alice@example.com")
    assert report.steps[0].details["user"] == "alice@example.com"


def test_unknown_user(people: FileDirectory) -> None:
    """A user that the directory does not have is not found, and the directory is available."""
    report = run(using(people), address="bob@example.com")
    assert (report.is_good, report.found_user, report.is_unavailable) == (False, None, False)
    assert report.steps[-1].text == "lookup by a server, within 2 s: the user is not found"


def test_directory_that_cannot_be_read(tmp_path: Path) -> None:
    """A directory without an answer is not the same as an unknown user; its code is in the JSON."""
    report = run(using(FileDirectory("people", f"{tmp_path}/absent.csv")))
    last = report.steps[-1]
    assert (report.is_good, report.is_unavailable, last.ok) == (False, True, False)
    assert last.text.startswith("lookup by a server, within 2 s: no answer: ")
    assert last.details["code"] in {"directory_unavailable", "directory_error"}
