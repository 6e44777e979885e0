"""Helpers for lookups with a connector."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from waypost.core import model
from waypost.core.address import DomainName, EmailAddress
from waypost.directory.entries import requested_attributes, user_of
from waypost.directory.factory import open_directory
from waypost.directory.protocol import DirectorySource, Entry


@contextmanager
def opened(directory: model.Directory, **options: Any) -> Iterator[DirectorySource]:
    """Open a directory, and close it."""
    source = open_directory(directory, **options)
    try:
        yield source
    finally:
        source.close()


def ask(directory: model.Directory, address: str, **options: Any) -> Entry | None:
    """Return the result of one lookup."""
    with opened(directory, **options) as source:
        return source.find(raw(address))


def user(directory: model.Directory, address: str) -> model.User | None:
    """Return the person from one lookup."""
    entry = ask(directory, address)
    return None if entry is None else user_of(entry, requested_attributes(directory))


def raw(address: str) -> EmailAddress:
    """Return an address without the checks of the parser."""
    local_part, _, domain = address.rpartition("@")
    return EmailAddress(local_part, DomainName(domain))
