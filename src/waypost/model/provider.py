"""Who runs the services."""

from dataclasses import dataclass, field

from waypost.address import EmailAddress
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
class Logo:
    """A picture of a provider.

    Attributes:
        url: https, the same for all users.
        content_type: of an image, in small letters.
        width, height: in pixels, 1 to 10000, or None.
    """

    url: str
    content_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Where a client gets OAuth2 tokens (the draft's `oAuth2` element). Absent texts are None."""

    issuer: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it has all that a client needs that reads nothing else (the draft's `oAuth2`).

        Thunderbird for iOS 98f4283 and io-pim-discovery 5036dfa refuse a document without one of
        the four.
        """
        return None not in (self.issuer, self.auth_url, self.token_url, self.scope)


@dataclass(frozen=True, slots=True)
class FormField:
    """A field or a button in a form of a web page. At least one of the two is there."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class WebmailLogin:
    """How a program fills in the form that logs a user in. Absent parts are None.

    Attributes:
        url: https, of the page with the form.
        username: what to fill in; it may hold the placeholders of an address.
    """

    url: str
    username: str | None = None
    username_field: FormField | None = None
    password_field: FormField | None = None
    login_button: FormField | None = None


@dataclass(frozen=True, slots=True)
class Webmail:
    """Where users read their mail with a browser.

    Attributes:
        url: absolute, of the page where people log in.
        login: the same for programs, or None.
    """

    url: str
    login: WebmailLogin | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """Who runs the services.

    Attributes:
        name: display name for people, 1 to 128 characters.
        short_name: the same for narrow places, 1 to 32 characters.
        enable: pages where users must switch something on first, with what they shall do there.
        webmail: where users log in with a browser, or None.
        update_url: where clients look for a newer configuration later, or None.
        logos: pictures, the preferred one first.
        developer_url: where authors of clients find help, or None.
        contacts: where people find help: URIs (mailto, tel, https).
        profile: what its configuration profiles say other than those of all providers.
        subaddress_separators: the signs that divide a user from a detail in an address; empty
            where its servers know users by their whole addresses.
    """

    name: str
    short_name: str
    documentation: tuple[Documentation, ...] = ()
    oauth2: tuple[OAuth2, ...] = ()
    enable: tuple[Documentation, ...] = ()
    webmail: Webmail | None = None
    update_url: str | None = None
    logos: tuple[Logo, ...] = ()
    developer_url: str | None = None
    contacts: tuple[str, ...] = ()
    profile: ProfileSettings = field(default_factory=ProfileSettings)
    subaddress_separators: str = ""

    def user_of(self, address: EmailAddress) -> EmailAddress:
        """Return the address by which its servers and its directory know a user."""
        return address.without_detail(self.subaddress_separators)

    @property
    def complete_oauth2(self) -> OAuth2 | None:
        """The first OAuth2 server of which all is known, or None."""
        return next((one for one in self.oauth2 if one.is_complete), None)
