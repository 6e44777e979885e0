"""Options from the credentials of the service manager."""

import pytest

from tests.settings.machine import Machine
from waypost.core.errors import SettingsError
from waypost.settings import rows

SECRET = "open-sesame-17-times"


@pytest.fixture
def passed(machine: Machine) -> Machine:
    """Return a machine whose service manager passes credentials."""
    (machine.root / "credentials").mkdir()
    machine.environ["CREDENTIALS_DIRECTORY"] = str(machine.root / "credentials")
    return machine


def test_content_and_path(passed: Machine) -> None:
    """A text is the content without the end of its line; a file is the credential itself."""
    passed.write("credentials/log_key", f"{SECRET}\n")
    passed.write("credentials/trusted_proxies", "10.0.0.0/8,\n2001:db8::/32\n")
    certificate = passed.write("credentials/profile_cert", "PEM")
    key = passed.write("credentials/profile_key", "PEM")
    passed.write("credentials/ldap_password", "for a directory")
    loaded = passed.load()
    assert loaded.settings.log_key == SECRET
    assert len(loaded.settings.trusted_proxies) == 2
    assert (loaded.settings.profile_cert, loaded.settings.profile_key) == (certificate, key)
    assert f"{loaded.sources['log_key']}" == f"{passed.root}/credentials/log_key"
    assert SECRET not in f"{rows(loaded)}"


def test_precedence(passed: Machine) -> None:
    """A credential overrides the file, and a variable overrides the credential."""
    passed.write("etc/waypost/waypost.toml", f'log_key = "{"f" * 16}"\nport = 1\n')
    passed.write("credentials/log_key", "c" * 16)
    passed.write("credentials/port", "2")
    assert passed.load().settings.log_key == "c" * 16
    passed.environ["WAYPOST_PORT"] = "3"
    assert passed.load().settings.port == 3


def test_socket(passed: Machine) -> None:
    """The path of the Unix socket is the content, because a credential is no socket."""
    passed.write("credentials/unix_socket", "/run/waypost/waypost.sock\n")
    assert f"{passed.load().settings.unix_socket}" == "/run/waypost/waypost.sock"


@pytest.mark.parametrize("folder", ["", "relative", "/nonexistent"])
def test_no_folder(machine: Machine, folder: str) -> None:
    """Without a folder there are no credentials, and there is no error."""
    machine.environ["CREDENTIALS_DIRECTORY"] = folder
    assert machine.load().settings.log_key is None


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("log_key", b"short", "log_key is ***, but must be a text of at least 16 characters"),
        ("db_uri", b"u:secret@h", 'db_uri is "***@h", but must be a database URI'),
        ("log_key", b"\xff" * 16, "not UTF-8: byte 0 is wrong"),
        ("log_key", b"x" * 70_000, "is larger than 64 KiB, too large for an option"),
    ],
    ids=["short", "no URI", "not UTF-8", "too large"],
)
def test_mistakes(passed: Machine, name: str, data: bytes, problem: str) -> None:
    """Each wrong credential is named with its file and its rule, and never shown."""
    (passed.root / "credentials" / name).write_bytes(data)
    with pytest.raises(SettingsError) as caught:
        passed.load()
    (found,) = caught.value.problems
    assert found.startswith(f"{passed.root}/credentials/{name}: ")
    assert "secret" not in found
    assert problem.partition(" is ")[2] in found


def test_folder_instead_of_a_file(passed: Machine) -> None:
    """A folder with the name of an option is an error, not a value."""
    (passed.root / "credentials" / "log_key").mkdir()
    (problem,) = passed.problems()
    assert problem.startswith("ROOT/credentials/log_key: cannot be read: ")


def test_empty(passed: Machine) -> None:
    """An empty credential counts as not set."""
    passed.write("credentials/log_key", "\n")
    assert passed.load().settings.log_key is None
