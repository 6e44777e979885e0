"""Directories whose login names are the addresses, so that all answers have the same form."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.servers.authority import Authority
from tests.servers.slapd import PASSWORD, READER, SUFFIX, Slapd

KNOWN: Final = "person{}@{}"
UNKNOWN: Final = "absent{}@{}"
USERS: Final = 2000
_PROVIDER: Final = """
[[directory]]
name = "of-{domain}"
{keys}

[[provider]]
name = "Example"
domains = ["{domain}"]
directory = "of-{domain}"
services = [
  {{ type = "imap", host = "imap.example.com" }},
  {{ type = "smtp", host = "smtp.example.com" }},
  {{ type = "caldav", url = "https://dav.example.com/" }},
]
"""


def providers(folder: Path, directories: Mapping[str, str]) -> Path:
    """Write a providers file; each domain has its own directory, which has these keys."""
    path = folder / "mail.toml"
    parts = (_PROVIDER.format(domain=domain, keys=keys) for domain, keys in directories.items())
    path.write_text("".join(parts), encoding="utf-8")
    return path


def sqlite_directory(folder: Path, domain: str) -> str:
    """Return the keys of a directory in a SQLite file."""
    path = folder / "mail.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE mailbox (username TEXT PRIMARY KEY)")
        rows = ((KNOWN.format(number, domain),) for number in range(USERS))
        database.executemany("INSERT INTO mailbox VALUES (?)", rows)
        database.commit()
    query = "SELECT username AS login FROM mailbox WHERE username = :address"
    return f'kind = "sql"\nuri = "sqlite:///{path}"\nquery = "{query}"'


def csv_directory(folder: Path, domain: str) -> str:
    """Return the keys of a directory in a CSV file."""
    addresses = (KNOWN.format(number, domain) for number in range(USERS))
    lines = ["address,login", *(f"{address},{address}" for address in addresses)]
    (folder / "users.csv").write_text("\n".join(lines), encoding="utf-8")
    return 'kind = "file"\npath = "users.csv"'


def ldap_directory(server: Slapd, authority: Authority) -> str:
    """Return the keys of the directory in LDAP of example.com."""
    place = f'kind = "ldap"\nurls = ["{server.url}"]\nca_file = "{authority.certificate}"'
    bind = f"bind_user = \"{READER}\"\nbind_password = '{PASSWORD}'"
    return f'{place}\n{bind}\nsearch_base = "{SUFFIX}"\nattr_uid = "mail"'


def names(attempt: int, count: int, domain: str = "example.com") -> tuple[list[str], list[str]]:
    """Return a number of existing users and as many invented ones; others in each attempt."""
    numbers = range(attempt * count, (attempt + 1) * count)
    return (
        [KNOWN.format(number, domain) for number in numbers],
        [UNKNOWN.format(number, domain) for number in numbers],
    )
