"""The DNS records that the doctor expects, from the configuration or from a document."""

from collections.abc import Callable, Sequence

from waypost.cli.show.common import config_for_domain
from waypost.core.address import DomainName
from waypost.core.errors import DomainMoved, WaypostError
from waypost.formats.dns import Record, SrvData, records_of, redirect_records_of
from waypost.importers.ispdb.document import read_ispdb
from waypost.lookup.lookup import client_config
from waypost.settings import Settings
from waypost.store.memory import MemoryStore


def own_records(domain: DomainName, settings: Settings) -> Sequence[Record]:
    """Return what `waypost show dns` prints for a domain.

    Raises:
        DomainNotServed: the domain is not served.
    """
    url = settings.public_url
    try:
        return records_of(config_for_domain(domain, settings), url).records
    except DomainMoved as moved:
        return redirect_records_of(domain, moved, url).records


def records_of_document(domain: DomainName) -> Callable[[bytes], Sequence[Record]]:
    """Return a function that computes the service records from an Autoconfig document.

    Other records are left out, because a document does not contain the host where it is.
    """

    def records(document: bytes) -> Sequence[Record]:
        try:
            read = read_ispdb(document, name=f"{domain}", domains=(domain,))
            config = client_config(MemoryStore(read.catalog).find(domain), domain, None)
            published = records_of(config).records
        except WaypostError:
            return ()  # The rules and the clients report what is wrong with the document.
        return tuple(record for record in published if isinstance(record.data, SrvData))

    return records
