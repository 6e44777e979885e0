"""The optional library: what is said if it is missing."""

import pytest

from waypost.core.errors import SettingsError
from waypost.oidc import library


def test_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing library is an error at the start, with the command that installs it."""
    library.check_library("https://login.example.com", "oidc_issuer")
    monkeypatch.setattr(library, "find_spec", lambda _name: None)
    library.check_library(None, "oidc_issuer")
    with pytest.raises(SettingsError, match=r"sign_in_oidc_issuer: .*pip install '\.\[oidc\]'"):
        library.check_library("https://login.example.com", "sign_in_oidc_issuer")
