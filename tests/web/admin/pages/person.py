"""A person with a browser without scripts, in this process."""

import re
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.web.admin.api.api_client import Api, ApiClient
from waypost.admin.access.scope import AccessScope
from waypost.web.admin.pages.security import COOKIE

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Person:
    """A user who is signed in, or a visitor."""

    def __init__(self, api: Api, scope: AccessScope | None, name: str = "ada") -> None:
        self.secret = "" if scope is None else api.sessions.sign_in(name, scope, "127.0.0.1")
        cookie = {"cookie": f"{COOKIE}={self.secret}"} if self.secret else {}
        self.client = ApiClient(api.app, cookie)
        session = api.sessions.find(self.secret) if self.secret else None
        self.csrf = "" if session is None else session.csrf

    def get(self, url: str) -> httpx.Response:
        """Open a page."""
        answer: httpx.Response = self.client.get(url)
        return answer

    def post(
        self, url: str, fields: dict[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        """Send a form."""
        body = urlencode({"csrf": self.csrf, **(fields or {})}, doseq=True)
        answer: httpx.Response = self.client.post(url, content=body, headers={**FORM, **headers})
        return answer


def hidden(text: str, name: str) -> str:
    """Return the value of a hidden field of a page."""
    found = re.search(rf'type="hidden" name="{re.escape(name)}" value="([^"]*)"', text)
    assert found is not None, name
    return found[1]
