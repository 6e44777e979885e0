"""The form of a provider: every field is stored and shown again, and a mistake is at its field."""

from typing import Any

from lxml import html

from tests.web.admin.api.api_client import READER, WRITER, Api
from tests.web.admin.pages.person import Person, hidden
from tests.web.public.page import elements
from waypost.web.admin.pages.provider_form import LANGUAGE_RULE, PICTURE_RULE, TWICE_RULE

URL = "/admin/provider"
SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
FIELDS: dict[str, str] = {
    "name": "Fresh Mail",
    "short_name": "Modern",
    "contacts[0]": "mailto:help@modern.example",
    "contacts[1]": "tel:+49-30-123456",
    "documentation[0].url": "https://modern.example/help",
    "documentation[0].descriptions[0].language": "de",
    "documentation[0].descriptions[0].text": "Hilfe",
    "documentation[1].url": "https://modern.example/more",
    "logos[0].url": "https://modern.example/logo.png",
    "logos[0].content_type": "image/png",
    "logos[0].width": "64",
    "page.color": "#7a1fa2",
    "page.welcome[0].text": "Two minutes.",
    "page.welcome[1].language": "de",
    "page.welcome[1].text": "Zwei\r\nMinuten.",
    "page.help[0].language": "pt-BR",
    "page.help[0].text": "Ajuda",
    "other": '{"webmail": "https://modern.example/mail"}',
}
STORED = {
    "name": "Fresh Mail",
    "short_name": "Modern",
    "documentation": [
        {"url": "https://modern.example/help", "descriptions": {"de": "Hilfe"}},
        {"url": "https://modern.example/more"},
    ],
    "webmail": "https://modern.example/mail",
    "logos": [{"url": "https://modern.example/logo.png", "content_type": "image/png", "width": 64}],
    "contacts": ["mailto:help@modern.example", "tel:+49-30-123456"],
    "page": {
        "color": "#7a1fa2",
        "welcome": {"": "Two minutes.", "de": "Zwei Minuten."},
        "help": {"pt-BR": "Ajuda"},
    },
    "domains": 0,
}


def stored(api: Api, name: str = "Fresh%20Mail") -> dict[str, Any]:
    """Return a provider as the API shows it."""
    data: dict[str, Any] = api.client().get(f"/api/v1/providers/{name}").json()
    return data


def fields_of(text: str) -> dict[str, str]:
    """Return the fields of the form that have a value, as a browser would send them."""
    (form,) = elements(text, "//form[@enctype='multipart/form-data']")
    assert isinstance(form, html.FormElement)
    return {name: value for name, value in form.form_values() if value and name != "csrf"}


def send_file(person: Person, fields: dict[str, str], content: bytes) -> Any:
    """Send the form as a browser does, with a file."""
    boundary = "----boundary"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {"csrf": person.csrf, **fields}.items()
    ]
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="page.logo_file"; '
        'filename="logo.svg"\r\nContent-Type: image/svg+xml\r\n\r\n'
    )
    end = f"\r\n--{boundary}--\r\n"
    body = "".join([*parts, head]).encode() + content + end.encode()
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    return person.client.post(URL, content=body, headers=headers)


def test_every_field(api: Api) -> None:
    """Every field is stored, is shown again, and the shown form stores the same provider."""
    person = Person(api, WRITER)
    assert person.post(URL, FIELDS).status_code == 303
    assert stored(api) == STORED
    shown = fields_of(person.get(f"{URL}?name=Fresh+Mail").text)
    expected = FIELDS | {"page.welcome[1].text": "Zwei Minuten."}
    assert {key: " ".join(shown[key].split()) for key in expected if key != "other"} == {
        key: value for key, value in expected.items() if key != "other"
    }
    again = person.post(URL, shown)
    assert again.headers["location"].endswith("done=unchanged")
    assert stored(api) == STORED


def test_rows_are_removed(api: Api) -> None:
    """A row without content is left out, and an empty part, too."""
    person = Person(api, WRITER)
    person.post(URL, FIELDS)
    shown = fields_of(person.get(f"{URL}?name=Fresh+Mail").text)
    kept = {"old_name", "version", "name", "documentation[1].url", "page.welcome[1].text"}
    person.post(URL, {key: value if key in kept else "" for key, value in shown.items()})
    assert stored(api) == {
        "name": "Fresh Mail",
        "documentation": [{"url": "https://modern.example/more"}],
        "page": {"welcome": {"": "Zwei Minuten."}},
        "domains": 0,
    }


ROWS = [
    # a button, and the field that it adds
    ("add-contacts", "contacts[3]"),
    ("add-documentation", "documentation[3].url"),
    ("add-documentation-0", "documentation[0].descriptions[2].text"),
    ("add-logos", "logos[2].url"),
    ("add-welcome", "page.welcome[3].text"),
    ("add-help", "page.help[2].text"),
]


def test_rows_are_added(api: Api) -> None:
    """A button adds a row, keeps all that was entered, and stores nothing."""
    person = Person(api, WRITER)
    for action, name in ROWS:
        answer = person.post(URL, {**FIELDS, "action": action})
        assert answer.status_code == 200
        assert [one for _, one in ROWS if f'name="{one}"' in answer.text] == [name]
        assert fields_of(answer.text)["page.color"] == "#7a1fa2"
    assert "Fresh Mail" not in person.get("/admin/providers").text


