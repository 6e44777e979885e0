"""The domains of a provider, how their users are looked up, and where their mail is."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic_core import CoreSchema, core_schema

from waypost.core.address import DomainName
from waypost.core.errors import DomainError
from waypost.core.model import (
    LDAPSERVER_PREFIX,
    DirectoryPolicy,
    DomainPattern,
    LdapServer,
    Redirect,
    UnknownUser,
)
from waypost.core.placeholders import has_placeholder
from waypost.providers_file.models.base import TableModel, known_keys
from waypost.providers_file.models.rules import (
    Choice,
    Integer,
    NotNull,
    Schema,
    context_of,
    require_string,
)
from waypost.providers_file.models.texts import HTTPS_PATTERN, PATH_MAX_CHARS, PlainText
from waypost.providers_file.validation import did_you_mean, type_name
from waypost.providers_file.validators import (
    CANONICAL_DOMAIN,
    DOMAIN_MAX_CHARS,
    INTEGER_MAX,
    LABEL_MAX_CHARS,
    RuleBroken,
    check_web_url,
)

REDIRECT_URL_MAX_CHARS: Final = 255


class DirectoryName(PlainText):
    """The name of a directory of the file."""

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the name."""
        label = self.check_string(require_string(value))
        known = [*context_of(info).directories]
        known += [f"{LDAPSERVER_PREFIX}{number}" for number in sorted(context_of(info).ldapservers)]
        if label and label not in known:
            near = did_you_mean(label, known) if known else ""
            message = f"there is no [[directory]] with this name{near}"
            raise RuleBroken(message)
        return label


class DomainsDirectoryName(DirectoryName):
    """The name of a directory that can find domains."""

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the name."""
        label = str(super().read_with_context(value, info))
        if not context_of(info).directories.get(label):
            message = f"directory {label} has no domains_query"
            raise RuleBroken(message)
        return label


class LdapServerId(Integer):
    """The id of one of automx2's directory servers."""

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the id."""
        number = self.read(value)
        if number not in context_of(info).ldapservers:
            message = f"there is no [[ldapserver]] with id = {number}"
            raise RuleBroken(message)
        return number


class UsersTable(TableModel):
    """The keys about the users of domains."""

    directory: Annotated[str | None, DirectoryName(LABEL_MAX_CHARS, min_chars=0)] = Field(
        default=None, description="The name of a [[directory]]; empty for none."
    )
    ldapserver: Annotated[int | None, LdapServerId(0, INTEGER_MAX)] = Field(
        default=None, description="The id of an [[ldapserver]]."
    )
    unknown_user: Annotated[UnknownUser | None, Choice(UnknownUser)] = Field(
        default=None, description="The answer for an unknown user."
    )
    show_display_name: Annotated[bool | None, NotNull()] = Field(
        default=None, description="Whether clients receive the names of users."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if a table has two directories."""
        if "directory" in data and "ldapserver" in data:
            yield "directory", "cannot be combined with ldapserver; a domain has one directory"
        yield from super().key_mistakes(data)

    def directory_label(self) -> str | None:
        """Return the label of the directory: "" for no directory, None if no key is set."""
        if self.ldapserver is not None:
            return f"{LDAPSERVER_PREFIX}{self.ldapserver}"
        return self.directory

    @staticmethod
    def serialize_policy(users: DirectoryPolicy) -> dict[str, object]:
        """Return the keys as plain data."""
        data: dict[str, object] = (
            {"ldapserver": users.directory.id}
            if isinstance(users.directory, LdapServer)
            else {"directory": users.directory.label}
        )
        if users.unknown_user is not UnknownUser.ANSWER:
            data["unknown_user"] = users.unknown_user.value
        if users.show_display_name:
            data["show_display_name"] = True
        return data


def _redirect_url(text: str) -> str:
    check_web_url(text)
    # MS-OXDSCLI, element RedirectUrl: clients follow it with a password in hand.
    if urlsplit(text).scheme.lower() != "https":
        raise RuleBroken("must begin with https://")
    if has_placeholder(text) or "%{" in text:
        raise RuleBroken("contains a placeholder; it must be the same for all users")
    return text


def check_domain(text: str) -> str:
    """Read a domain name, and return it in A-labels.

    Raises:
        RuleBroken: the message names the rule.
    """
    try:
        name = DomainName.parse(text).ascii
    except DomainError as error:
        message = f"is not a domain: {error}"
        raise RuleBroken(message) from error
    if len(name) > DOMAIN_MAX_CHARS:
        message = f"is longer than {DOMAIN_MAX_CHARS} characters"
        raise RuleBroken(message)
    return name


