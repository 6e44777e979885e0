"""Settings of Apple configuration profiles."""

from dataclasses import dataclass
from typing import Protocol


class ExpiryDate(Protocol):
    """The beginning of a day in UTC: a datetime without a zone, as in property lists."""

    def isoformat(self) -> str:
        """Return `YYYY-MM-DDT00:00:00`."""
        ...


@dataclass(frozen=True, slots=True)
class SigningFiles:
    """The paths of the files with which profiles are signed.

    Attributes:
        cert: of the certificate, perhaps followed by its chain; absolute.
        key: of its private key.
        chain: of the intermediate certificates; None if there are none, or if they are in `cert`.
    """

    cert: str
    key: str
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """The settings of all profiles, or of those of one provider.

    A setting that is not given is None, or empty.

    Attributes:
        signing: the files with which profiles are signed.
        organization: the sender of a profile; by default the provider.
        description: the purpose of the profile.
        consent: texts that the user must agree to: pairs of a language, or `default`, and a text.
        removable: whether the user may remove the profile, which is the default.
        days: the number of days after which the device removes the profile.
        expires: the day on which the profile expires.
    """

    signing: SigningFiles | None = None
    organization: str | None = None
    description: str | None = None
    consent: tuple[tuple[str, str], ...] = ()
    removable: bool | None = None
    days: int | None = None
    expires: ExpiryDate | None = None

    def with_defaults(self, general: "ProfileSettings") -> "ProfileSettings":
        """Return these settings of one provider, completed by the general ones."""
        values = {name: getattr(self, name) for name in ProfileSettings.__slots__}
        own = {name: value for name, value in values.items() if value not in (None, ())}
        return ProfileSettings(
            **{name: own.get(name, getattr(general, name)) for name in ProfileSettings.__slots__}
        )

    def as_dict(self) -> dict[str, object]:
        """Return the settings that are given as plain data, by the keys of providers files."""
        files: dict[str, object] = {}
        if self.signing is not None:
            files = {name: getattr(self.signing, name) for name in SigningFiles.__slots__}
        data = {
            **files,
            "organization": self.organization,
            "description": self.description,
            "consent": dict(self.consent) or None,
            "removable": self.removable,
            "days": self.days,
            "expires": None if self.expires is None else self.expires.isoformat()[:10],
        }
        return {key: value for key, value in data.items() if value is not None}
