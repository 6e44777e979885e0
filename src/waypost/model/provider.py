"""Who runs the services."""

from dataclasses import dataclass, field

from waypost.model.profile import ProfileSettings


@dataclass(frozen=True, slots=True)
class Documentation:
    """A page for people.

    Attributes:
        url: absolute.
        descriptions: pairs of language (RFC 5646 tag, or None) and text, in order.
    """

    url: str
    descriptions: tuple[tuple[str | None, str], ...] = ()


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Where a client gets OAuth2 tokens (the draft's `oAuth2` element). Absent texts are None."""

    issuer: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs the services.

    Attributes:
        name: display name for people, 1 to 128 characters.
        short_name: the same for narrow places, 1 to 32 characters.
        enable: pages where users must switch something on first, with what they shall do there.
        webmail: where users log in with a browser, or None.
        update_url: where clients look for a newer configuration later, or None.
        profile: what its configuration profiles say other than those of all providers.
    """

    name: str
    short_name: str
    documentation: tuple[Documentation, ...] = ()
    oauth2: tuple[OAuth2, ...] = ()
    enable: tuple[Documentation, ...] = ()
    webmail: str | None = None
    update_url: str | None = None
    profile: ProfileSettings = field(default_factory=ProfileSettings)
