"""Domains that are aliases: they serve the configuration of another domain of the file."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from waypost.core.address import DomainName
from waypost.core.model import Domain, DomainPattern, candidates
from waypost.providers_file.domains_file import FileBlock, read_lines
from waypost.providers_file.validation import Mistakes

Block = Sequence[Domain] | FileBlock


@dataclass(frozen=True, slots=True)
class AliasEntry:
    """An alias as it is written.

    Attributes:
        path: where it is in the file.
        pattern: its own name.
        target: the domain (A-label) in `alias_of`.
    """

    path: str
    pattern: DomainPattern
    target: str


def with_aliases(
    report: Mistakes,
    blocks: Sequence[Block],
    aliases: Sequence[AliasEntry],
    named: Container[str],
) -> list[Block]:
    """Return the domains with each alias after the block of the domain that it is an alias of.

    Args:
        report: receives the mistakes: targets that are missing, and loops.
        blocks: all domains that are not aliases.
        aliases: all others.
        named: all domains that the file itself names, also those of providers with mistakes.
    """
    if not aliases:
        return list(blocks)
    targets = _Targets(blocks, aliases)
    reported: set[str] = set()
    placed: dict[int, list[Domain]] = {}
    for alias in aliases:
        way, is_loop = targets.way(alias)
        if is_loop:
            if way[0] == way[-1] and reported.isdisjoint(way):
                reported.update(way)
                rule = f"alias_of forms a loop: {' to '.join(way)}; remove one of them"
                report.problem(f"{alias.path}.alias_of", rule)
        elif (found := targets.entry(way[-1])) is not None:
            number, entry = found
            own = replace(entry, pattern=alias.pattern, alias_of=way[-1])
            placed.setdefault(number, []).append(own)
        elif not any(one.text in named for one in _candidates(way[-1])):
            rule = f"{way[-1]} is not a domain of this file; add it, or correct alias_of"
            report.problem(f"{alias.path}.alias_of", rule)
    pairs = ((block, placed.get(number, [])) for number, block in enumerate(blocks))
    return [part for pair in pairs for part in pair if part or part is pair[0]]


class _Targets:
    """The domains that aliases may be aliases of."""

    def __init__(self, blocks: Sequence[Block], aliases: Sequence[AliasEntry]) -> None:
        self._aliases = {alias.pattern.text: alias for alias in aliases}
        targets = {one.text for alias in aliases for one in _candidates(alias.target)}
        self._entries: dict[str, tuple[int, Domain]] = {}
        for number, block in enumerate(blocks):
            if isinstance(block, FileBlock):
                # A file may be larger than memory: only the entries that match are kept.
                of_file = _in_file(block.path, targets)
                found = [_entry_of(block, pattern) for pattern in of_file]
            else:
                found = [one for one in block if one.pattern.text in targets]
            for one in found:
                self._entries.setdefault(one.pattern.text, (number, one))

    def entry(self, domain: str) -> tuple[int, Domain] | None:
        """Return the number of the block, and the entry, of the best match for a domain."""
        matching = (self._entries.get(one.text) for one in _candidates(domain))
        return next(filter(None, matching), None)

    def way(self, alias: AliasEntry) -> tuple[list[str], bool]:
        """Return the names from an alias to the domain that it means, and whether they are a loop.

        The last name of a loop is one of the names before it.
        """
        way = [alias.pattern.text]
        while (further := self._alias_for(alias.target)) is not None:
            name = further.pattern.text
            if name in way:
                return [*way, name], True
            way.append(name)
            alias = further
        return [*way, alias.target], False

    def _alias_for(self, domain: str) -> AliasEntry | None:
        for one in _candidates(domain):
            if one.text in self._entries:
                return None
            if one.text in self._aliases:
                return self._aliases[one.text]
        return None


def _candidates(domain: str) -> Sequence[DomainPattern]:
    return candidates(DomainName(domain))


def _in_file(path: Path, wanted: set[str]) -> list[DomainPattern]:
    return [one for _, one in read_lines(path, lambda _line, _rule: None) if one.text in wanted]


def _entry_of(block: FileBlock, pattern: DomainPattern) -> Domain:
    services = block.services(pattern.text)
    return Domain(pattern, block.provider, services, block.users, block.redirect)
