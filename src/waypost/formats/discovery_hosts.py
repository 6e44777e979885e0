"""The host names of a domain where clients search for its configuration.

Each needs a certificate. `waypost hostnames` lists these names, and the admin listener answers
requests about them, by the same rule.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from waypost.core.address import DOMAIN_MAX_BYTES, DomainName
from waypost.core.model import DomainPattern, MatchKind

APEX: Final = "apex"
"""The domain itself."""
# The order of the list; a certificate is named after the first one.
KINDS: Final = (
    "autoconfig",  # draft-ietf-mailmaint-autoconfig
    "autodiscover",  # MS-OXDISCO s3.1.5.2
    "ua-auto-config",  # draft-ietf-mailmaint-pacc
    "mta-sts",  # RFC 8461 s3.3
    APEX,  # draft-ietf-mailmaint-autoconfig: /.well-known/autoconfig/ at the domain itself
)


@dataclass(frozen=True, slots=True)
class CandidateDomain:
    """A host name may belong to a mail domain, if that domain is served.

    Attributes:
        kind: one of KINDS.
        domain: the mail domain.
    """

    kind: str
    domain: DomainName

    def allows_certificate(self, pattern: DomainPattern) -> bool:
        """Return whether this pattern, which matches the domain, allows a certificate.

        A domain with its own entry may have certificates for all names. `*.example.com` matches
        domains of a known owner, but their apex names may be used for other purposes. `*` and
        `*.com` match domains of any owner: an owner who pointed such a name to this server would
        get a certificate, and use up the rate limits of the authority.
        """
        if pattern.kind is MatchKind.EXACT:
            return True
        has_known_owner = pattern.kind is MatchKind.SUFFIX and pattern.text.count(".") > 1
        return has_known_owner and self.kind != APEX


def candidate_domains(host: DomainName, kinds: Iterable[str]) -> Iterator[CandidateDomain]:
    """Yield the mail domains that a host name may belong to: two at most.

    Args:
        host: the requested host name.
        kinds: which names of a domain get a certificate.
    """
    label, _, rest = host.ascii.partition(".")
    for kind in kinds:
        if kind == APEX:
            yield CandidateDomain(kind, host)
        elif kind == label and rest:
            yield CandidateDomain(kind, DomainName(rest))


def host_names(domain: DomainName, kinds: Iterable[str]) -> tuple[str, ...]:
    """Return the host names of a domain, in the order of KINDS, without those too long for DNS.

    Args:
        domain: a mail domain with its own entry.
        kinds: which of its names get a certificate.
    """
    kind_set = set(kinds)
    names = [
        domain.ascii if kind == APEX else f"{kind}.{domain.ascii}"
        for kind in KINDS
        if kind in kind_set
    ]
    # RFC 1035 s2.3.4
    return tuple(name for name in names if len(name) <= DOMAIN_MAX_BYTES)
