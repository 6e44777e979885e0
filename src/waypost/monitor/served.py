"""From the entry of a domain to what the domain should publish."""

from waypost.core.address import DomainName
from waypost.core.errors import DomainMoved, DomainNotServed, NoUsableService
from waypost.core.model import Domain, UnknownUser
from waypost.diagnostics.doctor.mail_servers import SUPPORTED_PROTOCOLS
from waypost.formats.dns import records_of, redirect_records_of
from waypost.lookup.lookup import client_config
from waypost.monitor.checks import ServedDomain
from waypost.monitor.plan import own_services


def served_domain(
    entry: Domain | None, name: DomainName, public_url: str | None
) -> ServedDomain | None:
    """Return what a domain should publish; None if the domain is not served any more.

    Args:
        entry: the entry that matches the domain, or None.
        name: the domain.
        public_url: the https URL where clients reach Waypost.
    """
    try:
        config = client_config(entry, name, None)
        records = records_of(config, public_url).records
    except DomainMoved as moved:
        try:
            records = redirect_records_of(name, moved, public_url).records
        except NoUsableService:
            records = ()
        return ServedDomain(name.ascii, records, has_documents=False)
    except DomainNotServed:
        return None
    except NoUsableService:
        return ServedDomain(name.ascii, (), has_documents=False)
    if entry is None:
        return None
    # A domain that declines unknown users has no document for the address that is asked for.
    answers_all = entry.users is None or entry.users.unknown_user is not UnknownUser.DECLINE
    has_mail = any(f"{service.type}" in SUPPORTED_PROTOCOLS for service in config.services)
    return ServedDomain(
        name.ascii,
        records,
        own_services(entry.services, config.services),
        has_documents=answers_all and has_mail,
    )
