"""Whether the profiles of providers can be signed, before anybody asks for one."""

from collections.abc import Iterable
from datetime import datetime

from waypost.errors import SettingsError
from waypost.model import Provider
from waypost.profiles.files import ProfileFiles


def signing_problems(providers: Iterable[Provider], now: datetime) -> list[str]:
    """Give what is wrong with the files that providers name: each names provider and file.

    Args:
        providers: in any order; several may name the same files.
        now: the time, with its zone.
    """
    named: dict[ProfileFiles, str] = {}
    for provider in providers:
        files = ProfileFiles.of(provider.profile)
        if files is not None:
            named.setdefault(files, provider.name)
    problems: list[str] = []
    for files, name in named.items():
        from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- 19 MB

        try:
            load_credentials(files, now, name)
        except SettingsError as error:
            problems += error.problems
    return problems
