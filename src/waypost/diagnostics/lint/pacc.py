"""The check of the linter for a missing PACC document whose reason no other check finds."""

from collections.abc import Iterator
from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import NoUsableService
from waypost.core.model import Domain, DomainPattern, Provider, ServiceType
from waypost.core.placeholders import expand_domain
from waypost.diagnostics.lint import authentication as methods
from waypost.diagnostics.lint import checks
from waypost.diagnostics.lint.target import MAIL_TYPES, LintTarget
from waypost.formats.pacc import document

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


def missing_document(target: LintTarget) -> Iterator[str]:
    """Yield the reasons of the format itself why there is no PACC document."""
    if not target.has(*MAIL_TYPES, ServiceType.JMAP) or any(_other_findings(target)):
        return
    provider = target.provider or Provider("-", "-")
    entry = Domain(DomainPattern(_SAMPLE.ascii), provider, target.services)
    config = expand_domain(entry, _SAMPLE, None)
    try:
        document.compose(config)
    except NoUsableService:
        yield "; ".join(document.findings(config))


def _other_findings(target: LintTarget) -> Iterator[bool]:
    for check in _REASONS:
        yield any(True for _ in check(target))
