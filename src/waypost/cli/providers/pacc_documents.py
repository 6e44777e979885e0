"""The PACC documents of a domain, and whether DNS has their digests."""

from dataclasses import dataclass

from waypost.admin.lookups import find_domain
from waypost.cli.logs import disable_log
from waypost.cli.output import print_line
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
        current: the current document.
        pattern: the pattern of the entry, if the domain has no separate entry.
        next_document: the document that follows from the configuration, which is served next;
            None if PACC cannot express the configuration.
        problem: the reason why `next_document` is None, or an empty text.
    """

    domain: DomainName
    is_pinned: bool
    current: bytes
    next_document: bytes | None
    pattern: str | None
    problem: str = ""

    @property
    def record_name(self) -> str:
        """Return the name of the digest's record."""
        return f"{pacc.TXT_PREFIX}{self.domain}"


def find_documents(settings: Settings, name: DomainName) -> PaccDocuments:
    """Return the documents of a domain.

    Raises:
        DomainNotServed: the domain is not served.
        NoUsableService: the domain has no document.
    """
    disable_log()
    entry = find_domain(settings, name)
    config = client_config(entry, name, None)
    current = pacc.render(config)
    pattern = None if entry is None or entry.pattern.text == name.ascii else str(entry.pattern)
    is_pinned = config.pinned_pacc is not None
    try:
        return PaccDocuments(name, is_pinned, current, pacc.compose(config), pattern)
    except NoUsableService as error:
        return PaccDocuments(name, is_pinned, current, None, pattern, str(error))


@dataclass(frozen=True, slots=True)
class PaccStatus:
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
        return self.documents is not None and self._has(self.documents.current) is True

    def _has(self, document: bytes) -> bool | None:
        if self.texts is None:
            return None
        return any(pacc.has_digest(text, document) for text in self.texts)

    def _documents_by_key(self) -> list[tuple[str, bytes]]:
        if self.documents is None:
            return []
        current, next_document = self.documents.current, self.documents.next_document
        if next_document is None or next_document == current:
            return [("current", current)]
        return [("current", current), ("next", next_document)]

    def as_json(self) -> dict[str, object]:
        """Return the status for --json."""
        documents: dict[str, object] = {"current": None, "next": None}
        for key, document in self._documents_by_key():
            documents[key] = {"record": pacc.digest_record(document), "in_dns": self._has(document)}
        common = {"domain": self.domain.ascii, "pinned": self.is_pinned}
        return {**common, **documents, "problem": self.problem or None}

    def print(self) -> None:
        """Print the status for people."""
        print_line(f"{self.domain}: {'a' if self.is_pinned else 'no'} document is pinned")
        dns_texts = {True: "in DNS", False: "not in DNS", None: "unknown, DNS did not answer"}
        names = {"current": "served now", "next": "served after unpin"}
        for key, document in self._documents_by_key():
            print_line(
                f"  {names[key]}: {pacc.digest_record(document)}: {dns_texts[self._has(document)]}"
            )
        if self.problem:
            print_line(f"  {self.problem}")
