"""Any users written into a file are found again."""

import csv
import io
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, ProblemsError
from waypost.directory.file.csv_lines import DELIMITERS
from waypost.directory.file.users import parse_users

# No control characters, and no lone surrogates.
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)
LINES = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=40).map(
    lambda text: text.replace("\x7f", "\n")
)
LOCAL = st.text("abcABC019_.+-!#$&'*/=?^{|}~ä", min_size=1, max_size=20)
DOMAIN = st.sampled_from(["x.example", "y.x.example", "bücher.example", "xn--bcher-kva.example"])


def _address(local: str, domain: str) -> EmailAddress | None:
    try:
        return EmailAddress.parse(f"{local}@{domain}") if local != "*" else None
    except AddressError:
        return None


ADDRESSES = st.builds(_address, LOCAL, DOMAIN).filter(lambda one: one is not None)
USERS = st.dictionaries(ADDRESSES, st.tuples(TEXT, LINES), max_size=20)


@given(USERS, st.sampled_from(DELIMITERS), st.sampled_from(["\n", "\r\n"]))
def test_csv(users: dict[EmailAddress, tuple[str, str]], delimiter: str, line_end: str) -> None:
    """Each user that the standard library's CSV writer writes is found with its values."""
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, lineterminator=line_end)
    writer.writerow(["note", "address", "login"])
    writer.writerows([note, str(address), login] for address, (login, note) in users.items())
    people = parse_users(written.getvalue().encode(), Path("users.csv"))
    assert len(people) == len(users)
    for address, (login, note) in users.items():
        (hit,) = people.find(address)
        expected = {"note": (note,), "login": (login,)}
        assert hit.entry == {name: values for name, values in expected.items() if values[0]}


def _toml_text(text: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


@given(st.dictionaries(ADDRESSES, st.tuples(TEXT, st.lists(TEXT, max_size=3)), max_size=10))
def test_toml(users: dict[EmailAddress, tuple[str, list[str]]]) -> None:
    """Each user of any TOML file is found with its values."""
    tables = [
        f"[{_toml_text(str(address))}]\nlogin = {_toml_text(login)}\n"
        f"hosts = [{', '.join(map(_toml_text, hosts))}]\n"
        for address, (login, hosts) in users.items()
    ]
    text = "# users\n" + "\n".join(tables)
    people = parse_users(text.encode(), Path("users.toml"))
    assert len(people) == len(users)
    for address, (login, hosts) in users.items():
        (hit,) = people.find(address)
        assert hit.entry.get("login", ("",)) == (login,)
        assert "".join(hit.entry.get("hosts", ())) == "".join(hosts)
        assert text.splitlines()[hit.line - 1] == f"[{_toml_text(str(address))}]"


@given(st.binary(max_size=200), st.sampled_from(["users.csv", "users.toml"]))
def test_any_bytes(data: bytes, name: str) -> None:
    """Any bytes are either users or mistakes."""
    for text in (data, b"address,login\n" + data):
        with suppress(ProblemsError):
            assert len(parse_users(text, Path(name))) <= len(text)
