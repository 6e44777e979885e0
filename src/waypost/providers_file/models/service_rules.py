"""How the keys of a service are read: methods, formats, domains, URLs."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationInfo

from waypost.core.model import (
    DRAFT_METHODS,
    HTTP_BASIC,
    HTTP_DIGEST,
    PASSWORD_CLEARTEXT,
    Authentication,
    AuthenticationSystem,
    DomainPattern,
    Format,
    ServiceType,
)
from waypost.core.text_rules import invisible_in
from waypost.providers_file.models.rules import (
    KeyRule,
    Problem,
    Schema,
    require_list,
    require_string,
    validation_error,
)
from waypost.providers_file.models.texts import PlainText
from waypost.providers_file.validation import did_you_mean, type_name
from waypost.providers_file.validators import (
    RuleBroken,
    check_ldap_url,
    check_url,
)

_METHODS: Final[Mapping[str, Authentication]] = {
    str(method).lower(): method for method in (*DRAFT_METHODS, HTTP_BASIC, HTTP_DIGEST)
}
_METHODS_MAX: Final = 16
# RFC 9110 s11.1: a token; RFC 4422 s3.1: 1 to 20 capital letters, digits, hyphens, underscores.
HTTP_SCHEME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,20}")
SASL_MECHANISM: Final = re.compile(r"[A-Z0-9_-]{1,20}")


class AuthenticationMethods(KeyRule):
    """Authentication methods: one, or a list in the order of preference."""

    def read(self, value: object) -> object:
        """Read the methods."""
        if isinstance(value, str):
            return (_method(value),)
        items = require_list(value)
        if not items:
            raise RuleBroken("is empty; remove it to use the default")
        methods, problems = [], []
        for index, item in enumerate(items):
            try:
                methods.append(_method(require_string(item)))
            except RuleBroken as broken:
                problems.append(((index,), str(broken)))
        if problems:
            raise validation_error(problems)
        if len(methods) > _METHODS_MAX:
            message = f"lists more than {_METHODS_MAX} methods"
            raise RuleBroken(message)
        if len(set(methods)) < len(methods):
            raise RuleBroken("lists a method twice")
        return tuple(methods)

    def schema(self) -> Schema:
        """Return the names of the methods."""
        names = [str(method) for method in _METHODS.values() if method.system is None]
        other = {"type": "string", "pattern": "^(http|sasl):."}
        method = {"anyOf": [{"enum": [*names, "plain"]}, other]}
        limits = {"minItems": 1, "maxItems": _METHODS_MAX, "uniqueItems": True}
        return {"anyOf": [method, {"type": "array", "items": method, **limits}]}

    def warnings(self, value: object) -> Iterator[Problem]:
        """Warn of `plain`, which is no name of the draft."""
        for index, item in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(item, str) and item.lower() == "plain":
                location = (index,) if isinstance(value, list) else ()
                yield location, "plain is read as password-cleartext"

    def serialize(self, value: Any) -> object:
        """Return one method, or a list."""
        methods = [str(method) for method in value]
        return methods[0] if len(methods) == 1 else methods


def _method(text: str) -> Authentication:
    if text.lower() == "plain":
        return PASSWORD_CLEARTEXT
    if (method := _METHODS.get(text.lower())) is not None:
        return method
    system, colon, name = text.partition(":")
    if colon and system.lower() == "http" and HTTP_SCHEME.fullmatch(name):
        return Authentication(name, AuthenticationSystem.HTTP)
    if colon and system.lower() == "sasl" and SASL_MECHANISM.fullmatch(name.upper()):
        return Authentication(name.upper(), AuthenticationSystem.SASL)
    known = [*(str(method) for method in _METHODS.values()), "http:...", "sasl:..."]
    message = f"unknown authentication method{did_you_mean(text, known)}"
    raise RuleBroken(message)


class DiscoveryFormats(KeyRule):
    """The discovery formats that describe a service."""

    def read(self, value: object) -> object:
        """Read the formats."""
        items = require_list(value)
        words = [form.value for form in Format]
        if not items:
            message = f"is empty; remove it for all of {', '.join(words)}"
            raise RuleBroken(message)
        formats: set[Format] = set()
        problems: list[Problem] = []
        for index, item in enumerate(items):
            if not isinstance(item, str):
                problems.append(((index,), f"must be a string, not {type_name(item)}"))
            elif item.lower() not in words:
                problems.append(((index,), f"unknown format; use one of {', '.join(words)}"))
            elif (form := Format(item.lower())) in formats:
                problems.append(((index,), f"{form} appears twice"))
            else:
                formats.add(form)
        if problems:
            raise validation_error(problems)
        return frozenset(formats)

    def schema(self) -> Schema:
        """Return the names of the formats."""
        items = {"enum": [form.value for form in Format]}
        return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True}

    def serialize(self, value: Any) -> object:
        """Return the names, always in the same order."""
        return sorted_format_names(value)


def sorted_format_names(formats: frozenset[Format]) -> list[str]:
    """Return the names of some formats, always in the same order."""
    return [form.value for form in Format if form in formats]


class DomainPatterns(KeyRule):
    """The domains of the provider that have a service."""

    def read(self, value: object) -> object:
        """Read the patterns, as their texts."""
        items = require_list(value)
        if not items:
            raise RuleBroken("is empty; remove it if the service is for all domains")
        patterns: set[str] = set()
        problems: list[Problem] = []
        for index, item in enumerate(items):
            try:
                text = DomainPattern.parse(require_string(item)).text
            except ValueError as error:
                problems.append(((index,), str(error)))
                continue
            if text in patterns:
                problems.append(((index,), "appears twice in this list"))
            patterns.add(text)
        if problems:
            raise validation_error(problems)
        return frozenset(patterns)

    def schema(self) -> Schema:
        """Return a list of strings."""
        names = {"type": "string", "minLength": 1}
        return {"type": "array", "items": names, "minItems": 1, "uniqueItems": True}


@dataclass(frozen=True, slots=True)
class EndpointUrl(PlainText):
    """The URL of a service, by the rules of its type."""

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the URL."""
        text = self.check_string(require_string(value))
        is_ldap = info.data.get("type") is ServiceType.LDAP
        return check_ldap_url(text) if is_ldap else check_url(text)


def check_login_name(text: str) -> str:
    """Check that a user can type a login name, and return the login name.

    Raises:
        RuleBroken: the login name contains an invisible character.
    """
    if invisible := invisible_in(text):
        message = f"contains the invisible character {invisible}"
        raise RuleBroken(message)
    return text
