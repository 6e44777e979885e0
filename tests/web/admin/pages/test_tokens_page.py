"""The page of tokens: a secret is shown once, and a mistake is next to its field."""

import re

import pytest

from tests.web.admin.api.api_client import WRITER, Api, ApiClient
from tests.web.admin.pages.person import Person

LIST = "/admin/tokens"
WISH = {"name": "shop", "role": "write", "domains": "*.shop.example, shop.example", "expires": "9d"}


def test_life_of_a_token(api: Api) -> None:
    """A token of the page has its limits at the API, is shown once, and ends at once."""
    person = Person(api, WRITER)
    created = person.post(LIST, WISH)
    assert created.status_code == 200
    (secret,) = set(re.findall(r"waypost_[0-9A-Za-z]{40,}", created.text))
    shown = person.get(LIST).text
    assert secret not in shown
    assert "*.shop.example" in shown
    client = ApiClient(api.app, {"authorization": f"Bearer {secret}"})
    assert client.get("/api/v1/domains").json()["items"] == []
    assert client.get("/api/v1/tokens").status_code == 403
    ids = re.findall(r'name="id" value="([^"]+)"', shown)
    assert person.post(f"{LIST}/revoke", {"id": ids[0]}).status_code == 303
    assert client.get("/api/v1/domains").status_code == 401


MISTAKES = [
    ("name", ""),
    ("name", "x" * 200),
    ("role", "root"),
    ("domains", "a..b"),
    ("domains", "shop.example no_domain.example"),
    ("expires", "soon"),
    ("expires", "99999d"),
    ("provider", "x" * 200),
]


@pytest.mark.parametrize(("field", "value"), MISTAKES)
def test_mistakes(api: Api, field: str, value: str) -> None:
    """A mistake is named next to its field, the other fields are kept, and there is no token."""
    person = Person(api, WRITER)
    answer = person.post(LIST, {**WISH, field: value})
    assert answer.status_code == 422
    assert f'id="{field}-problem"' in answer.text
    assert value in answer.text or field == "role"  # A menu has only its own values.
    kept = "name" if field != "name" else "expires"
    assert f'value="{WISH[kept]}"' in answer.text
    assert "waypost_" not in answer.text
    assert all(one.name != "shop" for one in api.tokens.list())
