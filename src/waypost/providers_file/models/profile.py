"""The key `profile`: the configuration profiles of one provider."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Final

from pydantic import ConfigDict, Field

from waypost.core.model import ProfileSettings, SigningFiles
from waypost.providers_file.models.base import TableModel
from waypost.providers_file.models.rules import Integer, KeyRule, NotNull, Schema, require_string
from waypost.providers_file.models.texts import FilePath, LocalizedTexts, MultilineText
from waypost.providers_file.validators import RuleBroken, check_text

_ORGANIZATION_MAX_CHARS: Final = 128
_DESCRIPTION_MAX_CHARS: Final = 1024
_CONSENT_MAX_CHARS: Final = 16_384
_DAYS_MAX: Final = 36_500
# RFC 5646 s2.1: no language has more than three letters. `default` is Apple's name for all others.
_LANGUAGE: Final = r"default|[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*"
_DATE: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_REQUIRED_KEYS: Final = {"cert": "key", "key": "cert", "chain": "cert"}


class DateString(KeyRule):
    """A day, as a string."""

    def read(self, value: object) -> object:
        """Read the day, as its first moment."""
        text = check_text(require_string(value), 32)
        try:
            if re.fullmatch(_DATE, text):
                return datetime.combine(date.fromisoformat(text), time())
        except ValueError:
            pass
        raise RuleBroken('must be a day, such as "2030-12-31"')

    def schema(self) -> Schema:
        """Return the pattern."""
        return {"type": "string", "minLength": 1, "maxLength": 10, "pattern": f"^{_DATE}$"}


class ProfileTable(TableModel):
    """The configuration profiles of a provider."""

    model_config = ConfigDict(
        json_schema_extra={
            "dependentRequired": {key: [other] for key, other in _REQUIRED_KEYS.items()}
        }
    )

    cert: Annotated[str | None, FilePath()] = Field(
        default=None, description="A PEM file: the certificate that profiles are signed with."
    )
    key: Annotated[str | None, FilePath()] = Field(
        default=None, description="A PEM file: its private key, readable only by its owner."
    )
    chain: Annotated[str | None, FilePath()] = Field(
        default=None, description="A PEM file: the certificates up to an authority."
    )
    organization: Annotated[str | None, MultilineText(_ORGANIZATION_MAX_CHARS)] = Field(
        default=None, description="The organization that issues a profile."
    )
    description: Annotated[str | None, MultilineText(_DESCRIPTION_MAX_CHARS)] = Field(
        default=None, description="The purpose of a profile."
    )
    consent: Annotated[
        tuple[tuple[str, str], ...],
        LocalizedTexts(
            _CONSENT_MAX_CHARS,
            _LANGUAGE,
            "has a key that is neither default nor a language, such as pt-BR",
            lines=True,
            empty="is empty; remove it, or add a text under default",
        ),
    ] = Field(
        default=(), description="Texts that the user must agree to, by language, or `default`."
    )
    removable: Annotated[bool | None, NotNull()] = Field(
        default=None,
        description="Users may remove a profile; has effect on supervised devices only.",
    )
    days: Annotated[int | None, Integer(1, _DAYS_MAX)] = Field(
        default=None, description="Days until a device removes a profile by itself."
    )
    expires: Annotated[datetime | None, DateString()] = Field(
        default=None, description="The day when a profile expires."
    )

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield each file for signatures that another one is missing for."""
        for key, other in _REQUIRED_KEYS.items():
            if key in data and other not in data:
                yield key, f"requires {other}; set both"

    def build(self) -> ProfileSettings:
        """Return the settings."""
        values = self.values_for(ProfileSettings) | {"consent": tuple(sorted(self.consent))}
        if self.cert is None or self.key is None:
            return ProfileSettings(**values)
        return ProfileSettings(SigningFiles(self.cert, self.key, self.chain), **values)

    @classmethod
    def serialize(cls, value: Any) -> object:
        """Return the settings that are given."""
        return value.as_dict()
