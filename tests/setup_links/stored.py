"""Links whose storage is a dict, for tests without a database."""

from dataclasses import replace

from waypost.core.address import EmailAddress
from waypost.core.errors import StoreUnavailable
from waypost.setup_links.link import LinkRow, LinkTarget, NewRow

KEY = "k" * 40
TARGET = LinkTarget(EmailAddress.parse("alice@example.com"), "Alice", (), "phone")


class MemoryRows:
    """The rules of `LinkRows`, in memory. Implements it.

    Attributes:
        rows: by the hash of the token.
        leases: by the number of the row.
        fails_at: the name of the method that finds no database.
    """

    def __init__(self) -> None:
        self.rows: dict[str, LinkRow] = {}
        self.leases: dict[int, str] = {}
        self.fails_at = ""

    def _check(self, method: str) -> None:
        if method == self.fails_at:
            raise StoreUnavailable("the database is away")

    def add(self, row: NewRow) -> LinkRow:
        number = len(self.rows) + 1
        stored = LinkRow(
            id=number,
            token_hash=row.token_hash,
            target=row.target,
            secret=row.secret,
            uses_left=row.uses,
            created_at=1000,
            expires_at=1000 + row.seconds,
            used_at=None,
            is_expired=False,
        )
        self.rows[row.token_hash] = stored
        return stored

    def find(self, token_hash: str) -> LinkRow | None:
        self._check("find")
        row = self.rows.get(token_hash)
        return None if row is None or row.uses_left == 0 or row.is_expired else row

    def lease(self, token_hash: str, lease: str, seconds: int) -> LinkRow | None:
        assert seconds > 0
        self._check("lease")
        row = self.find(token_hash)
        if row is None or row.id in self.leases:
            return None
        self.leases[row.id] = lease
        return row

    def complete(self, row: LinkRow, lease: str) -> bool:
        self._check("complete")
        if self.leases.get(row.id) != lease:
            return False
        del self.leases[row.id]
        left = row.uses_left - 1
        secret = row.secret if left else None
        self.rows[row.token_hash] = replace(row, uses_left=left, secret=secret, used_at=2000)
        return True

    def release(self, row: LinkRow, lease: str) -> None:
        self._check("release")
        if self.leases.get(row.id) == lease:
            del self.leases[row.id]

    def all(self, before: int | None = None, limit: int | None = None) -> list[LinkRow]:
        rows = sorted(self.rows.values(), key=lambda row: -row.id)
        return [row for row in rows if before is None or row.id < before][:limit]

    def find_id(self, link_id: int) -> LinkRow | None:
        return next((row for row in self.rows.values() if row.id == link_id), None)

    def revoke(self, link_id: int) -> bool:
        found = [name for name, row in self.rows.items() if row.id == link_id]
        for name in found:
            del self.rows[name]
        return bool(found)
