"""The INI file of automx 1.x: its static settings as providers.

What the keys mean was taken from automx.conf(5) of release 0.10: a section for each domain, with
`global` for those that say `backend = global` and for those that have no section.
"""

import configparser
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from waypost.errors import DomainError, ProvidersError
from waypost.model import Catalog, Domain, DomainPattern, Provider, Service
from waypost.transfer.automx1_services import SERVICE_KEYS, SERVICES, read_service
from waypost.transfer.imported import Imported, Notes
from waypost.transfer.providers_schema import default_short_name
from waypost.transfer.rules import (
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    RuleBroken,
    check_text,
)

_RESERVED: Final = frozenset({"automx", "global", "DEFAULT"})
_STATIC: Final = frozenset({"static", "static_append"})
# What needs no word: it is what Waypost does, or says nothing about mail.
_MEANINGLESS: Final = frozenset({"backend", "account_name", "account_name_short"})
_HEADER: Final = re.compile(r"\s*\[(?P<name>[^\]]+)\]")
_KEY: Final = re.compile(r"(?P<key>[^\s=:#;\[][^=:]*?)\s*[=:]")


def read_automx1(text: str, *, name: str) -> Imported:
    """Read the file.

    Args:
        text: the whole file.
        name: what messages call it.

    Raises:
        ProvidersError: not such a file, or nothing in it can be served.
    """
    parser = configparser.RawConfigParser(
        strict=False, comment_prefixes=("#", ";"), inline_comment_prefixes=None
    )
    # Uppercase and lowercase matters in it.
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text, source=name)
    except configparser.Error as error:
        reason = " ".join(str(error).split())
        raise ProvidersError([f"{name}: not an INI file: {reason}"]) from error
    if not parser.has_section("automx"):
        raise ProvidersError([f"{name}: there is no section [automx]; is it automx's file?"])
    return _Reader(parser, _lines(text), Notes(name)).result()


def _lines(text: str) -> Mapping[tuple[str, str], int]:
    """Find the line of each section (with an empty key) and of each key, the last one counts."""
    found: dict[tuple[str, str], int] = {}
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if header := _HEADER.match(line):
            section = header["name"]
            found[section, ""] = number
        elif key := _KEY.match(line):
            found[section, key["key"]] = number
    return found


