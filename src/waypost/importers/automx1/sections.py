"""Read the sections of automx 1.x, each with the sections that it follows.

The order in which automx reads them was observed with automx 1.1.1 (tests/importers/automx1).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from waypost.core.errors import ProvidersError
from waypost.core.model import Service
from waypost.importers.automx1.ini_file import Automx1File
from waypost.importers.automx1.services import SERVICE_KEYS, SERVICES, ServiceReader, expand_macros
from waypost.importers.import_result import ImportNotes
from waypost.providers_file.validators import RuleBroken

SHOWN_CHARS: Final = 60
STATIC: Final = frozenset({"static", "static_append"})
FOLLOWED_MAX: Final = 100
"""The longest chain of sections that follow each other."""
KEYS_MAX: Final = 500_000
"""The largest number of keys to read. Keys of [DEFAULT] and of followed sections count each time
that they are read."""
_NAMES: Final = ("account_name", "account_name_short")
# These keys need no note: Waypost does the same, or they are not about mail.
_WITHOUT_NOTE: Final = frozenset({"backend", "follow", "server_url", *_NAMES})
_SIGNING: Final = "sign profiles with the settings profile_cert and profile_key"
_UNSUPPORTED: Final = {
    "display_name": "Waypost takes the name of a user from a directory",
    "server_name": "Waypost sends only the URL",
    "sign_mobileconfig": _SIGNING,
    "sign_cert": _SIGNING,
    "sign_key": _SIGNING,
    "sign_more_certs": _SIGNING,
    "autoconfig": "import the document: waypost import ispdb FILE",
}
_DEFAULT_SECTION: Final = "DEFAULT"


@dataclass(slots=True)
class DomainSettings:
    """The settings of a domain, from one or several sections.

    Attributes:
        names: account_name and account_name_short, unchanged, with the section of each.
        services: the services of each kind, in the order in which automx lists the kinds.
        activesync: the service that automx sends to phones.
    """

    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    services: dict[str, list[Service]] = field(default_factory=dict)
    activesync: Service | None = None

    def all_services(self) -> tuple[Service, ...]:
        """Return all services, in the order of preference."""
        mail = [service for services in self.services.values() for service in services]
        return (*mail, self.activesync) if self.activesync is not None else tuple(mail)


class Sections:
    """The sections of a parsed file."""

    def __init__(self, file: Automx1File, notes: ImportNotes) -> None:
        """Create a reader of the sections of a file.

        Args:
            file: the parsed file.
            notes: receives the notes.
        """
        self._parser = file.parser
        self._lines = file.lines
        self._notes = notes
        self._keys_read = 0
        # automx ignores the case of section names; of duplicates it uses the first one.
        self._by_name = {name.lower(): name for name in reversed(file.parser.sections())}
        self.used: set[str] = set()

    def find(self, name: str) -> str | None:
        """Return a section by its name in any case."""
        return self._by_name.get(name.lower())

    def names(self) -> Iterator[str]:
        """Return each section that automx can find, in the order of the file."""
        return (name for name in self._parser.sections() if self.find(name) == name)

    def read(self, name: str, domain: str | None) -> DomainSettings:
        """Read a section, and the sections that it follows.

        Args:
            name: the name of the section.
            domain: the domain of the request; None for any domain, without `follow = %d`.

        Raises:
            ProvidersError: all sections that were read have more than `KEYS_MAX` keys.
        """
        settings = DomainSettings()
        self._read(name, domain, settings, set())
        return settings

    def _read(
        self, name: str, domain: str | None, settings: DomainSettings, visited: set[str]
    ) -> None:
        self.used.add(name)
        if name in visited:
            self.leave_out(name, "follow", f"forms a loop back to [{name}]")
            return
        if len(visited) == FOLLOWED_MAX:
            self.leave_out(name, "follow", f"more than {FOLLOWED_MAX} sections follow each other")
            return
        visited.add(name)
        values = self._values(name)
        backend = values.get("backend", "").strip()
        if backend == "global":
            self._leave_out_unused_keys(name)
            self._follow(name, "global", domain, settings, visited)
        elif backend in STATIC:
            self._static(name, values, settings, appends=backend == "static_append")
            if target := values.get("follow", "").strip():
                self._follow(name, target, domain, settings, visited)
        elif not backend:
            self.leave_out(name, "backend", "is missing; automx serves nothing without it")
        else:
            self.leave_out(name, "backend", f"{in_one_line(backend)} is not static or global")

    def _values(self, name: str) -> dict[str, str]:
        """Return the keys of a section and of [DEFAULT]."""
        values = dict(self._parser.items(name))
        self._keys_read += len(values)
        if self._keys_read > KEYS_MAX:
            why = f"sections, with followed sections and [DEFAULT], have over {KEYS_MAX} keys"
            where = f"{self._notes.source}: line {self.line(name, '')}"
            raise ProvidersError([f"{where}: {why}; split the file"])
        return values

    def _static(
        self, name: str, values: Mapping[str, str], settings: DomainSettings, *, appends: bool
    ) -> None:
        self._leave_out_unknown_keys(name, values)
        reader = ServiceReader(name, values, lambda key: self.line(name, key), self._notes)
        for key in values:
            if key in _NAMES and values[key].strip():
                settings.names[key] = (values[key], name)
            elif key in SERVICES and (service := reader.mail(key)) is not None:
                earlier = settings.services.get(key, []) if appends else []
                settings.services[key] = [*earlier, service]
        settings.activesync = reader.activesync() or settings.activesync

    def _follow(
        self,
        name: str,
        target: str,
        domain: str | None,
        settings: DomainSettings,
        visited: set[str],
    ) -> None:
        key = "backend" if target == "global" else "follow"
        try:
            section = expand_macros(target)
        except RuleBroken as broken:
            self.leave_out(name, key, str(broken))
            return
        if domain is not None:
            section = section.replace("%EMAILDOMAIN%", domain)
        if "%EMAIL" in section:
            self.leave_out(name, key, "refers to another section for each user or domain")
        elif (target_section := self.find(section)) is None:
            # automx then answers with an error, with any other content of the section.
            self.leave_out(name, key, f"there is no section [{in_one_line(section)}]")
        else:
            self._read(target_section, domain, settings, visited)

    def _leave_out_unused_keys(self, name: str) -> None:
        for key in self._parser[name]:
            if key != "backend" and key not in self._parser.defaults():
                self.leave_out(name, key, "backend = global uses no other key of this section")

    def _leave_out_unknown_keys(self, name: str, values: Mapping[str, str]) -> None:
        for key, value in values.items():
            if key in _WITHOUT_NOTE or key in SERVICE_KEYS:
                continue
            default_value = {"action": "settings", "account_type": "email"}.get(key)
            if default_value is None or value.strip().lower() != default_value:
                why = _UNSUPPORTED.get(key, "Waypost has no such setting")
                self.leave_out(name, key, why)

    def leave_out(self, name: str, key: str, why: str) -> None:
        """Add a note about a key that is not imported; a key of [DEFAULT] gets only one note."""
        if (name, key) not in self._lines and (_DEFAULT_SECTION, key) in self._lines:
            name = _DEFAULT_SECTION
        self._notes.leave_out(
            self.line(name, key), f"[{in_one_line(name)}] {in_one_line(key)}".strip(), why
        )

    def line(self, name: str, key: str) -> int:
        """Return the line of a key in the section or in [DEFAULT], or the line of the section."""
        places = ((name, key), (_DEFAULT_SECTION, key), (name, ""))
        return next((self._lines[place] for place in places if place in self._lines), 1)


def in_one_line(text: str) -> str:
    """Return the beginning of a name or value of the file, on one line, for messages."""
    return " ".join(text.split())[:SHOWN_CHARS]