MISTAKES: list[tuple[str, str, str, str]] = [
    # a field, its value, the field with the problem, the rule
    ("name", "", "name", "must not be empty"),
    ("short_name", "x" * 33, "short_name", "is longer than 32 characters"),
    ("contacts[1]", "nobody", "contacts[1]", "must be mailto:ADDRESS"),  # codespell:ignore nobody
    ("documentation[0].url", "ftp://a", "documentation[0].url", "must"),
    ("documentation[0].url", "", "documentation[0].url", "must not be empty"),
    (
        *("documentation[0].descriptions[0].text", "x" * 2001),
        *("documentation[0].descriptions[0].text", "is longer than 2000 characters"),
    ),
    (
        *("documentation[0].descriptions[0].language", "!"),
        *("documentation[0].descriptions[0].language", LANGUAGE_RULE),
    ),
    ("logos[0].url", "http://a.example", "logos[0].url", "must begin with https://"),
    ("logos[0].content_type", "text/html", "logos[0].content_type", "must be an image type"),
    ("logos[0].width", "wide", "logos[0].width", "must be"),
    ("logos[0].height", "0", "logos[0].height", "must be"),
    ("page.color", "red", "page.color", "must be a color"),
    ("page.welcome[1].language", "German!", "page.welcome[1].language", LANGUAGE_RULE),
    ("page.welcome[1].language", "", "page.welcome[1].language", TWICE_RULE),
    ("page.welcome[1].text", "x" * 1001, "page.welcome[1].text", "is longer than 1000 char"),
    ("page.welcome[0].text", "x" * 1001, "page.welcome[0].text", "is longer than 1000 char"),
    ("other", "{", "other", ""),
    ("other", '{"webmail": "x"}', "other", "webmail"),
    ("other", '{"colour": "x"}', "other", "colour"),
]


def test_mistakes(api: Api) -> None:
    """A mistake is named next to its field, which keeps its value, and nothing is stored."""
    person, wrong = Person(api, WRITER), []
    for field, value, place, rule in MISTAKES:
        # Another mistake, which only the form finds, does not hide it.
        fields = {**FIELDS, field: value, "page.help[1].language": "?", "page.help[1].text": "x"}
        answer = person.post(URL, fields)
        assert answer.status_code == 422, field
        for name, text in ((place, rule), ("page.help[1].language", LANGUAGE_RULE)):
            (shown,) = elements(answer.text, f"//*[@name='{name}']")
            described = elements(answer.text, f"//*[@id='{shown.get('aria-describedby')}']")
            links = elements(answer.text, f"//*[@id='failure']//a[@href='#{shown.get('id')}']")
            texts = [one.text_content() for one in described]
            if not links or len(texts) != 1 or text not in texts[0]:
                wrong.append((field, value[:20], name))
        (shown,) = elements(answer.text, f"//*[@name='{field}']")
        kept = shown.get("value") if shown.tag == "input" else shown.text
        assert (kept or "").strip() == value
    assert wrong == []
    assert "Fresh Mail" not in person.get("/admin/providers").text


def test_logo(api: Api) -> None:
    """A chosen picture is stored, stays with later changes, and is removed by its box."""
    person = Person(api, WRITER)
    assert send_file(person, FIELDS, SVG.encode()).status_code == 303
    logo = stored(api)["page"]["logo"]
    assert logo.startswith("data:image/svg+xml;base64,")
    text = person.get(f"{URL}?name=Fresh+Mail").text
    assert f'<img src="{logo}"'.replace("+", "&#43;") in text.replace("+", "&#43;")
    shown = fields_of(text)
    assert send_file(person, {**shown, "page.color": "#fff"}, b"").status_code == 303
    assert stored(api)["page"]["logo"] == logo
    shown = fields_of(person.get(f"{URL}?name=Fresh+Mail").text)
    assert send_file(person, {**shown, "page.remove_logo": "1"}, b"").status_code == 303
    assert "logo" not in stored(api)["page"]


BAD_FILES = [
    (b"no picture", PICTURE_RULE),
    (b"<svg>" + b"x" * 20_000, "is longer than 16384 bytes; save a smaller picture"),
    (b"x" * 3_000_000, "is longer than 16384 bytes; save a smaller picture"),
]


def test_bad_logo(api: Api) -> None:
    """A file that is no picture, or is too long, is named next to its field; all else is kept."""
    person = Person(api, WRITER)
    for content, rule in BAD_FILES:
        answer = send_file(person, FIELDS, content)
        assert answer.status_code == 422
        (problem,) = elements(answer.text, "//*[@id='page-logo_file-problem']")
        assert problem.text_content() == rule
        assert fields_of(answer.text)["page.welcome[0].text"] == "Two minutes."


def test_rename_and_conflict(api: Api) -> None:
    """A name that exists is named next to its field and stores nothing; a conflict shows both."""
    person = Person(api, WRITER)
    person.post(URL, FIELDS)
    page = person.get(f"{URL}?name=Fresh+Mail").text
    shown = fields_of(page)
    taken = person.post(URL, {**shown, "name": "Example Inc.", "page.color": "#123456"})
    assert taken.status_code == 422
    assert "exists already" in elements(taken.text, "//*[@id='name-problem']")[0].text_content()
    assert stored(api)["page"]["color"] == FIELDS["page.color"]
    assert person.post(URL, {**shown, "page.color": "#000"}).status_code == 303
    refused = person.post(URL, {**shown, "page.color": "#fff"})
    assert refused.status_code == 412
    assert fields_of(refused.text)["page.color"] == "#fff"
    again = {**shown, "page.color": "#fff", "version": hidden(refused.text, "version")}
    assert person.post(URL, again).status_code == 303
    assert stored(api)["page"]["color"] == "#ffffff"


def test_readers(api: Api) -> None:
    """A reader sees the values without a form."""
    send_file(Person(api, WRITER), FIELDS, SVG.encode())
    text = Person(api, READER).get(f"{URL}?name=Fresh+Mail").text
    for part in ("#7a1fa2", "Two minutes.", "Ajuda", "https://modern.example/more", "<img src="):
        assert part in text
    assert "<textarea" not in text
