# The part of polib 1.2 that Waypost and its tests use.

from collections.abc import Sequence

class POEntry:
    msgid: str
    msgid_plural: str
    msgstr: str
    msgctxt: str | None
    obsolete: bool
    linenum: int
    flags: list[str]
    def __init__(
        self,
        *,
        msgid: str = ...,
        msgstr: str = ...,
        flags: Sequence[str] = ...,
        occurrences: Sequence[tuple[str, str]] = ...,
    ) -> None: ...
    @property
    def fuzzy(self) -> bool: ...
    def translated(self) -> bool: ...

class POFile(list[POEntry]):
    header: str
    metadata: dict[str, str]
    def __init__(self, *, wrapwidth: int = ...) -> None: ...
    def save(self, fpath: str) -> None: ...

def pofile(pofile: str, *, encoding: str = ...) -> POFile: ...
