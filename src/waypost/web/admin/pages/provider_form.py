"""The form of a provider: its fields, its object, and the place of each mistake.

A list of fields has one row without content at its end, and a row without content is left out, so
that all of it works without JavaScript.
"""

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from waypost.core.errors import InvalidObject
from waypost.core.logo import is_data_url, to_data_url
from waypost.providers_file.models.page import LANGUAGE
from waypost.web.admin.pages.forms import FILE_PREFIX, Form
from waypost.web.admin.pages.json_form import read_json, write_json

ROWS_MAX: Final = 500
TEXTS: Final = ("welcome", "help")
LANGUAGE_RULE: Final = "must be a language, such as de or pt-BR; empty for all others"
TWICE_RULE: Final = "this language is there twice"
PICTURE_RULE: Final = "must be an SVG, PNG, WebP, JPEG or GIF picture"
_FIELDS: Final = ("name", "short_name", "contacts", "documentation", "logos", "domains", "page")
_LOGO: Final = ("url", "content_type", "width", "height")
_ADD: Final = re.compile(r"add-(?:contacts|logos|documentation(?:-[0-9]{1,3})?|welcome|help)")

Values = dict[str, Any]
"""The texts of the fields: `name`, `short_name`, `color`, `logo` and `other`, and the rows of
`contacts`, `documentation`, `logos`, `welcome` and `help`."""
Mistake = tuple[str, str]
"""The path of a field, and the broken rule."""


def values_of_object(name: str, data: Mapping[str, Any]) -> Values:
    """Return the fields that show a provider."""
    page = data.get("page", {})
    return {
        "name": name,
        "short_name": data.get("short_name", ""),
        "contacts": list(data.get("contacts", ())),
        "documentation": [
            {"url": one["url"], "descriptions": _text_rows(one.get("descriptions", {}))}
            for one in data.get("documentation", ())
        ],
        "logos": [{key: f"{one.get(key, '')}" for key in _LOGO} for one in data.get("logos", ())],
        "color": page.get("color", ""),
        "logo": page.get("logo", ""),
        **{key: _text_rows(page.get(key, {})) for key in TEXTS},
        "other": write_json({key: value for key, value in data.items() if key not in _FIELDS}),
    }


def values_of_form(form: Form) -> Values:
    """Return the fields as they were sent, without rows that have no content."""
    documentation = [
        {"url": form.text(f"{path}.url"), "descriptions": _form_texts(form, f"{path}.descriptions")}
        for path in _paths(form, "documentation")
    ]
    logos = [{key: form.text(f"{path}.{key}") for key in _LOGO} for path in _paths(form, "logos")]
    return {
        **{key: form.text(key) for key in ("name", "short_name", "other")},
        "contacts": [text for path in _paths(form, "contacts") if (text := form.text(path))],
        "documentation": [one for one in documentation if one["url"] or one["descriptions"]],
        "logos": [one for one in logos if any(one.values())],
        "color": form.text("page.color"),
        "logo": _logo(form),
        **{key: _form_texts(form, f"page.{key}") for key in TEXTS},
    }


def with_rows(values: Values, action: str = "") -> Values:
    """Return the fields with a row without content at the end of each list.

    Args:
        values: the fields.
        action: the button that was pressed; `add-LIST` adds another row.
    """
    text = {"language": "", "text": ""}
    empty: dict[str, Any] = {
        "contacts": "",
        "logos": dict.fromkeys(_LOGO, ""),
        "welcome": text,
        "help": text,
    }
    rows = {key: [*values[key], *[one] * _count(action, key)] for key, one in empty.items()}
    pages = [*values["documentation"]]
    pages += [{"url": "", "descriptions": []}] * _count(action, "documentation")
    rows["documentation"] = [
        {
            **page,
            "descriptions": [
                *page["descriptions"],
                *[text] * _count(action, f"documentation-{index}"),
            ],
        }
        for index, page in enumerate(pages)
    ]
    return values | rows


def adds_row(action: str) -> bool:
    """Return whether a button adds a row."""
    return _ADD.fullmatch(action) is not None


