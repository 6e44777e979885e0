"""Without the LDAP library: one clear line, and everything else works."""

import subprocess
import sys

import pytest

from waypost.core.address import EmailAddress
from waypost.core.errors import DirectoryError
from waypost.core.model import LdapDirectory, LdapServer
from waypost.directory.factory import open_directory
from waypost.directory.probe import probe

DIRECTORY = LdapDirectory(label="staff", urls=("ldap://localhost",), search_base="")
ROW = LdapServer(3, "localhost", 636, True, "", "(mail={0})", "uid")
MESSAGE = (
    "the LDAP library is not installed; run pip install '.[ldap]' in the folder of Waypost's "
    "source, and start again"
)


@pytest.fixture(name="nothing_loaded", autouse=True)
def _nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the modules that need the library, so that they are imported again."""
    for name in [*sys.modules]:
        if name.partition(".")[0] in {"ldap", "_ldap"} or name.startswith("waypost.directory.ldap"):
            monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(("directory", "label"), [(DIRECTORY, "staff"), (ROW, "ldapserver-3")])
def test_missing_library(
    monkeypatch: pytest.MonkeyPatch, directory: LdapDirectory | LdapServer, label: str
) -> None:
    """If the library is missing, one line says what to install."""
    monkeypatch.setitem(sys.modules, "ldap", None)
    with pytest.raises(DirectoryError) as caught:
        open_directory(directory)
    assert str(caught.value) == f"directory {label}: {MESSAGE}"
    (step,) = probe(directory, EmailAddress.parse("a@example.com"))
    assert (step.name, step.ok, step.text) == ("library", False, MESSAGE)


class _Broken:
    """An importer of a library whose shared libraries are missing."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "ldap":
            raise ImportError("libldap-2.5.so.0: cannot open shared object file")


def test_broken_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that does not load has another message than a missing one."""
    monkeypatch.setattr(sys, "meta_path", [_Broken(), *sys.meta_path])
    with pytest.raises(DirectoryError, match=r"does not load \(libldap-2\.5\.so\.0: cannot open"):
        open_directory(DIRECTORY)


@pytest.mark.slow
def test_library_is_loaded_late() -> None:
    """Without an LDAP directory the library is never loaded."""
    code = (
        "import sys, waypost.wiring.runtime, waypost.directory.probe; "
        "sys.exit('ldap' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
