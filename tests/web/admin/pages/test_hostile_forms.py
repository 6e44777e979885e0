"""Forms that no browser sends: an answer that names the mistake, and never a defect."""

import anyio
import pytest
from starlette.types import Message

from tests.web.admin.api.api_client import WRITER, Api
from tests.web.admin.pages.person import FORM, Person
from waypost.web.admin.pages.provider_form import PICTURE_RULE

PROVIDER = "/admin/provider"
SERVICES = "/admin/wizard/services"
CREATE = "/admin/wizard/create"
FORMS: list[tuple[str, dict[str, str], int]] = [
    # a page, the fields, the status
    (PROVIDER, {"name": "A", "page.logo_file": "data:;base64,a"}, 422),  # no base64
    (PROVIDER, {"name": "A", "page.logo_file": "data:;base64,\u00e9"}, 422),  # no ASCII
    (PROVIDER, {"name": "A", "logos[0].width": "9" * 5000}, 422),  # too long for a number
    (PROVIDER, {"name": "A", "other": '{"webmail": "\\ud800"}'}, 422),  # half a character
    (SERVICES, {"found": '{"sources": ["\\ud800"]}'}, 200),
    (SERVICES, {"found": '{"checks": [{"state": []}], "findings": [{"severity": {}}]}'}, 200),
    (SERVICES, {"services[0].port": "9" * 5000}, 200),
    (SERVICES, {"services[0].rest": "[" * 100_000}, 200),  # nested too deeply
    (CREATE, {"services[0].host": "a.example", "services[0].port": "9" * 5000}, 422),
    (CREATE, {"services[0].host": "a.example", "services[0].rest": '{"\\ud800": 1}'}, 422),
]


@pytest.mark.parametrize(("url", "fields", "status"), FORMS)
def test_forms_that_no_browser_sends(
    api: Api, url: str, fields: dict[str, str], status: int
) -> None:
    """A form with values of a wrong kind is answered."""
    base = {"name": "new.example", "provider": "Example Inc.", "services[0].type": "imap"}
    if url == PROVIDER:
        base = {}
    assert Person(api, WRITER).post(url, base | fields).status_code == status


def test_text_in_place_of_a_file(api: Api) -> None:
    """A text that is no picture is named next to the field of the file."""
    fields = {"name": "A", "page.logo_file": "data:;base64,a"}
    assert PICTURE_RULE in Person(api, WRITER).post(PROVIDER, fields).text


@pytest.mark.parametrize("media_type", [FORM["content-type"], "multipart/form-data; boundary=b"])
def test_a_browser_that_goes_away(api: Api, media_type: str) -> None:
    """A connection that ends in the middle of a form is no defect."""
    messages: list[Message] = [
        {"type": "http.disconnect"},
        {"type": "http.request", "body": b"--b\r\n", "more_body": True},
    ]
    statuses: list[int] = []

    async def receive() -> Message:
        return messages.pop()

    async def send(message: Message) -> None:
        statuses.append(message.get("status", 0))

    headers = {**Person(api, WRITER).client.headers, "content-type": media_type}
    scope = {
        "type": "http",
        "method": "POST",
        "path": PROVIDER,
        "query_string": b"",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }
    anyio.run(api.app, scope, receive, send)
    assert statuses[0] == 400
