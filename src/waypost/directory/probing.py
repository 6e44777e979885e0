"""One lookup step by step, for people who want to know why a user is not found."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from waypost import model
from waypost.address import EmailAddress
from waypost.model import SqlDirectory


@dataclass(frozen=True, slots=True)
class Step:
    """What was tried, and what came of it.

    Attributes:
        name: a few words: `resolve`, `connect`, `tls`, `bind`, `base`, `search`, `entry`, ….
        ok: whether it went well; after a step that did not, no other follows, unless another
            server is tried.
        text: one line for people: what was found, or what went wrong and what to do about it.
        details: the same for scripts; no secret is in it.
        seconds: how long it took.
    """

    name: str
    ok: bool
    text: str
    details: dict[str, object] = field(default_factory=dict)
    seconds: float = 0.0


def probe(directory: model.Directory, address: EmailAddress) -> Iterator[Step]:
    """Ask a directory for one user with new connections, and tell each step as it is done."""
    if isinstance(directory, SqlDirectory):
        from waypost.directory.sql.probing import probe_sql  # noqa: PLC0415 -- it needs Step

        yield from probe_sql(directory, address)
        return
    yield Step("kind", False, f"{directory.label}: this kind cannot be tested yet")
    del address
