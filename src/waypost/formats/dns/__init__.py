"""DNS: what a domain publishes for mail clients, and the forms in which zones are kept.

RFC 6186 and RFC 8314 (mail), RFC 6764 (calendars and address books), RFC 8620 (JMAP), RFC 5804
(Sieve scripts), draft-ietf-mailmaint-pacc-02, MS-OXDSCLI (Autodiscover), and the names that
Autoconfig, Autodiscover and PACC put in front of a domain.
"""

from waypost.formats.dns.publishing import DEFAULT_TTL_SECONDS, publish, publish_moved
from waypost.formats.dns.records import Alias, Published, Record, ServiceAt, Text
from waypost.formats.dns.writing import FORMS, write

__all__ = [
    "DEFAULT_TTL_SECONDS",
    "FORMS",
    "Alias",
    "Published",
    "Record",
    "ServiceAt",
    "Text",
    "publish",
    "publish_moved",
    "write",
]
