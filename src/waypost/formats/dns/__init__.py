"""DNS: the records of a domain for mail clients, and the output formats for zones.

RFC 6186 and RFC 8314 (mail), RFC 6764 (calendars and address books), RFC 8620 (JMAP), RFC 5804
(Sieve scripts), draft-ietf-mailmaint-pacc-02, MS-OXDSCLI (Autodiscover), and the host names of
Autoconfig, Autodiscover and PACC below a domain.
"""

from waypost.formats.dns.domain_records import DEFAULT_TTL_SECONDS, records_of, redirect_records_of
from waypost.formats.dns.records import CnameData, DnsRecords, Record, SrvData, TxtData
from waypost.formats.dns.zone_formats import ZONE_FORMATS, write

__all__ = [
    "DEFAULT_TTL_SECONDS",
    "ZONE_FORMATS",
    "CnameData",
    "DnsRecords",
    "Record",
    "SrvData",
    "TxtData",
    "records_of",
    "redirect_records_of",
    "write",
]
