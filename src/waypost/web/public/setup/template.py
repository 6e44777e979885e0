"""The template of the page, its texts and its header fields."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from waypost.parsing.bounded_toml import parse_toml
from waypost.web.public.page.languages import DEFAULT, preferred_tag
from waypost.web.public.request import Request
from waypost.web.public.response import HTML, NO_STORE, Response

if TYPE_CHECKING:
    import jinja2

PRIVATE_HEADERS: Final = (
    NO_STORE,
    ("referrer-policy", "no-referrer"),
    ("x-robots-tag", "noindex"),
)
_VALUES: Final = (
    *("target", "person", "token", "until", "is_reusable", "has_password"),
    *("login", "password"),
)
_SCRIPTS: Final = ("open.js", "copy.js")


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The page in the language of a person.

    Attributes:
        tag: of the language.
        mount: the path of the mount in URLs.
    """

    tag: str
    mount: str

    def render(self, status: int, code: str, *, state: str, **values: object) -> Response:
        """Render the page in one of its states: `open`, `link`, `password` or `problem`."""
        body = _template().render(
            {
                **dict.fromkeys(_VALUES),
                "problem": None,
                **values,
                "state": state,
                "tag": self.tag,
                "mount": self.mount,
                "texts": texts(self.tag),
                "scripts": {name: _script(name) for name in _SCRIPTS},
            }
        )
        headers = (
            *PRIVATE_HEADERS,
            ("content-security-policy", _policy()),
            ("x-frame-options", "DENY"),  # for browsers without frame-ancestors, RFC 7034
            ("cross-origin-opener-policy", "same-origin"),
            ("content-language", self.tag),  # RFC 9110 s8.5
        )
        return Response(status, HTML, body.encode(), headers, code)

    def problem(self, status: int, code: str, problem: str) -> Response:
        """Render a page that says why a link cannot be used.

        Args:
            status: of HTTP.
            code: for the log.
            problem: the key of the text.
        """
        return self.render(status, code, state="problem", problem=texts(self.tag)[problem])


def page_of(request: Request) -> SetupPage:
    """Return the page in the language that a browser prefers."""
    values = (value for name, value in request.headers if name == b"accept-language")
    accepted = b",".join(values).decode("latin-1")
    return SetupPage(preferred_tag(accepted, available_tags()), request.mount.url_path)


@cache
def available_tags() -> tuple[str, ...]:
    """Return the tags of all languages of this page, the default one first."""
    folder = resources.files(__package__).joinpath("templates/languages")
    tags = {file.name.removesuffix(".toml") for file in folder.iterdir()}
    return (DEFAULT, *sorted(tags - {DEFAULT}))


@cache
def texts(tag: str) -> Mapping[str, Any]:
    """Read the texts of one of the known languages."""
    return MappingProxyType(parse_toml(_file(f"languages/{tag}.toml")).data)


def _file(name: str) -> str:
    return resources.files(__package__).joinpath(f"templates/{name}").read_text("utf-8")


@cache
def _script(name: str) -> str:
    return _file(name)


@cache
def _policy() -> str:
    """Return the policy: only these scripts run (Content Security Policy Level 3 s2.3.1)."""
    digests = (hashlib.sha256(_script(name).encode()).digest() for name in _SCRIPTS)
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src {allowed}; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def _template() -> "jinja2.Template":
    """Load the template once; it escapes every value."""
    import jinja2  # noqa: PLC0415 -- only for the page

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(_file("setup.html"))
