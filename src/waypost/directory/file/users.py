"""Read the users of a file."""

from pathlib import Path

from waypost.directory.file.csv_lines import read_csv
from waypost.directory.file.problems import Problems
from waypost.directory.file.read_bytes import check_text, read_bytes
from waypost.directory.file.toml_tables import read_toml
from waypost.directory.file.user_table import UserTable, UserTableBuilder


def read_users(path: Path) -> UserTable:
    """Read a file of users.

    Raises:
        DirectoryUnavailable: there is no such file, or it cannot be read.
        DirectoryError: the path is not a regular file, or the file is too large.
        ProblemsError: all its mistakes, each with its line.
    """
    return parse_users(read_bytes(path), path)


def parse_users(data: bytes, path: Path) -> UserTable:
    """Parse the content of a file of users.

    Args:
        data: the whole file.
        path: its suffix selects TOML or CSV; the messages name it.

    Raises:
        ProblemsError: all mistakes, each with its line.
    """
    mistakes = Problems(path)
    users = UserTableBuilder().build((), mistakes.add)
    if check_text(data, mistakes):
        read = read_toml if path.suffix.lower() == ".toml" else read_csv
        users = read(data, mistakes)
    mistakes.raise_if_any()
    return users