def object_of_values(values: Values) -> tuple[dict[str, Any], list[Mistake]]:
    """Return the provider that the fields describe, and the mistakes that its model cannot find."""
    mistakes: list[Mistake] = []
    data: dict[str, Any] = {}
    try:
        data = read_json(values["other"], "other")
    except InvalidObject as error:
        mistakes += error.mistakes
    for key in ("short_name", "contacts"):
        if values[key]:
            data[key] = values[key]
    if values["documentation"]:
        data["documentation"] = [
            _page(one, f"documentation[{index}]", mistakes)
            for index, one in enumerate(values["documentation"])
        ]
    if values["logos"]:
        data["logos"] = [
            {
                key: _number(text) if key in {"width", "height"} else text
                for key, text in one.items()
                if text or key in {"url", "content_type"}
            }
            for one in values["logos"]
        ]
    page = {key: values[key] for key in ("color", "logo") if values[key]}
    for key in TEXTS:
        if texts := _texts(values[key], f"page.{key}", mistakes):
            page[key] = texts
    if page:
        data["page"] = page
    return data, mistakes


def at_fields(mistakes: Iterable[Mistake], values: Values) -> list[Mistake]:
    """Return mistakes of the object with the fields where they are shown.

    Args:
        mistakes: the path in the object, or already of a field, and the rule.
        values: the fields.
    """
    places = {"new_name": "name", "page.logo": "page.logo_file"}
    lists = {f"page.{key}": values[key] for key in TEXTS}
    for index, one in enumerate(values["documentation"]):
        lists[f"documentation[{index}].descriptions"] = one["descriptions"]
    for path, rows in lists.items():
        for index, row in enumerate(rows):
            places[f"{path}.{row['language']}"] = f"{path}[{index}].text"
    return [_at_field(places.get(path, path), rule) for path, rule in mistakes]


def _at_field(path: str, rule: str) -> Mistake:
    """Return a mistake; one in a key without a field is shown at the field with JSON."""
    key = re.split(r"[.\[]", path)[0]
    if not path or key in _FIELDS or path == "other":
        return path, rule
    return "other", f"{path}: {rule}"


def _count(action: str, name: str) -> int:
    return 2 if action == f"add-{name}" else 1


def _paths(form: Form, name: str) -> Iterator[str]:
    for row in list(form.rows(name))[:ROWS_MAX]:
        yield f"{name}[{row}]"


def _text_rows(texts: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"language": language, "text": text} for language, text in texts.items()]


def _form_texts(form: Form, name: str) -> list[dict[str, str]]:
    """Return the texts by language; a text on several lines becomes one line."""
    rows = []
    for path in _paths(form, name):
        text = " ".join(form.text(f"{path}.text").split())
        if text:
            rows.append({"language": form.text(f"{path}.language"), "text": text})
    return rows


def _texts(rows: Iterable[Mapping[str, str]], path: str, mistakes: list[Mistake]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for index, row in enumerate(rows):
        place, language = f"{path}[{index}].language", row["language"]
        if not re.fullmatch(LANGUAGE, language):
            mistakes.append((place, LANGUAGE_RULE))
        elif language in texts:
            mistakes.append((place, TWICE_RULE))
        else:
            texts[language] = row["text"]
    return texts


def _page(one: Mapping[str, Any], path: str, mistakes: list[Mistake]) -> dict[str, Any]:
    texts = _texts(one["descriptions"], f"{path}.descriptions", mistakes)
    return {"url": one["url"], **({"descriptions": texts} if texts else {})}


def _number(text: str) -> int | str:
    """Return a number; another text is kept, so that the rule of the model names it."""
    return int(text[:9]) if text.isascii() and text.isdigit() else text


def _logo(form: Form) -> str:
    """Return the picture that was chosen now, or the one before."""
    chosen = form.text("page.logo_file")
    if not chosen.startswith(FILE_PREFIX):
        kept = form.text("page.logo")
        return kept if is_data_url(kept) and not form.text("page.remove_logo") else ""
    try:
        content = b64decode(chosen.removeprefix(FILE_PREFIX), validate=True)
    except ValueError:  # A form without a file, whose text begins like that of a file.
        return ""
    return to_data_url(content) or ""


def file_mistakes(form: Form) -> list[Mistake]:
    """Return what is wrong with the chosen file."""
    chosen, mistakes = form.text("page.logo_file"), list(form.mistakes)
    if chosen.startswith(FILE_PREFIX) and not _logo(form):
        mistakes.append(("page.logo_file", PICTURE_RULE))
    return mistakes
