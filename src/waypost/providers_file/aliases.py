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
    known_domains: Container[str],
) -> list[Block]:
    """Return the domains with each alias after the block of the domain that it is an alias of.

    Args:
        report: receives the mistakes: targets that are missing, and loops.
        blocks: all domains that are not aliases.
        aliases: all others.
        known_domains: all domains in the file itself, also those of providers with mistakes.
    """
    if not aliases:
        return list(blocks)
    targets = _AliasTargets(blocks, aliases)
    reported: set[str] = set()
    aliases_by_block: dict[int, list[Domain]] = {}
    for alias in aliases:
        chain, is_loop = targets.follow(alias)
        if is_loop:
            if chain[0] == chain[-1] and reported.isdisjoint(chain):
                reported.update(chain)
                rule = f"alias_of forms a loop: {' to '.join(chain)}; remove one of them"
                report.problem(f"{alias.path}.alias_of", rule)
        elif (block_entry := targets.entry(chain[-1])) is not None:
            number, entry = block_entry
            alias_entry = replace(entry, pattern=alias.pattern, alias_of=chain[-1])
            aliases_by_block.setdefault(number, []).append(alias_entry)
        elif not any(candidate.text in known_domains for candidate in _candidates(chain[-1])):
            rule = f"{chain[-1]} is not a domain of this file; add it, or correct alias_of"
            report.problem(f"{alias.path}.alias_of", rule)
    pairs = ((block, aliases_by_block.get(number, [])) for number, block in enumerate(blocks))
    return [part for pair in pairs for part in pair if part or part is pair[0]]


class _AliasTargets:
    """The domains that aliases may be aliases of."""

    def __init__(self, blocks: Sequence[Block], aliases: Sequence[AliasEntry]) -> None:
        self._aliases = {alias.pattern.text: alias for alias in aliases}
        targets = {candidate.text for alias in aliases for candidate in _candidates(alias.target)}
        self._entries: dict[str, tuple[int, Domain]] = {}
        for number, block in enumerate(blocks):
            if isinstance(block, FileBlock):
                # A file may be larger than memory: only the entries that match are kept.
                patterns = _patterns_in_file(block.path, targets)
                entries = [_entry_of(block, pattern) for pattern in patterns]
            else:
                entries = [
                    domain_entry for domain_entry in block if domain_entry.pattern.text in targets
                ]
            for domain_entry in entries:
                self._entries.setdefault(domain_entry.pattern.text, (number, domain_entry))

    def entry(self, domain: str) -> tuple[int, Domain] | None:
        """Return the number of the block, and the entry, of the best match for a domain."""
        matching = (self._entries.get(candidate.text) for candidate in _candidates(domain))
        return next(filter(None, matching), None)

    def follow(self, alias: AliasEntry) -> tuple[list[str], bool]:
        """Return the names from an alias to the domain that it means, and whether they are a loop.

        The last name of a loop is one of the names before it.
        """
        chain = [alias.pattern.text]
        while (next_alias := self._alias_for(alias.target)) is not None:
            name = next_alias.pattern.text
            if name in chain:
                return [*chain, name], True
            chain.append(name)
            alias = next_alias
        return [*chain, alias.target], False

    def _alias_for(self, domain: str) -> AliasEntry | None:
        for candidate in _candidates(domain):
            if candidate.text in self._entries:
                return None
            if candidate.text in self._aliases:
                return self._aliases[candidate.text]
        return None


def _candidates(domain: str) -> Sequence[DomainPattern]:
    return candidates(DomainName(domain))


def _patterns_in_file(path: Path, targets: set[str]) -> list[DomainPattern]:
    return [
        pattern
        for _, pattern in read_lines(path, lambda _line, _rule: None)
        if pattern.text in targets
    ]


def _entry_of(block: FileBlock, pattern: DomainPattern) -> Domain:
    services = block.services(pattern.text)
    return Domain(pattern, block.provider, services, block.users, block.redirect)
