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
        matches: those of the searched domains that the file contains.
        first: some of the first domains.
    """

    path: Path
    count: int
    matches: frozenset[str]
    first: tuple[DomainPattern, ...]


@dataclass(slots=True)
class KnownDomains:
    """The domains that the reader has seen so far, and their redirects.

    Attributes:
        domains: the path of each domain in the providers file itself.
        redirects: the target of `redirect_address` of each domain that has one.
        files: the domain files.
        file_redirects: the target of `redirect_address` of all domains of a file.
        fingerprints: of all domains in files.
    """

    domains: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, DomainName] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    file_redirects: dict[Path, DomainName] = field(default_factory=dict)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def report_loops(self, report: Mistakes) -> None:
        """Report domains that redirect to each other, once for each loop."""
        reported: set[str] = set()
        targets = {*self.redirects.values(), *self.file_redirects.values()}
        file_entries = self._find_in_files(targets)
        entries = {target: self._entry(target, file_entries) for target in targets}
        redirects = self.redirects | {
            text: self.file_redirects[path]
            for text, (path, _) in file_entries.items()
            if path in self.file_redirects and text not in self.domains
        }
        for text in redirects:
            chain = self._redirect_chain(text, entries, redirects)
            if len(chain) > 1 and chain[-1] == text and reported.isdisjoint(chain):
                reported.update(chain)
                rule = f"redirect_address forms a loop: {' to '.join(chain)}; remove one of them"
                if text in self.domains:
                    report.problem(self.domains[text], rule)
                else:
                    report.problem_in(*file_entries[text], rule)

    def _find_in_files(self, targets: Iterable[DomainName]) -> dict[str, tuple[Path, int]]:
        """Return the file and the line of each entry in a file that matches one of these domains.

        A loop consists of such entries only, so the other entries need no memory.
        """
        texts = {pattern.text for target in targets for pattern in candidates(target)}
        return {
            pattern.text: (path, number)
            for path in (self.files if texts else ())
            for number, pattern in read_lines(path, lambda _line, _rule: None)
            if pattern.text in texts
        }

    def _entry(self, domain: DomainName, file_entries: Container[str]) -> str:
        """Return the domain or the pattern that matches a domain; "" if none matches."""
        matching = (
            pattern.text
            for pattern in candidates(domain)
            if pattern.text in self.domains or pattern.text in file_entries
        )
        return next(matching, "")

    @staticmethod
    def _redirect_chain(
        text: str, entries: Mapping[DomainName, str], redirects: Mapping[str, DomainName]
    ) -> list[str]:
        """Return the entries that a client passes while it follows redirects, up to a limit.

        If the redirects form a loop, the last entry is the first one again.
        """
        chain = [text]
        while len(chain) <= _REDIRECTS_MAX and (target := redirects.get(chain[-1])) is not None:
            entry = entries[target]
            if entry == chain[-1]:
                break  # The pattern matches its own target; `Redirect.is_loop_for` detects it.
            chain.append(entry)
            if entry == text:
                break
        return chain

    def report_duplicates(self, report: Mistakes) -> None:
        """Report each domain of a file that is also listed in another place."""
        if not self.files:
            return
        for text in self.domains:
            self.fingerprints.add(text)
        hashes = self.fingerprints.duplicates()
        paths = {text: path for text, path in self.domains.items() if hash(text) in hashes}
        for path in self.files if hashes else ():
            for number, pattern in read_lines(path, lambda _line, _rule: None):
                if hash(pattern.text) not in hashes:
                    continue
                here = f"{path}: line {number}"
                if (earlier := paths.setdefault(pattern.text, here)) != here:
                    rule = f"{pattern} is also at {earlier}; list each domain only once"
                    report.problem_in(path, number, rule)


def register_domain(
    report: Mistakes, path: str, pattern: DomainPattern, paths: dict[str, str]
) -> bool:
    """Note where a domain is; report a mistake, and return False, if it was seen before."""
    if (earlier := paths.get(pattern.text)) is not None:
        rule = f"{pattern} is also at {earlier}; list each domain only once"
        report.problem(path, rule)
        return False
    paths[pattern.text] = path
    return True


def check_redirect(
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
    report: Mistakes,
    path: Path,
    known_domains: KnownDomains,
    search_for: Iterable[str],
    redirect: Redirect | None,
) -> DomainsFile | None:
    """Check the domain file of a provider; return None if it has mistakes.

    Args:
        report: receives the mistakes.
        path: the file.
        known_domains: the domains that the reader has seen before.
        search_for: domains to search for in the file.
        redirect: where the mail of the domains is.
    """
    searched = frozenset(search_for)
    matches: set[str] = set()
    first: list[DomainPattern] = []
    mistakes, count = 0, 0

    def report_line(number: int, rule: str) -> None:
        nonlocal mistakes
        mistakes += 1
        if number:
            report.problem_in(path, number, rule)
        else:
            report.unreadable(path, rule)

    for _, pattern in read_lines(path, report_line):
        count += 1
        known_domains.fingerprints.add(pattern.text)
        if pattern.text in searched:
            matches.add(pattern.text)
        if count <= 4:
            first.append(pattern)
        if mistakes > _MISTAKES_MAX:
            break
    known_domains.files.append(path)
    if redirect is not None and redirect.address_domain is not None:
        known_domains.file_redirects[path] = DomainName(redirect.address_domain)
    return DomainsFile(path, count, frozenset(matches), tuple(first)) if not mistakes else None
