"""What PACC documents a domain has, and what DNS knows of them."""

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from waypost.address import DomainName
from waypost.cli.people import keep_quiet
from waypost.cli.reporting import say
from waypost.errors import NoUsableService
from waypost.lookup import client_config

if TYPE_CHECKING:
    from waypost.settings import Settings


@dataclass(frozen=True, slots=True)
class Documents:
    """What a domain has.

    Attributes:
        is_pinned: what goes out is pinned.
        served: what goes out.
        pattern: that of its entry, where it has none of its own.
        after: what goes out once nothing is pinned; None where PACC cannot say it.
        why: why there is none, or nothing.
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
        from waypost.formats import pacc  # noqa: PLC0415 -- quick start

        return f"{pacc.TXT_PREFIX}{self.domain}"


def documents_of(settings: "Settings", name: DomainName) -> Documents:
    """Return what a domain has.

    Raises:
        DomainNotServed: it is not served.
        NoUsableService: it has no document.
    """
    from waypost.formats import pacc  # noqa: PLC0415 -- quick start
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    keep_quiet()
    with closing(open_store(settings)) as store:
        entry = store.find(name)
    config = client_config(entry, name, None)
    served = pacc.render(config)
    pattern = None if entry is None or entry.pattern.text == name.ascii else str(entry.pattern)
    is_pinned = config.pinned_pacc is not None
    try:
        return Documents(name, is_pinned, served, pacc.compose(config), pattern)
    except NoUsableService as error:
        return Documents(name, is_pinned, served, None, pattern, str(error))


@dataclass(frozen=True, slots=True)
class Status:
    """What is told about one domain.

    Attributes:
        is_pinned: a document is pinned for it.
        documents: None where the domain has none.
        texts: what is in DNS; None where nobody can tell.
        problem: why something of this is not known, or nothing.
    """

    domain: DomainName
    is_pinned: bool
    documents: Documents | None
    texts: tuple[str, ...] | None
    problem: str = ""

    @property
    def is_good(self) -> bool:
        """Return whether clients believe what goes out."""
        return self.documents is not None and self._has(self.documents.served) is True

    def _has(self, document: bytes) -> bool | None:
        from waypost.formats import pacc  # noqa: PLC0415 -- quick start

        if self.texts is None:
            return None
        return any(pacc.vouches(text, document) for text in self.texts)

    def _each(self) -> list[tuple[str, bytes]]:
        if self.documents is None:
            return []
        served, after = self.documents.served, self.documents.after
        told = [("served", served)]
        return told if after in {None, served} else [*told, ("after", after or b"")]

    def for_scripts(self) -> dict[str, object]:
        """Return it for a script."""
        from waypost.formats import pacc  # noqa: PLC0415 -- quick start

        told: dict[str, object] = {"served": None, "after": None}
        for key, one in self._each():
            told[key] = {"record": pacc.digest_record(one), "in_dns": self._has(one)}
        about = {"domain": self.domain.ascii, "pinned": self.is_pinned}
        return {**about, **told, "problem": self.problem or None}

    def tell(self) -> None:
        """Write lines for people."""
        from waypost.formats import pacc  # noqa: PLC0415 -- quick start

        say(f"{self.domain}: {'a' if self.is_pinned else 'no'} document is pinned")
        words = {True: "in DNS", False: "not in DNS", None: "DNS cannot tell"}
        names = {"served": "goes out now", "after": "after the switch"}
        for key, one in self._each():
            say(f"  {names[key]}: {pacc.digest_record(one)}: {words[self._has(one)]}")
        if self.problem:
            say(f"  {self.problem}")
