"""The INI file of automx 1.x: its static settings as providers.

What automx makes of the file was seen with automx 1.1.1 (tests/transfer/automx1): a section for
each domain of `domains`, with `global` for those that have none or say `backend = global`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from waypost.errors import DomainError, ProvidersError
from waypost.model import Catalog, Domain, DomainPattern, MatchKind, Provider, Service
from waypost.transfer.automx1_file import Automx1File, parse_automx1
from waypost.transfer.automx1_sections import Said, Sections
from waypost.transfer.automx1_services import expand_macros
from waypost.transfer.imported import Imported, Notes, once, with_priorities
from waypost.transfer.providers_schema import default_short_name
from waypost.transfer.rules import (
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    RuleBroken,
    check_text,
)

_RESERVED: Final = frozenset({"automx", "global"})
_ANY: Final = "*"
_PLACEHOLDER: Final = re.compile(r"%EMAIL[A-Z]+%")


def read_automx1(text: str, *, name: str) -> Imported:
    """Read the file.

    Args:
        text: the whole file.
        name: what messages call it.

    Raises:
        ProvidersError: not such a file, or nothing in it can be served.
    """
    file = parse_automx1(text, name=name)
    if not file.parser.has_section("automx"):
        raise ProvidersError([f"{name}: there is no section [automx]; is it automx's file?"])
    return _Reader(file, Notes(name)).result()


class _Reader:
    """Reads a parsed file."""

    def __init__(self, file: Automx1File, notes: Notes) -> None:
        self._parser = file.parser
        self._notes = notes
        self._sections = Sections(file, notes)

    def result(self) -> Imported:
        """Return the domains that automx answers for."""
        for key in self._parser["automx"]:
            if key not in {"provider", "domains"} and key not in self._parser.defaults():
                self._leave_out("automx", key, "Waypost has settings of its own")
        if not self._parser.get("automx", "provider", fallback="").strip():
            self._warn("automx", "provider", "is missing, and automx answered nothing without it")
        domains: dict[DomainPattern, Domain] = {}
        lost: list[str] = []
        entries: dict[tuple[str, str | None], tuple[Provider, tuple[Service, ...]]] = {}
        follows_domain = self._follows_domain()
        for pattern, section in self._patterns():
            domain = None if pattern.text == _ANY else pattern.text
            # The same section is read once, unless what it follows depends on the domain.
            place = (section, domain if follows_domain else None)
            if place not in entries:
                entries[place] = self._entry(*place)
            provider, services = entries[place]
            if services:
                domains[pattern] = Domain(pattern, provider, services)
            else:
                lost.append(pattern.text)
        self._note_unused()
        if not domains:
            reasons = "; ".join(str(one) for one in self._notes.left_out[:3])
            more = f"; left out: {reasons}" if reasons else ""
            raise ProvidersError([f"{self._notes.source}: no domain can be served{more}"])
        return self._notes.result(Catalog(tuple(_by_provider(domains.values()))), lost)

    def _follows_domain(self) -> bool:
        follows = (self._parser.get(one, "follow", fallback="") for one in self._parser.sections())
        return any("%d" in follow for follow in follows)

    def _patterns(self) -> Iterator[tuple[DomainPattern, str]]:
        """Yield each domain once, with the section that says how it is served."""
        listed = dict.fromkeys(self._listed())
        is_any = not listed or next(iter(listed)).text == _ANY
        # A section may have its name in a domain's own letters.
        named: dict[DomainPattern, str] = {}
        for name in self._sections.names():
            if name not in _RESERVED and (own := _exact(name)) is not None:
                named.setdefault(own, name)
        wanted = (pattern for pattern in named if is_any or pattern in listed)
        for pattern in dict.fromkeys([*wanted, *listed]):
            section = self._sections.find(pattern.text) or named.get(pattern)
            section = section or self._sections.find("global")
            if section is not None:
                yield pattern, section
            elif pattern.text != _ANY:
                why = f"{pattern} has neither a section nor [global]"
                self._leave_out("automx", "domains", why)

    def _listed(self) -> Iterator[DomainPattern]:
        """Read what `domains` in [automx] lists; a `*` must be the first to mean any domain."""
        text = self._parser.get("automx", "domains", fallback="").strip()
        if not text:
            self._warn("automx", "domains", "is missing, and automx answered nothing without it")
        # automx divides the list at spaces, and takes of each part what is in front of a comma.
        parts = text.split()
        known = {part.partition(",")[0] for part in parts} if len(parts) > 1 else {*parts}
        for number, one in enumerate(re.split(r"[\s,]+", text.strip(", "))):
            if one == _ANY and number == 0:
                yield DomainPattern(_ANY)
            elif one == _ANY:
                self._leave_out("automx", "domains", "* is not the first, so it means no domain")
            elif one and (pattern := _exact(one)) is None:
                why = f"{one[:60]!r} is no domain, so automx answered nothing for it"
                self._leave_out("automx", "domains", why)
            elif one and pattern is not None:
                if one not in known:
                    why = f"automx divides the list at spaces, so it did not answer for {pattern}"
                    self._warn("automx", "domains", f"{why}; Waypost does")
                yield pattern

    def _note_unused(self) -> None:
        for name in self._sections.names():
            if name in self._sections.used or name == "automx":
                continue
            if name == "global":
                why = "no domain uses it; name them in domains of [automx]"
            elif _exact(name) is None:
                why = f"{name[:60]!r} is not a domain, and no section follows it"
            else:
                why = "domains of [automx] does not list it, so automx does not serve it"
            self._leave_out(name, "", why)

    def _entry(self, section: str, domain: str | None) -> tuple[Provider, tuple[Service, ...]]:
        said = self._sections.read(section, domain)
        services = once(said.all_services(), self._notes, self._sections.line(section, ""))
        if not services:
            self._leave_out(section, "", "no service of it can be served")
        return self._provider(section, said), with_priorities(services)

    def _provider(self, section: str, said: Said) -> Provider:
        fallback = self._parser.get("automx", "provider", fallback="").strip() or section
        name = self._name(said, "account_name", NAME_MAX_CHARS) or fallback[:NAME_MAX_CHARS]
        short = self._name(said, "account_name_short", SHORT_NAME_MAX_CHARS)
        return Provider(name, short or default_short_name(name))

    def _name(self, said: Said, key: str, limit: int) -> str | None:
        written, section = said.names.get(key, ("", ""))
        try:
            text = expand_macros(" ".join(written.split()))
            kept = check_text(_cut(text, limit), limit) if text else None
        except RuleBroken as broken:
            self._leave_out(section, key, str(broken))
            return None
        if kept != (text or None):
            self._leave_out(section, key, f"was cut to {limit} characters")
        return kept

    def _leave_out(self, section: str, key: str, why: str) -> None:
        self._sections.leave_out(section, key, why)

    def _warn(self, section: str, key: str, why: str) -> None:
        self._notes.warn(self._sections.line(section, key), f"[{section}] {key}", why)


def _exact(text: str) -> DomainPattern | None:
    """Read a domain; None for anything else, patterns too, which automx does not know."""
    try:
        pattern = DomainPattern.parse(text)
    except DomainError:
        return None
    return pattern if pattern.kind is MatchKind.EXACT else None


def _cut(text: str, limit: int) -> str:
    """Cut a text, but no placeholder in it."""
    for match in _PLACEHOLDER.finditer(text):
        if match.start() < limit < match.end():
            return text[: match.start()].strip()
    return text[:limit].strip()


def _by_provider(domains: Iterable[Domain]) -> Iterator[Domain]:
    """Put the domains of one provider together, in the order of the file."""
    groups: dict[Provider, list[Domain]] = {}
    for domain in domains:
        groups.setdefault(domain.provider, []).append(domain)
    return chain.from_iterable(groups.values())
