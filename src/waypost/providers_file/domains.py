"""Read the domains of a provider, from the providers file and from its domain files."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from waypost.core.address import DomainName
from waypost.core.model import DirectoryPolicy, DomainPattern, Redirect, candidates
from waypost.providers_file.directories.directories import USERS_KEYS, DirectoryReader
from waypost.providers_file.domains_file import Fingerprints, read_lines
from waypost.providers_file.redirects import AWAY_KEYS, check_elsewhere, read_redirect
from waypost.providers_file.validation import Mistakes, Table, kind
from waypost.providers_file.validators import DOMAIN_MAX_CHARS

DOMAIN_KEYS: Final = ("name", *USERS_KEYS, *AWAY_KEYS)
_PATH_MAX_CHARS: Final = 1024
_MISTAKES_MAX: Final = 1000
# Microsoft's pages on RedirectAddr and RedirectUrl: clients follow ten redirects.
_REDIRECTS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class DomainTarget:
    """A domain of a provider, with the directory of its users, and where its mail is."""

    pattern: DomainPattern
    users: DirectoryPolicy | None
    redirect: Redirect | None = None


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
        folder: file names are relative to it; None if files cannot be used.
        directories: the directories of the providers file.
        domains: the path of each domain in the providers file itself.
        moves: the target of `redirect_address` of each domain that has one.
        files: the domain files.
        file_moves: the target of `redirect_address` of all domains of a file.
        fingerprints: of all domains in files.
    """

    folder: Path | None
    directories: DirectoryReader
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
                break  # The pattern matches its own target: `Redirect.leads_back` stops the client.
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


def note_domain(table: Table, at: str, text: str, places: dict[str, str]) -> DomainPattern | None:
    """Read a domain or a pattern; report a mistake, also if the domain was seen before."""
    try:
        pattern = DomainPattern.parse(text)
    except ValueError as error:
        table.problem(at, str(error))
        return None
    if len(pattern.text) > DOMAIN_MAX_CHARS:
        table.problem(at, f"is longer than {DOMAIN_MAX_CHARS} characters")
    if (earlier := places.get(pattern.text)) is not None:
        table.problem(at, f"{pattern} is also at {earlier}; list each domain only once")
        return None
    places[pattern.text] = table.at(at)
    return pattern


def read_domains(
    table: Table, seen: Seen, default: DirectoryPolicy | None, redirect: Redirect | None = None
) -> tuple[list[DomainTarget], bool]:
    """Read the domains; return them, and whether all of them are without mistakes.

    Args:
        table: a provider.
        seen: what the reader has seen before.
        default: for domains that do not set a directory.
        redirect: for domains that do not say where their mail is.
    """
    found = []
    items = table.items("domains")
    for at, item in items:
        users, elsewhere = default, redirect
        text = item
        if isinstance(item, dict):
            entry = Table(table.report, table.at(at), item)
            entry.refuse_unknown(DOMAIN_KEYS)
            users = seen.directories.domain_users(entry, default)
            elsewhere = read_redirect(entry, redirect)
            text = entry.text("name", DOMAIN_MAX_CHARS) if entry.require("name") else None
            if text is None:
                continue
        if not isinstance(text, str):
            table.problem(at, f"must be a string or a table with a name, not {kind(item)}")
            continue
        if (pattern := note_domain(table, at, text, seen.domains)) is not None:
            check_elsewhere(table, at, pattern, elsewhere)
            if elsewhere is not None and elsewhere.address_domain is not None:
                seen.moves[pattern.text] = DomainName(elsewhere.address_domain)
            found.append(DomainTarget(pattern, users, elsewhere))
    whole = isinstance(table.raw("domains"), list) or "domains" not in table
    return found, whole and len(found) == len(items)


def read_domains_file(
    table: Table, seen: Seen, sought: Iterable[str], redirect: Redirect | None = None
) -> DomainsFile | None:
    """Check the domain file of a provider; return None if there is none or it has mistakes.

    Args:
        table: a provider.
        seen: what the reader has seen before.
        sought: domains to search for in the file.
        redirect: where the mail of the domains is.
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
    if redirect is not None and redirect.address_domain is not None:
        seen.file_moves[path] = DomainName(redirect.address_domain)
    if not mistakes and not count:
        table.warn("domains_file", f"{path} contains no domain")
    return DomainsFile(path, count, frozenset(found), tuple(first)) if not mistakes else None


def _path(table: Table, folder: Path | None) -> Path | None:
    text = table.text("domains_file", _PATH_MAX_CHARS)
    if text is None:
        return None
    if folder is None:
        table.problem("domains_file", "cannot be used here; list the domains in `domains`")
        return None
    if "://" in text:  # A URL may contain a password, and messages show paths.
        table.problem("domains_file", "must be a file path; use a [[directory]] for a database")
        return None
    return folder / text
