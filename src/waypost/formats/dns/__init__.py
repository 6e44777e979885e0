"""DNS: the records of a domain for mail clients, and the output formats for zones.

RFC 6186 and RFC 8314 (mail), RFC 6764 (calendars and address books), RFC 8620 (JMAP), RFC 5804
(Sieve scripts), draft-ietf-mailmaint-pacc-02, MS-OXDSCLI (Autodiscover), and the host names of
Autoconfig, Autodiscover and PACC below a domain.
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