class _Reader:
    """Reads a parsed file."""

    def __init__(
        self,
        parser: configparser.RawConfigParser,
        lines: Mapping[tuple[str, str], int],
        notes: Notes,
    ) -> None:
        self._parser = parser
        self._lines = lines
        self._notes = notes

    def result(self) -> Imported:
        """Give the domains of all sections, and of `domains` in [automx]."""
        for key in self._parser["automx"]:
            if key not in {"provider", "domains"} and key not in self._parser.defaults():
                self._leave_out("automx", key, "Waypost has settings of its own")
        domains: dict[DomainPattern, Domain] = {}
        names = [name for name in self._parser.sections() if name not in _RESERVED]
        entries: dict[str, tuple[Provider, tuple[Service, ...]]] = {}
        for pattern, section in self._patterns(names):
            if section not in entries:
                entries[section] = self._entry(section)
            provider, services = entries[section]
            if services:
                domains[pattern] = Domain(pattern, provider, services)
        if "global" not in entries and self._parser.has_section("global"):
            self._leave_out("global", "", "no domain uses it; name them in domains of [automx]")
        if not domains:
            reasons = "; ".join(str(one) for one in self._notes.left_out[:3])
            more = f"; left out: {reasons}" if reasons else ""
            raise ProvidersError([f"{self._notes.source}: no domain can be served{more}"])
        return self._notes.result(Catalog(tuple(_by_provider(domains.values()))))

    def _patterns(self, names: list[str]) -> Iterator[tuple[DomainPattern, str]]:
        """Give each domain once, with the section that says how it is served."""
        seen: set[DomainPattern] = set()
        listed = re.split(r"[\s,]+", self._parser.get("automx", "domains", fallback="").strip())
        allowed = {pattern for text in listed if (pattern := self._pattern(text, "automx"))}
        for name in names:
            if (pattern := self._pattern(name, name)) is None or pattern in seen:
                continue
            seen.add(pattern)
            backend = self._parser.get(name, "backend", fallback="").strip().lower()
            if allowed and DomainPattern("*") not in allowed and pattern not in allowed:
                self._leave_out(name, "", "automx serves it not: domains of [automx] lacks it")
            elif backend == "global":
                self._surplus(name)
                yield from [(pattern, "global")] if self._has_global(name) else []
            elif backend in _STATIC:
                yield pattern, name
            else:
                self._leave_out(name, "backend", f"{backend or 'none'} is not static or global")
        for pattern in sorted(allowed - seen):
            if self._parser.has_section("global"):
                yield pattern, "global"
            elif pattern.text != "*":
                self._leave_out("automx", "domains", f"{pattern} has neither section nor [global]")

    def _pattern(self, text: str, section: str) -> DomainPattern | None:
        if not text:
            return None
        try:
            return DomainPattern.parse(text)
        except DomainError as error:
            key = "domains" if section == "automx" else ""
            self._leave_out(section, key, f"{text[:60]!r} is not a domain: {error}")
            return None

    def _has_global(self, name: str) -> bool:
        if self._parser.has_section("global"):
            return True
        self._leave_out(name, "backend", "global, but there is no section [global]")
        return False

    def _surplus(self, name: str) -> None:
        for key in self._parser[name]:
            if key != "backend" and key not in self._parser.defaults():
                self._leave_out(name, key, "backend = global takes nothing from this section")

    def _entry(self, section: str) -> tuple[Provider, tuple[Service, ...]]:
        values = dict(self._parser[section])
        backend = values.get("backend", "static").strip().lower()
        provider = self._provider(section, values)
        if backend not in _STATIC:
            self._leave_out(section, "backend", f"{backend} is not static")
            return provider, ()
        self._unknown(section, values)
        services = []
        for service in SERVICES:
            found = read_service(
                service, values, lambda key: self._line(section, key), self._notes, section
            )
            if found is not None:
                services.append(found)
        if not services:
            self._leave_out(section, "", "no service of it can be served")
        return provider, tuple(services)

    def _provider(self, section: str, values: Mapping[str, str]) -> Provider:
        fallback = self._parser.get("automx", "provider", fallback="").strip() or section
        name = self._name(section, values, "account_name", NAME_MAX_CHARS) or fallback[:128]
        short = self._name(section, values, "account_name_short", SHORT_NAME_MAX_CHARS)
        return Provider(name, short or default_short_name(name))

    def _name(self, section: str, values: Mapping[str, str], key: str, limit: int) -> str | None:
        text = " ".join(values.get(key, "").split())
        if not text:
            return None
        try:
            kept = check_text(text[:limit].strip(), limit)
        except RuleBroken as broken:
            self._leave_out(section, key, str(broken))
            return None
        if kept != text:
            self._leave_out(section, key, f"was cut to {limit} characters")
        if "%" in text or "${" in text:
            self._leave_out(section, key, "its macros are not expanded in names")
        return kept

    def _unknown(self, section: str, values: Mapping[str, str]) -> None:
        for key, value in values.items():
            if key in _MEANINGLESS or key in SERVICE_KEYS:
                continue
            usual = {"action": "settings", "account_type": "email"}.get(key)
            if usual is None or value.strip().lower() != usual:
                self._leave_out(section, key, "Waypost has no such setting of a provider")

    def _leave_out(self, section: str, key: str, why: str) -> None:
        what = f"[{section}] {key}".strip()
        self._notes.leave_out(self._line(section, key), what, why)

    def _line(self, section: str, key: str) -> int:
        places = ((section, key), ("DEFAULT", key), (section, ""))
        return next((self._lines[place] for place in places if place in self._lines), 1)


def _by_provider(domains: Iterable[Domain]) -> Iterator[Domain]:
    """Put the domains of one provider together, in the order of the file."""
    groups: dict[Provider, list[Domain]] = {}
    for domain in domains:
        groups.setdefault(domain.provider, []).append(domain)
    return chain.from_iterable(groups.values())
