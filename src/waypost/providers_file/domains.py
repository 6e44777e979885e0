"""Read the domains of a provider, from the providers file and from its domain files."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from waypost.core.address import DomainName
from waypost.core.model import DomainPattern, MatchKind, Redirect, candidates
from waypost.providers_file.domains_file import Fingerprints, read_lines
from waypost.providers_file.validation import Mistakes

_MISTAKES_MAX: Final = 1000
# Microsoft's pages on RedirectAddr and RedirectUrl: clients follow ten redirects.
_REDIRECTS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class DomainsFile:
    """A checked file of domains.

    Attributes:
        count: the number of domains in the file.
        found: the wanted domains that the file contains.
        first: some of the first domains.
    """

    path: Path
    count: int
    found: frozenset[str]
    first: tuple[DomainPattern, ...]


@dataclass(slots=True)
class Seen:
    """What the reader has seen so far.

    Attributes:
        domains: the path of each domain in the providers file itself.
        moves: the target of `redirect_address` of each domain that has one.
        files: the domain files.
        file_moves: the target of `redirect_address` of all domains of a file.
        fingerprints: of all domains in files.
    """

    domains: dict[str, str] = field(default_factory=dict)
    moves: dict[str, DomainName] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    file_moves: dict[Path, DomainName] = field(default_factory=dict)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def refuse_circles(self, report: Mistakes) -> None:
        """Report domains that redirect to each other, once for each loop."""
        reported: set[str] = set()
        targets = {*self.moves.values(), *self.file_moves.values()}
        of_files = self._targets_in_files(targets)
        entries = {target: self._entry(target, of_files) for target in targets}
        moves = self.moves | {
            text: self.file_moves[path]
            for text, (path, _) in of_files.items()
            if path in self.file_moves and text not in self.domains
        }
        for text in moves:
            way = self._way(text, entries, moves)
            if len(way) > 1 and way[-1] == text and reported.isdisjoint(way):
                reported.update(way)
                rule = f"redirect_address forms a loop: {' to '.join(way)}; remove one of them"
                if text in self.domains:
                    report.problem(self.domains[text], rule)
                else:
                    report.problem_in(*of_files[text], rule)

    def _targets_in_files(self, targets: Iterable[DomainName]) -> dict[str, tuple[Path, int]]:
        """Return the file and the line of each entry in a file that matches one of these domains.

        A loop consists of such entries only, so the other entries need no memory.
        """
        wanted = {one.text for target in targets for one in candidates(target)}
        return {
            pattern.text: (path, number)
            for path in (self.files if wanted else ())
            for number, pattern in read_lines(path, lambda _line, _rule: None)
            if pattern.text in wanted
        }

    def _entry(self, domain: DomainName, of_files: Container[str]) -> str:
        """Return the domain or the pattern that matches a domain; "" if none matches."""
        matching = (
            one.text
            for one in candidates(domain)
            if one.text in self.domains or one.text in of_files
        )
        return next(matching, "")

    @staticmethod
    def _way(
        text: str, entries: Mapping[DomainName, str], moves: Mapping[str, DomainName]
    ) -> list[str]:
        """Return the entries that a client passes while it follows redirects, up to a limit.

        If the redirects form a loop, the last entry is the first one again.
        """
        way = [text]
        while len(way) <= _REDIRECTS_MAX and (target := moves.get(way[-1])) is not None:
            entry = entries[target]
            if entry == way[-1]:
                break  # The pattern matches its own target: `Redirect.is_loop_for` stops it.
            way.append(entry)
            if entry == text:
                break
        return way

    def refuse_twice(self, report: Mistakes) -> None:
        """Report each domain of a file that is also listed in another place."""
        if not self.files:
            return
        for text in self.domains:
            self.fingerprints.add(text)
        suspects = self.fingerprints.twice()
        places = {text: place for text, place in self.domains.items() if hash(text) in suspects}
        for path in self.files if suspects else ():
            for number, pattern in read_lines(path, lambda _line, _rule: None):
                if hash(pattern.text) not in suspects:
                    continue
                here = f"{path}: line {number}"
                if (earlier := places.setdefault(pattern.text, here)) != here:
                    rule = f"{pattern} is also at {earlier}; list each domain only once"
                    report.problem_in(path, number, rule)


def note_domain(
    report: Mistakes, path: str, pattern: DomainPattern, places: dict[str, str]
) -> bool:
    """Note where a domain is; report a mistake, and return False, if it was seen before."""
    if (earlier := places.get(pattern.text)) is not None:
        rule = f"{pattern} is also at {earlier}; list each domain only once"
        report.problem(path, rule)
        return False
    places[pattern.text] = path
    return True


def check_elsewhere(
    report: Mistakes, path: str, pattern: DomainPattern, redirect: Redirect | None
) -> None:
    """Report a domain that redirects to itself."""
    if redirect is None or pattern.kind is not MatchKind.EXACT:
        return
    if not redirect.is_loop_for(DomainName(pattern.text)):
        return
    if redirect.url is None:
        rule = f"{pattern} cannot redirect to itself; use another redirect_address"
    else:
        rule = f"clients of {pattern} already ask at its redirect_url; use another one"
    report.problem(path, rule)


def read_domains_file(
    report: Mistakes, path: Path, seen: Seen, sought: Iterable[str], redirect: Redirect | None
) -> DomainsFile | None:
    """Check the domain file of a provider; return None if it has mistakes.

    Args:
        report: receives the mistakes.
        path: the file.
        seen: what the reader has seen before.
        sought: domains to search for in the file.
        redirect: where the mail of the domains is.
    """
    wanted = frozenset(sought)
    found: set[str] = set()
    first: list[DomainPattern] = []
    mistakes, count = 0, 0

    def note(number: int, rule: str) -> None:
        nonlocal mistakes
        mistakes += 1
        if number:
            report.problem_in(path, number, rule)
        else:
            report.unreadable(path, rule)

    for _, pattern in read_lines(path, note):
        count += 1
        seen.fingerprints.add(pattern.text)
        if pattern.text in wanted:
            found.add(pattern.text)
        if count <= 4:
            first.append(pattern)
        if mistakes > _MISTAKES_MAX:
            break
    seen.files.append(path)
    if redirect is not None and redirect.address_domain is not None:
        seen.file_moves[path] = DomainName(redirect.address_domain)
    return DomainsFile(path, count, frozenset(found), tuple(first)) if not mistakes else None
