"""The use cases about setup links of another Waypost, by its REST API."""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final
from urllib.parse import urlencode

from waypost.admin.links.cases import NewLink
from waypost.admin.remote.answers import read_next
from waypost.admin.results import Data
from waypost.setup_links.link import LinkTarget, LinkTerms

_PATH: Final = "/setup-links"
_SHOWN: Final = ("id", "address", "device", "state", "uses_left", "created", "expires", "used")
Reading = Callable[[], AbstractContextManager[None]]
Send = Callable[[str, str, bytes | None], Mapping[str, Any]]
"""Sends a request with a method, a path and a body, and returns the object of the answer."""


class RemoteSetupLinks:
    """The methods of `SetupLinkCases`, and their errors."""

    def __init__(self, send: Send, reading: Reading = nullcontext) -> None:
        """Initialize.

        Args:
            send: sends requests.
            reading: raises the right error if an answer is not Waypost's.
        """
        self._send = send
        self._reading = reading

    def create(self, target: LinkTarget, terms: LinkTerms) -> NewLink:
        """Create a link."""
        body = {
            "address": str(target.address),
            "name": target.display_name,
            "device": target.device,
            "aliases": [str(alias) for alias in target.aliases],
            "app_password": terms.app_password,
            "expires": f"{terms.seconds}s",
            "uses": terms.uses,
        }
        data = self._send("POST", _PATH, json.dumps(body).encode())
        with self._reading():
            names = ("url", "id", "address", "expires", "uses")
            link = {name: data[name] for name in names}
            return NewLink(f"{link['url']}", link, link["id"] is None)

    def page(self, limit: int, cursor: str | None = None) -> tuple[list[Data], str | None]:
        """Return stored links, newest first, and the cursor of the next part."""
        query = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        data = self._send("GET", f"{_PATH}?{urlencode(query)}", None)
        with self._reading():
            items = [{name: item[name] for name in _SHOWN} | item for item in data["items"]]
            return items, read_next(data, cursor)

    def revoke(self, link_id: int) -> None:
        """Remove a link, with its password."""
        self._send("DELETE", f"{_PATH}/{link_id}", None)
