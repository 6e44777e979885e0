"""Reading which domains a provider has, from the providers file and from files beside it."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from waypost.address import DomainName
from waypost.model import Away, DomainPattern, Users, candidates
from waypost.transfer.away import AWAY_KEYS, check_elsewhere, read_away
from waypost.transfer.directories import USERS_KEYS, Directories
from waypost.transfer.domains_file import Fingerprints, read_lines
from waypost.transfer.rules import DOMAIN_MAX_CHARS
from waypost.transfer.tables import Report, Table, kind

DOMAIN_KEYS: Final = ("name", *USERS_KEYS, *AWAY_KEYS)
_PATH_MAX_CHARS: Final = 1024
_MISTAKES_MAX: Final = 1000
# Microsoft's pages on RedirectAddr and RedirectUrl: clients follow ten times.
_REDIRECTS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Named:
    """A domain of a provider, who is asked about its users, and where its mail is."""

    pattern: DomainPattern
    users: Users | None
    away: Away | None = None


@dataclass(frozen=True, slots=True)
class DomainsFile:
    """A file with domains that was checked.

    Attributes:
        count: how many domains there are.
        found: which of the domains that were looked for are among them.
        first: some of the first domains.
    """

    path: Path
    count: int
    found: frozenset[str]
    first: tuple[DomainPattern, ...]


@dataclass(slots=True)
class Seen:
    """What was met so far.

    Attributes:
        folder: what names of files are relative to; None where there are no files.
        directories: those that the file describes.
        domains: where each domain of the providers file itself stands.
        moves: the domain to which the addresses of another one of them moved.
        files: the files with domains.
        file_moves: the domain to which the addresses of all domains of a file moved.
    """

    folder: Path | None
    directories: Directories
    domains: dict[str, str] = field(default_factory=dict)
    moves: dict[str, DomainName] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    file_moves: dict[Path, DomainName] = field(default_factory=dict)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def refuse_circles(self, report: Report) -> None:
        """Note domains that are said to have moved to each other, once for each circle."""
        told: set[str] = set()
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
            if len(way) > 1 and way[-1] == text and told.isdisjoint(way):
                told.update(way)
                rule = f"addresses go round in a circle: {' to '.join(way)}; one of them must stay"
                if text in self.domains:
                    report.problem(self.domains[text], rule)
                else:
                    report.problem_in(*of_files[text], rule)

    def _targets_in_files(self, targets: Iterable[DomainName]) -> dict[str, tuple[Path, int]]:
        """Find the file and the line of each entry in a file that is for one of these domains.

        A circle is made of such entries alone; all others of the files need no memory.
        """
        wanted = {one.text for target in targets for one in candidates(target)}
        return {
            pattern.text: (path, number)
            for path in (self.files if wanted else ())
            for number, pattern in read_lines(path, lambda _line, _rule: None)
            if pattern.text in wanted
        }

    def _entry(self, domain: DomainName, of_files: Container[str]) -> str:
        """Return the domain or the pattern that is for a domain; empty where none is."""
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
        """Return the entries that a client passes, as long as it is sent on; it stops at some time.

        The last one is the first again where it goes round in a circle.
        """
        way = [text]
        while len(way) <= _REDIRECTS_MAX and (target := moves.get(way[-1])) is not None:
            entry = entries[target]
            if entry == way[-1]:
                break  # A pattern that holds its target: `Away.leads_back` ends it.
            way.append(entry)
            if entry == text:
                break
        return way

    def refuse_twice(self, report: Report) -> None:
        """Note each domain of a file that stands elsewhere as well."""
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
                    rule = f"{pattern} stands at {earlier} as well; a domain has one entry"
                    report.problem_in(path, number, rule)


def note_domain(table: Table, at: str, text: str, places: dict[str, str]) -> DomainPattern | None:
    """Read a domain or a pattern, and note it where it has a mistake or was met before."""
    try:
        pattern = DomainPattern.parse(text)
    except ValueError as error:
        table.problem(at, str(error))
        return None
    if len(pattern.text) > DOMAIN_MAX_CHARS:
        table.problem(at, f"is longer than {DOMAIN_MAX_CHARS} characters")
    if (earlier := places.get(pattern.text)) is not None:
        table.problem(at, f"{pattern} stands at {earlier} as well; a domain has one entry")
        return None
    places[pattern.text] = table.at(at)
    return pattern


def read_domains(
    table: Table, seen: Seen, default: Users | None, away: Away | None = None
) -> tuple[list[Named], bool]:
    """Read the domains, and tell whether none of them has a mistake.

    Args:
        table: a provider.
        seen: what was met before.
        default: who is asked about the users of domains that name nobody.
        away: where the mail of domains is that say nothing of it.
    """
    found = []
    items = table.items("domains")
    for at, item in items:
        users, elsewhere = default, away
        text = item
        if isinstance(item, dict):
            entry = Table(table.report, table.at(at), item)
            entry.refuse_unknown(DOMAIN_KEYS)
            users = seen.directories.domain_users(entry, default)
            elsewhere = read_away(entry, away)
            text = entry.text("name", DOMAIN_MAX_CHARS) if entry.require("name") else None
            if text is None:
                continue
        if not isinstance(text, str):
            table.problem(at, f"must be a text or a table with a name, not {kind(item)}")
            continue
        if (pattern := note_domain(table, at, text, seen.domains)) is not None:
            check_elsewhere(table, at, pattern, elsewhere)
            if elsewhere is not None and elsewhere.address_domain is not None:
                seen.moves[pattern.text] = DomainName(elsewhere.address_domain)
            found.append(Named(pattern, users, elsewhere))
    whole = isinstance(table.raw("domains"), list) or "domains" not in table
    return found, whole and len(found) == len(items)


def read_domains_file(
    table: Table, seen: Seen, sought: Iterable[str], away: Away | None = None
) -> DomainsFile | None:
    """Check the file with a provider's domains; None where there is none, or none to be read.

    Args:
        table: a provider.
        seen: what was met before.
        sought: domains to look for in it.
        away: where the mail of its domains is.
    """
    path = _path(table, seen.folder)
    if path is None:
        return None
    wanted = frozenset(sought)
    found: set[str] = set()
    first: list[DomainPattern] = []
    mistakes, count = 0, 0

    def note(number: int, rule: str) -> None:
        nonlocal mistakes
        mistakes += 1
        if number:
            table.report.problem_in(path, number, rule)
        else:
            table.report.unreadable(path, rule)

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
    if away is not None and away.address_domain is not None:
        seen.file_moves[path] = DomainName(away.address_domain)
    if not mistakes and not count:
        table.warn("domains_file", f"{path} holds no domain")
    return DomainsFile(path, count, frozenset(found), tuple(first)) if not mistakes else None


def _path(table: Table, folder: Path | None) -> Path | None:
    text = table.text("domains_file", _PATH_MAX_CHARS)
    if text is None:
        return None
    if folder is None:
        table.problem("domains_file", "cannot be used here; write the domains as `domains`")
        return None
    if "://" in text:  # It may hold a password, which a path would show.
        table.problem("domains_file", "must be the path of a file; a database is a [[directory]]")
        return None
    return folder / text
