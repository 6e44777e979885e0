"""What is said about Apple configuration profiles."""

from dataclasses import dataclass
from typing import Protocol


class Midnight(Protocol):
    """The beginning of a day in UTC: a datetime without a zone, as property lists want it."""

    def isoformat(self) -> str:
        """Return `YYYY-MM-DDT00:00:00`."""
        ...


@dataclass(frozen=True, slots=True)
class SigningFiles:
    """Where the files are that profiles are signed with; they belong together.

    Attributes:
        cert: the absolute path of the certificate, and perhaps of its chain behind it.
        key: that of its private key.
        chain: that of the certificates between it and an authority; None where there are none, or
            where they stand in `cert`.
    """

    cert: str
    key: str
    chain: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileSettings:
    """What an operator says about all profiles, or about those of one provider.

    What is not said is None, or empty.

    Attributes:
        signing: what they are signed with.
        organization: who a profile is from; else the provider.
        description: what it is for.
        consent: texts that the user must agree to: pairs of a language, or `default`, and a text.
        removable: whether the user may remove it; else she may.
        days: after which the device removes it.
        expires: the day from which it is out of date.
    """

    signing: SigningFiles | None = None
    organization: str | None = None
    description: str | None = None
    consent: tuple[tuple[str, str], ...] = ()
    removable: bool | None = None
    days: int | None = None
    expires: Midnight | None = None

    def over(self, general: "ProfileSettings") -> "ProfileSettings":
        """Return what counts where these are said of one provider, and others of all."""
        own = {name: getattr(self, name) for name in ProfileSettings.__slots__}
        said = {name: value for name, value in own.items() if value not in (None, ())}
        return ProfileSettings(
            **{name: said.get(name, getattr(general, name)) for name in ProfileSettings.__slots__}
        )

    def plain(self) -> dict[str, object]:
        """Return what is said as plain data, by the keys of providers files."""
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