class RedirectTable(TableModel):
    """The keys about mail that is elsewhere."""

    redirect_address: Annotated[str | None, PlainText(DOMAIN_MAX_CHARS, check_domain)] = Field(
        default=None, description="The new domain of all addresses."
    )
    redirect_url: Annotated[
        str | None, PlainText(REDIRECT_URL_MAX_CHARS, _redirect_url, pattern=HTTPS_PATTERN)
    ] = Field(default=None, description="Autodiscover redirects clients to this https URL.")
    declined: Annotated[bool | None, NotNull()] = Field(
        default=None, description="Answer as if the domain were not configured."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if there are several redirects."""
        present = [key for key in known_keys(RedirectTable) if key in data]
        if len(present) > 1 and (data.get("declined") is not False or len(present) > 2):
            rule = f"cannot be combined with {present[0]}; use only one of them"
            yield present[-1], rule
        yield from super().key_mistakes(data)

    def redirect(self, default: Redirect | None = None) -> Redirect | None:
        """Return where the mail is.

        Args:
            default: the value if no key is set.
        """
        if self.redirect_address is not None or self.redirect_url is not None or self.declined:
            return Redirect(self.redirect_address, self.redirect_url)
        return default if self.declined is None else None

    @staticmethod
    def serialize_redirect(redirect: Redirect | None) -> dict[str, object]:
        """Return the keys as plain data."""
        if redirect is None:
            return {}
        if redirect.address_domain is not None:
            return {"redirect_address": redirect.address_domain}
        return {"declined": True} if redirect.url is None else {"redirect_url": redirect.url}


def parse_pattern(text: str) -> DomainPattern:
    """Parse a domain or a pattern by the rules of a providers file.

    Raises:
        RuleBroken: the message names the rule.
    """
    try:
        is_canonical = len(text) <= DOMAIN_MAX_CHARS and CANONICAL_DOMAIN.fullmatch(text)
        pattern = DomainPattern(text) if is_canonical else DomainPattern.parse(text)
    except ValueError as error:
        raise RuleBroken(str(error)) from error
    if len(pattern.text) > DOMAIN_MAX_CHARS:
        message = f"is longer than {DOMAIN_MAX_CHARS} characters"
        raise RuleBroken(message)
    return pattern


def read_pattern(text: str, info: ValidationInfo) -> DomainPattern:
    """Read a domain or a pattern, and remember it.

    Raises:
        RuleBroken: the message names the rule.
    """
    pattern = parse_pattern(text)
    context_of(info).patterns[text] = pattern
    return pattern


class PatternText(PlainText):
    """A domain or a pattern."""

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the pattern."""
        return read_pattern(self.check_string(require_string(value)), info)


class DomainTable(RedirectTable, UsersTable):
    """A domain with its own keys."""

    name: Annotated[DomainPattern, PatternText(DOMAIN_MAX_CHARS)] = Field(
        description="example.com, *.example.com, or * for all others."
    )
    alias_of: Annotated[str | None, PlainText(DOMAIN_MAX_CHARS, check_domain)] = Field(
        default=None,
        description="A domain of this file; users have the same mailboxes at this other name.",
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the keys that an alias cannot have, because the other domain has them."""
        if "alias_of" in data:
            for key in (*UsersTable.model_fields, *RedirectTable.model_fields):
                if key in data:
                    yield key, "cannot be combined with alias_of; the other domain has this key"
        yield from super().key_mistakes(data)


class DomainItem:
    """A domain: a string, or a table with a name."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Let Pydantic read a table if the value is one."""

        def read(value: Any, table: core_schema.ValidatorFunctionWrapHandler, info: Any) -> object:
            if isinstance(value, str):
                return read_pattern(value, info)
            if isinstance(value, dict):
                return table(value)
            message = f"must be a string or a table with a name, not {type_name(value)}"
            raise RuleBroken(message)

        return core_schema.with_info_wrap_validator_function(
            read, handler.generate_schema(DomainTable)
        )

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> Schema:
        """Describe both forms."""
        # A U-label is longer as an A-label, so the length of the string is not a safe limit.
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core)]}


class DomainsPath(PlainText):
    """The path of a file of domains."""

    def read_with_context(self, value: object, info: ValidationInfo) -> object:
        """Read the path."""
        text = self.check_string(require_string(value))
        folder = context_of(info).folder
        if folder is None:
            raise RuleBroken("cannot be used here; list the domains in `domains`")
        if "://" in text:  # A URL may contain a password, and messages show paths.
            raise RuleBroken("must be a file path; use a [[directory]] for a database")
        return folder / text


class DomainsTable(TableModel):
    """The keys of a provider about its domains."""

    domains: list[Annotated[DomainPattern | DomainTable, DomainItem()]] = Field(
        default_factory=list, description="The domains of the provider."
    )
    domains_file: Annotated[Path | None, DomainsPath(PATH_MAX_CHARS)] = Field(
        default=None, description="A file with one domain on each line, in the same folder."
    )
    domains_from: Annotated[str | None, DomainsDirectoryName(LABEL_MAX_CHARS)] = Field(
        default=None, description="A [[directory]] whose domains_query finds more domains."
    )
