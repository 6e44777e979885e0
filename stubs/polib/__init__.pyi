# The part of polib 1.2 that Waypost uses.

class POEntry:
    msgid: str
    msgid_plural: str
    msgstr: str
    msgctxt: str | None
    obsolete: bool
    linenum: int
    @property
    def fuzzy(self) -> bool: ...

class POFile(list[POEntry]): ...

def pofile(pofile: str) -> POFile: ...
