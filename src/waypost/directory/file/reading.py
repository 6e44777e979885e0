"""From a file to its users."""

from pathlib import Path

from waypost.directory.file.csv_lines import read_csv
from waypost.directory.file.mistakes import Mistakes
from waypost.directory.file.octets import check_text, read_octets
from waypost.directory.file.people import Gathering, People
from waypost.directory.file.toml_tables import read_toml


def read_people(path: Path) -> People:
    """Read a file of users.

    Raises:
        DirectoryUnavailable: there is no such file, or it cannot be read.
        DirectoryError: it is no file, or too large.
        ProblemsError: all its mistakes, each with its line.
    """
    return people_of(read_octets(path), path)


def people_of(octets: bytes, path: Path) -> People:
    """Read what stands in a file of users.

    Args:
        octets: the whole file.
        path: its ending says what it is, TOML or CSV; mistakes name it.

    Raises:
        ProblemsError: all mistakes, each with its line.
    """
    mistakes = Mistakes(path)
    people = Gathering().people((), mistakes.note)
    if check_text(octets, mistakes):
        read = read_toml if path.suffix.lower() == ".toml" else read_csv
        people = read(octets, mistakes)
    mistakes.check()
    return people
