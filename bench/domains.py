"""Providers files with very many domains."""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Final

# Knuth's multiplicative hash: an odd factor yields each number below 2**32 once.
FACTOR: Final = 2654435761
SPAN: Final = 2**32

HOSTER = """
[[ldapserver]]
id = 1
name = "ldap.hoster.example"
search_base = "dc=hoster,dc=example"

[defaults.service]
login_name = "%EMAILADDRESS%"

[[template]]
name = "Hosted"
documentation = [{ url = "https://help.hoster.example/", descriptions = { en = "Help" } }]
services = [
  { type = "imap", host = "imap.hoster.example" },
  { type = "pop3", host = "pop.hoster.example" },
  { type = "smtp", host = "smtp.hoster.example" },
  { type = "smtp", host = "smtp.hoster.example", port = 587 },
]

[[provider]]
name = "Hoster"
extends = "Hosted"
domains_file = "plain.txt"

[[provider]]
name = "Hoster with calendars"
extends = "Hosted"
domains_file = "calendars.txt"
ldapserver = 1
services = [
  { type = "imap", host = "imap.hoster.example" },
  { type = "smtp", host = "smtp.hoster.example" },
  { type = "caldav", url = "https://dav.hoster.example/%EMAILADDRESS%/" },
  { type = "carddav", url = "https://dav.hoster.example/%EMAILADDRESS%/" },
]
"""


def names(count: int) -> Iterator[str]:
    """Yield this many different domains, in an order that does not help an index."""
    for number in range(count):
        yield f"customer-{number * FACTOR % SPAN:08x}.example"


def write(folder: Path, count: int) -> Path:
    """Write a providers file with two providers, and a list of the domains of each provider."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "plain.txt").open("w", encoding="ascii") as plain,
        (folder / "calendars.txt").open("w", encoding="ascii") as calendars,
    ):
        for number, name in enumerate(names(count)):
            print(name, file=calendars if number % 4 == 3 else plain)
    path = folder / "mail.toml"
    path.write_text(HOSTER, encoding="utf-8")
    return path


def main() -> None:
    """Write the files into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("count", type=int, nargs="?", default=1_000_000)
    given = parser.parse_args()
    print(write(given.folder, given.count))


if __name__ == "__main__":
    main()
