"""The check of the linter for a missing PACC document whose reason no other check finds."""

from collections.abc import Iterator
from typing import Final

from waypost.address import DomainName
from waypost.check import lint_checks as checks
from waypost.check import lint_methods as methods
from waypost.check.offered import MAIL, Offered
from waypost.errors import NoUsableService
from waypost.formats import pacc
from waypost.model import Domain, DomainPattern, Provider, ServiceType
from waypost.placeholders import expand_domain

# Each of these checks already reports that there is no document.
_REASONS: Final = (
    checks.no_incoming,
    checks.no_outgoing,
    checks.no_tls,
    checks.starttls_only,
    checks.pacc_port,
    checks.pacc_login_name,
    checks.pacc_directory,
    methods.pacc_authentication,
    checks.subaddress_login_name,
)
_SAMPLE: Final = DomainName("example.com")


def no_document(offered: Offered) -> Iterator[str]:
    """Yield the reasons of the format itself why there is no PACC document."""
    if not offered.has(*MAIL, ServiceType.JMAP) or any(_is_found(offered)):
        return
    provider = offered.provider or Provider("-", "-")
    entry = Domain(DomainPattern(_SAMPLE.ascii), provider, offered.services)
    config = expand_domain(entry, _SAMPLE, None)
    try:
        pacc.compose(config)
    except NoUsableService:
        yield "; ".join(pacc.findings(config))


def _is_found(offered: Offered) -> Iterator[bool]:
    for check in _REASONS:
        yield any(True for _ in check(offered))
