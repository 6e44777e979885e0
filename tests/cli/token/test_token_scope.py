"""The options that limit a token or a sign-in link."""

import pytest

from waypost.admin.principal import Role
from waypost.cli.token.scope_options import read_scope_options
from waypost.core.errors import ProvidersError, SettingsError


@pytest.mark.parametrize(
    ("domains", "provider"), [(None, ""), (None, " "), (["*.example.com"], ""), ([""], None)]
)
def test_empty_limits(domains: list[str] | None, provider: str | None) -> None:
    """An empty limit, such as that of an empty shell variable, never means no limit."""
    with pytest.raises((SettingsError, ProvidersError)):
        read_scope_options(Role.WRITE, domains, provider)
