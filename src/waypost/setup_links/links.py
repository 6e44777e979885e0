"""What can be done with one-time links: create, open, use, list, revoke.

A use has three steps: the link is leased, the answer is built, the use is counted. Only then is the
answer sent. If one of the steps fails, the link stays as it was; if the process ends in between,
the lease ends after `LEASE_SECONDS`, and the link can be used again.
"""

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from waypost.core.errors import LinkBusy, LinkError, LinkInvalid
from waypost.setup_links import token as tokens
from waypost.setup_links.keys import SECRET, TOKEN, LinkKeys
from waypost.setup_links.link import (
    LEASE_SECONDS,
    LinkRow,
    LinkRows,
    LinkTarget,
    LinkTerms,
    NewRow,
    OpenedLink,
)
from waypost.setup_links.token import TokenContent


@dataclass(frozen=True, slots=True)
class CreatedLink:
    """A new link. Its repr does not show the token.

    Attributes:
        id: for `list` and `revoke`; None for a signed token, which nothing stores.
        expires_at: in seconds since the epoch.
    """

    token: str = field(repr=False)
    id: int | None
    expires_at: int

    @property
    def is_reusable(self) -> bool:
        """Whether any number of devices can use it until it expires."""
        return self.id is None


@dataclass(frozen=True, slots=True)
class LinkUse:
    """A use that has begun.

    Attributes:
        app_password: the stored one; None if there is none.
        request_id: the same each time this use is tried, and different for each other use.
    """

    target: LinkTarget
    app_password: str | None = field(repr=False)
    request_id: str
    row: LinkRow | None = field(default=None, repr=False)
    lease: str = field(default="", repr=False)


class SetupLinks:
    """The links of one Waypost. Its methods may block: they ask the database."""

    def __init__(
        self, rows: LinkRows | None, keys: LinkKeys, clock: Callable[[], float] = time.time
    ) -> None:
        """Initialize with the storage and the keys.

        Args:
            rows: the database; None if there is none, so that links are signed tokens.
            keys: of the operator.
            clock: for the expiry of signed tokens; stored links use the clock of the database.
        """
        self._rows = rows
        self._keys = keys
        self._clock = clock

    def create(self, target: LinkTarget, terms: LinkTerms) -> CreatedLink:
        """Create a link.

        Raises:
            LinkError: it needs a database, and there is none.
            StoreUnavailable, StoreError: the database cannot store it.
        """
        self.check(terms)
        if self._rows is None:
            return self._create_signed(target, terms)
        data = secrets.token_bytes(tokens.TOKEN_BYTES)
        token = tokens.encode(data)
        token_hash = tokens.hash_of(token)
        secret = None
        if terms.app_password is not None:
            encrypted = self._keys.encrypt(SECRET, terms.app_password.encode(), token_hash.encode())
            secret = base64.b64encode(encrypted).decode("ascii")
        row = self._rows.add(NewRow(token_hash, target, secret, terms.uses, terms.seconds))
        return CreatedLink(token, row.id, row.expires_at)

    def check(self, terms: LinkTerms) -> None:
        """Check that a link with these terms can be created.

        Raises:
            LinkError: it needs a database, and there is none.
        """
        if self._rows is not None:
            return
        needs = "without a database a link can be used until it expires"
        if terms.uses != 1:
            raise LinkError(f"uses: {needs}; uses are counted in a database only")
        if terms.app_password is not None:
            raise LinkError(f"app password: {needs}; a password is given out once, which needs one")

    def _create_signed(self, target: LinkTarget, terms: LinkTerms) -> CreatedLink:
        content = TokenContent(target, int(self._clock()) + terms.seconds)
        sealed = self._keys.encrypt(TOKEN, tokens.write_content(content))
        return CreatedLink(tokens.encode(sealed), None, content.expires_at)

    def open(self, token: str) -> OpenedLink:
        """Return what a link is for. Nothing changes.

        Raises:
            LinkInvalid: it is forged, expired, used up or revoked.
            StoreUnavailable, StoreError: the database does not say.
        """
        if self._rows is None:
            content = self._signed_content(token)
            return OpenedLink(content.target, False, True, content.expires_at)
        row = self._rows.find(tokens.hash_of(token))
        if row is None:
            raise LinkInvalid("this setup link is not valid")
        return OpenedLink(row.target, row.secret is not None, False, row.expires_at)

    def begin(self, token: str) -> LinkUse:
        """Begin a use: no other device can use the link until this use has ended.

        Raises:
            LinkInvalid: it is forged, expired, used up or revoked.
            LinkBusy: another device uses it now.
            StoreUnavailable, StoreError: the database does not say.
        """
        if self._rows is None:
            content = self._signed_content(token)
            # Nothing counts the uses of a signed token, so each try is a new one.
            return LinkUse(content.target, None, secrets.token_hex(16))
        token_hash, lease = tokens.hash_of(token), secrets.token_hex(16)
        row = self._rows.lease(token_hash, lease, LEASE_SECONDS)
        if row is None:
            if self._rows.find(token_hash) is None:
                raise LinkInvalid("this setup link is not valid")
            raise LinkBusy("another device uses this setup link now")
        name = f"{token_hash} {row.uses_left}".encode()
        request_id = hashlib.sha256(name).hexdigest()[:32]
        use = LinkUse(row.target, None, request_id, row, lease)
        if row.secret is None:
            return use
        try:
            data = base64.b64decode(row.secret)
            password = self._keys.decrypt(SECRET, data, token_hash.encode()).decode()
        except (ValueError, LinkInvalid) as error:
            self._rows.release(row, lease)
            raise LinkError(
                f"setup link {row.id}: no key of link_key decrypts its password; add the key it "
                "was created with, or revoke the link"
            ) from error
        return LinkUse(row.target, password, request_id, row, lease)

    def complete(self, use: LinkUse) -> None:
        """Count a use. Its answer may be sent only after that.

        Raises:
            LinkBusy: the use took too long, and the link is free for others again.
            StoreUnavailable, StoreError: it is not known whether it was counted.
        """
        if self._rows is None or use.row is None:
            return
        if not self._rows.complete(use.row, use.lease):
            raise LinkBusy("this use of the setup link took too long")

    def release(self, use: LinkUse) -> None:
        """Give up a use: the link is as it was.

        Raises:
            StoreUnavailable, StoreError: the lease ends by itself.
        """
        if self._rows is not None and use.row is not None:
            self._rows.release(use.row, use.lease)

    def all(self, before: int | None = None, limit: int | None = None) -> list[LinkRow]:
        """Return stored links, newest first.

        Args:
            before: only links with smaller ids.
            limit: of their number; None for all.

        Raises:
            LinkError: there is no database.
        """
        return self._stored().all(before, limit)

    def find_id(self, link_id: int) -> LinkRow | None:
        """Return a stored link, used and expired ones included, or None.

        Raises:
            LinkError: there is no database.
        """
        return self._stored().find_id(link_id)

    def revoke(self, link_id: int) -> bool:
        """Remove a stored link; return False if there is none.

        Raises:
            LinkError: there is no database.
        """
        return self._stored().revoke(link_id)

    def _stored(self) -> LinkRows:
        if self._rows is None:
            raise LinkError(
                "without a database no link is stored; a new link_key makes all links invalid"
            )
        return self._rows

    def _signed_content(self, token: str) -> TokenContent:
        content = tokens.read_content(self._keys.decrypt(TOKEN, tokens.decode(token)))
        if content.expires_at <= self._clock():
            raise LinkInvalid("this setup link is not valid")
        return content
