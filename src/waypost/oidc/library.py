"""Whether the optional library for OpenID Connect is installed; nothing of it is imported."""

from importlib.util import find_spec

from waypost.core.errors import SettingsError


def check_library(issuer: str | None, option: str) -> None:
    """Check that the library is installed, if it is needed.

    Args:
        issuer: the name of a provider; None without one.
        option: the name of its option.

    Raises:
        SettingsError: it is missing.
    """
    if issuer is not None and find_spec("joserfc") is None:
        install = "run pip install '.[oidc]' in the folder of Waypost's source"
        raise SettingsError([f"{option}: joserfc is not installed; {install}"])
