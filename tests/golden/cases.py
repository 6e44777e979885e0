"""The golden answers: one folder per case, one file per answer.

`case.toml` has the request: `address` or `domain`, and optionally `name` and `aliases`;
`providers.toml` has the configuration. The answers of the formats are in `autoconfig.xml`,
`autodiscover.xml`, `activesync.xml`, `mobileconfig.plist` and, for the domain alone,
`pacc-02.json` and `dns.zone`. If a format refuses, a file of that name with the suffix `.refusal`
has the code of the error. The file name of PACC, a draft, contains the revision number: another
revision is another file. A new case is a new folder with the two .toml files; then
`python -m tests.golden` writes the answers. Read them before you commit them.
"""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainNotServed, NoUsableService, ServiceNotOffered
from waypost.core.model import ClientConfig
from waypost.formats import autoconfig, dns
from waypost.formats.autodiscover import activesync, pox
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.pacc import document
from waypost.lookup.lookup import client_config
from waypost.providers_file.load import read_providers
from waypost.store.memory import MemoryStore

HERE = Path(__file__).parent


def zone(config: ClientConfig) -> bytes:
    """Return the zone of a domain with a fixed public URL."""
    return dns.write(dns.records_of(config, "https://waypost.example.net"), "zone")


PACC = f"pacc-{document.REVISION.rpartition('-')[2]}.json"
FORMATS: dict[str, Callable[[ClientConfig], bytes]] = {
    "autoconfig.xml": autoconfig.render,
    "autodiscover.xml": pox.render,
    "activesync.xml": activesync.render,
    "mobileconfig.plist": mobileconfig.render,
    PACC: document.render,
    "dns.zone": zone,
}
OF_DOMAINS = frozenset({PACC, "dns.zone"})
"""The formats of a domain, which are the same for all its users."""


@dataclass(frozen=True)
class Case:
    """One folder with a case."""

    name: str

    @property
    def folder(self) -> Path:
        return HERE / self.name

    def config(self, *, alone: bool = False) -> ClientConfig:
        """Return the configuration for the formats; with `alone`, the one of the domain."""
        asked = tomllib.loads((self.folder / "case.toml").read_text(encoding="utf-8"))
        text = (self.folder / "providers.toml").read_text(encoding="utf-8")
        store = MemoryStore(read_providers(text, name=self.name, format="toml").catalog)
        address = EmailAddress.parse(asked["address"]) if "address" in asked else None
        domain = address.domain if address else DomainName.parse(asked["domain"])
        address = None if alone else address
        return client_config(store.find(domain), domain, address).with_display_name(
            asked.get("name")
        )

    def aliases(self) -> tuple[EmailAddress, ...]:
        """Return the other addresses of the mailbox, for profiles."""
        return tuple(EmailAddress.parse(one) for one in self.asked().get("aliases", ()))

    def answers(self, file: str) -> dict[str, bytes]:
        """Return the file that the folder must have for one format, with its content."""
        if file in {"autodiscover.xml", "activesync.xml"} and "domain" in self.asked():
            return {}  # Outlook and phones always send an address.
        try:
            config = self.config(alone=file in OF_DOMAINS)
            if file == "mobileconfig.plist":
                return {file: mobileconfig.render(config, aliases=self.aliases())}
            return {file: FORMATS[file](config)}
        except (DomainNotServed, NoUsableService, ServiceNotOffered) as error:
            return {f"{file}.refusal": f"{error.code}\n".encode()}

    def stored(self, file: str) -> dict[str, bytes]:
        """Return the files that the folder has for one format."""
        return {path.name: path.read_bytes() for path in self.folder.glob(f"{file}*")}

    def asked(self) -> dict[str, Any]:
        """Return the request of the case."""
        return tomllib.loads((self.folder / "case.toml").read_text(encoding="utf-8"))


def cases() -> list[Case]:
    """Return all cases, by their folders."""
    return [Case(path.parent.name) for path in sorted(HERE.glob("*/case.toml"))]
