"""Import the static settings of the INI file of automx 1.x as providers.

The behavior of automx was observed with automx 1.1.1 (tests/importers/automx1): each domain of
`domains` has a section; `global` is for domains without a section or with `backend = global`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from waypost.core.errors import DomainError, ProvidersError
from waypost.core.model import Catalog, Domain, DomainPattern, MatchKind, Provider, Service
from waypost.importers.automx1.ini_file import Automx1File, parse_automx1
from waypost.importers.automx1.sections import DomainSettings, Sections
from waypost.importers.automx1.services import expand_macros
from waypost.importers.import_result import (
    ImportNotes,
    ImportResult,
    remove_duplicates,
    with_priorities,
)
from waypost.providers_file.catalog import default_short_name
from waypost.providers_file.validators import (
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    RuleBroken,
    check_text,
)

_RESERVED: Final = frozenset({"automx", "global"})
_ANY: Final = "*"
_PLACEHOLDER: Final = re.compile(r"%EMAIL[A-Z]+%")


def read_automx1(text: str, *, name: str) -> ImportResult:
    """Read the file.

    Args:
        text: the whole file.
        name: the name of the file in messages.

    Raises:
        ProvidersError: the file is not a file of automx, or Waypost can serve nothing in it.
    """
    file = parse_automx1(text, name=name)
    if not file.parser.has_section("automx"):
        raise ProvidersError([f"{name}: there is no section [automx]; is it a file of automx?"])
    return _Reader(file, ImportNotes(name)).result()


class _Reader:
    """A reader of a parsed file."""

    def __init__(self, file: Automx1File, notes: ImportNotes) -> None:
        self._parser = file.parser
        self._notes = notes
        self._sections = Sections(file, notes)

    def result(self) -> ImportResult:
        """Return the domains that automx answers for."""
        for key in self._parser["automx"]:
            if key not in {"provider", "domains"} and key not in self._parser.defaults():
                self._leave_out("automx", key, "Waypost has its own settings")
        if not self._parser.get("automx", "provider", fallback="").strip():
            self._warn("automx", "provider", "is missing; automx answers no client without it")
        domains: dict[DomainPattern, Domain] = {}
        lost: list[str] = []
        entries: dict[tuple[str, str | None], tuple[Provider, tuple[Service, ...]]] = {}
        follows_domain = self._follows_domain()
        for pattern, section in self._patterns():
            domain = None if pattern.text == _ANY else pattern.text
            # A section is read once, unless the sections that it follows depend on the domain.
            entry_key = (section, domain if follows_domain else None)
            if entry_key not in entries:
                entries[entry_key] = self._entry(*entry_key)
            provider, services = entries[entry_key]
            if services:
                domains[pattern] = Domain(pattern, provider, services)
            else:
                lost.append(pattern.text)
        self._leave_out_unused_sections()
        if not domains:
            reasons = "; ".join(str(note) for note in self._notes.left_out[:3])
            more = f"; left out: {reasons}" if reasons else ""
            raise ProvidersError([f"{self._notes.source}: no domain can be served{more}"])
        return self._notes.result(Catalog(tuple(_by_provider(domains.values()))), lost)

    def _follows_domain(self) -> bool:
        follows = (
            self._parser.get(section, "follow", fallback="") for section in self._parser.sections()
        )
        return any("%d" in follow for follow in follows)

    def _patterns(self) -> Iterator[tuple[DomainPattern, str]]:
        """Yield each domain once, with its section."""
        listed = dict.fromkeys(self._listed())
        is_any = not listed or next(iter(listed)).text == _ANY
        # The name of a section may be a domain in U-labels.
        section_names: dict[DomainPattern, str] = {}
        for name in self._sections.names():
            if name not in _RESERVED and (own := _exact(name)) is not None:
                section_names.setdefault(own, name)
        with_sections = (pattern for pattern in section_names if is_any or pattern in listed)
        for pattern in dict.fromkeys([*with_sections, *listed]):
            section = self._sections.find(pattern.text) or section_names.get(pattern)
            section = section or self._sections.find("global")
            if section is not None:
                yield pattern, section
            elif pattern.text != _ANY:
                why = f"{pattern} has neither a section nor [global]"
                self._leave_out("automx", "domains", why)

    def _listed(self) -> Iterator[DomainPattern]:
        """Read the list `domains` in [automx]; only a `*` in first place means any domain."""
        text = self._parser.get("automx", "domains", fallback="").strip()
        if not text:
            self._warn("automx", "domains", "is missing; automx answers no client without it")
        # automx splits the list at spaces, and ignores everything after a comma in each part.
        parts = text.split()
        accepted = {part.partition(",")[0] for part in parts} if len(parts) > 1 else {*parts}
        for number, entry in enumerate(re.split(r"[\s,]+", text.strip(", "))):
            if entry == _ANY and number == 0:
                yield DomainPattern(_ANY)
            elif entry == _ANY:
                self._leave_out("automx", "domains", "* is not the first entry; automx ignores it")
            elif entry and (pattern := _exact(entry)) is None:
                why = f"{entry[:60]!r} is not a domain; automx does not answer for it"
                self._leave_out("automx", "domains", why)
            elif entry and pattern is not None:
                if entry not in accepted:
                    why = f"automx does not answer for {pattern}, which follows a comma"
                    self._warn("automx", "domains", f"{why} without a space; Waypost does")
                yield pattern

    def _leave_out_unused_sections(self) -> None:
        for name in self._sections.names():
            if name in self._sections.used or name == "automx":
                continue
            if name == "global":
                why = "no domain uses it; list domains in the key domains of [automx]"
            elif _exact(name) is None:
                why = f"{name[:60]!r} is not a domain, and no section follows it"
            else:
                why = "the key domains of [automx] does not list it; automx does not serve it"
            self._leave_out(name, "", why)

    def _entry(self, section: str, domain: str | None) -> tuple[Provider, tuple[Service, ...]]:
        settings = self._sections.read(section, domain)
        services = remove_duplicates(
            settings.all_services(), self._notes, self._sections.line(section, "")
        )
        if not services:
            self._leave_out(section, "", "Waypost can serve none of its services")
        return self._provider(section, settings), with_priorities(services)

    def _provider(self, section: str, settings: DomainSettings) -> Provider:
        fallback = self._parser.get("automx", "provider", fallback="").strip() or section
        name = self._name(settings, "account_name", NAME_MAX_CHARS) or fallback[:NAME_MAX_CHARS]
        short = self._name(settings, "account_name_short", SHORT_NAME_MAX_CHARS)
        return Provider(name, short or default_short_name(name))

    def _name(self, settings: DomainSettings, key: str, limit: int) -> str | None:
        raw, section = settings.names.get(key, ("", ""))
        try:
            text = expand_macros(" ".join(raw.split()))
            shortened = check_text(_shorten(text, limit), limit) if text else None
        except RuleBroken as broken:
            self._leave_out(section, key, str(broken))
            return None
        if shortened != (text or None):
            self._leave_out(section, key, f"was cut to {limit} characters")
        return shortened

    def _leave_out(self, section: str, key: str, why: str) -> None:
        self._sections.leave_out(section, key, why)

    def _warn(self, section: str, key: str, why: str) -> None:
        self._notes.warn(self._sections.line(section, key), f"[{section}] {key}", why)


def _exact(text: str) -> DomainPattern | None:
    """Read a domain; return None for all other strings, also for patterns (automx has none)."""
    try:
        pattern = DomainPattern.parse(text)
    except DomainError:
        return None
    return pattern if pattern.kind is MatchKind.EXACT else None


def _shorten(text: str, limit: int) -> str:
    """Cut a text to a length; do not cut inside a placeholder."""
    for match in _PLACEHOLDER.finditer(text):
        if match.start() < limit < match.end():
            return text[: match.start()].strip()
    return text[:limit].strip()


def _by_provider(domains: Iterable[Domain]) -> Iterator[Domain]:
    """Return the domains, grouped by provider, in the order of the file."""
    groups: dict[Provider, list[Domain]] = {}
    for domain in domains:
        groups.setdefault(domain.provider, []).append(domain)
    return chain.from_iterable(groups.values())
