"""The rules for strings, where a short way must have the same result as the long one."""

from hypothesis import given
from hypothesis import strategies as st

from waypost.core.address import DomainName
from waypost.providers_file.validators import CANONICAL_DOMAIN, HOST_MAX_CHARS, check_host

USUAL = st.from_regex(CANONICAL_DOMAIN, fullmatch=True).filter(
    lambda text: len(text) <= HOST_MAX_CHARS
)


@given(name=USUAL)
def test_usual_host_names_are_canonical(name: str) -> None:
    """A host name that is accepted at once is the name that the parser of domains returns."""
    assert check_host(name) == DomainName.parse(name).ascii
