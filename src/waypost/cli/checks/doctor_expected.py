"""The DNS records that the doctor expects, from the configuration or from a document."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from waypost.cli.show.domain import checked_url, config_of
from waypost.core.address import DomainName
from waypost.core.errors import DomainMoved, WaypostError
from waypost.lookup.lookup import client_config

if TYPE_CHECKING:
    from waypost.formats.dns import Record
    from waypost.settings import Settings


def own_records(
    domain: DomainName, settings: "Settings", public_url: str | None
) -> "Sequence[Record]":
    """Return what `waypost show dns` prints for a domain.

    Raises:
        DomainNotServed: the domain is not served.
        SettingsError: the public URL is not valid.
    """
    from waypost.formats.dns import publish, publish_moved  # noqa: PLC0415 -- quick start

    url = settings.public_url if public_url is None else checked_url(public_url)
    try:
        return publish(config_of(domain, settings), url).records
    except DomainMoved as moved:
        return publish_moved(domain, moved, url).records


def records_of_document(domain: DomainName) -> "Callable[[bytes], Sequence[Record]]":
    """Return a function that computes the service records from an Autoconfig document.

    Other records are left out, because a document does not contain the host where it is.
    """
    from waypost.formats.dns import ServiceAt, publish  # noqa: PLC0415 -- quick start
    from waypost.importers.ispdb.document import read_ispdb  # noqa: PLC0415 -- quick start
    from waypost.store.memory import MemoryStore  # noqa: PLC0415 -- quick start

    def records(document: bytes) -> "Sequence[Record]":
        try:
            read = read_ispdb(document, name=f"{domain}", domains=(domain,))
            config = client_config(MemoryStore(read.catalog).find(domain), domain, None)
            held = publish(config).records
        except WaypostError:
            return ()  # The rules and the clients report what is wrong with the document.
        return tuple(one for one in held if isinstance(one.data, ServiceAt))

    return records
