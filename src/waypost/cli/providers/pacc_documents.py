"""The PACC documents of a domain, and whether DNS has their digests."""

from dataclasses import dataclass

from waypost.cli.logs import keep_quiet
from waypost.cli.output import print_line
from waypost.cli.sources.lookup import find_domain
from waypost.core.address import DomainName
from waypost.core.errors import NoUsableService
from waypost.formats.pacc import document as pacc
from waypost.lookup.lookup import client_config
from waypost.settings import Settings


@dataclass(frozen=True, slots=True)
class PaccDocuments:
    """The PACC documents of a domain.

    Attributes:
        is_pinned: whether the current document is pinned.
        served: the current document.
        pattern: the pattern of the entry, if the domain has no separate entry.
        after: the document that follows from the configuration, which is served next; None if
            PACC cannot express the configuration.
        why: the reason why `after` is None, or an empty text.
    """

    domain: DomainName
    is_pinned: bool
    served: bytes
    after: bytes | None
    pattern: str | None
    why: str = ""

    @property
    def record_name(self) -> str:
        """Return the name of the digest's record."""
        return f"{pacc.TXT_PREFIX}{self.domain}"


def documents_of(settings: Settings, name: DomainName) -> PaccDocuments:
    """Return the documents of a domain.

    Raises:
        DomainNotServed: the domain is not served.
        NoUsableService: the domain has no document.
    """
    keep_quiet()
    entry = find_domain(settings, name)
    config = client_config(entry, name, None)
    served = pacc.render(config)
    pattern = None if entry is None or entry.pattern.text == name.ascii else str(entry.pattern)
    is_pinned = config.pinned_pacc is not None
    try:
        return PaccDocuments(name, is_pinned, served, pacc.compose(config), pattern)
    except NoUsableService as error:
        return PaccDocuments(name, is_pinned, served, None, pattern, str(error))


@dataclass(frozen=True, slots=True)
class Status:
    """The status of one domain.

    Attributes:
        is_pinned: whether a document is pinned for the domain.
        documents: None if the domain has none.
        texts: the TXT records in DNS; None if DNS did not answer.
        problem: why a part of this is not known, or an empty text.
    """

    domain: DomainName
    is_pinned: bool
    documents: PaccDocuments | None
    texts: tuple[str, ...] | None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Return whether DNS has the digest of the current document, as clients require."""
        return self.documents is not None and self._has(self.documents.served) is True

    def _has(self, document: bytes) -> bool | None:
        if self.texts is None:
            return None
        return any(pacc.has_digest(text, document) for text in self.texts)

    def _each(self) -> list[tuple[str, bytes]]:
        if self.documents is None:
            return []
        served, after = self.documents.served, self.documents.after
        current = [("current", served)]
        return current if after in {None, served} else [*current, ("next", after or b"")]

    def for_scripts(self) -> dict[str, object]:
        """Return the status for --json."""
        documents: dict[str, object] = {"current": None, "next": None}
        for key, one in self._each():
            documents[key] = {"record": pacc.digest_record(one), "in_dns": self._has(one)}
        about = {"domain": self.domain.ascii, "pinned": self.is_pinned}
        return {**about, **documents, "problem": self.problem or None}

    def print(self) -> None:
        """Print the status for people."""
        print_line(f"{self.domain}: {'a' if self.is_pinned else 'no'} document is pinned")
        words = {True: "in DNS", False: "not in DNS", None: "unknown, DNS did not answer"}
        names = {"current": "served now", "next": "served after unpin"}
        for key, one in self._each():
            print_line(f"  {names[key]}: {pacc.digest_record(one)}: {words[self._has(one)]}")
        if self.problem:
            print_line(f"  {self.problem}")
