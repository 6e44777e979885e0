"""Providers, which run the services."""

from dataclasses import dataclass, field

from waypost.core.address import EmailAddress
from waypost.core.model.page import PageSettings
from waypost.core.model.profile import ProfileSettings


@dataclass(frozen=True, slots=True)
class Documentation:
    """A documentation page for people.

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
    """An OAuth2 server for clients (the draft's `oAuth2` element). Absent texts are None."""

    issuer: str | None = None
    auth_url: str | None = None
    token_url: str | None = None
    scope: str | None = None
    client_id: str | None = None
    client_secret: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it has all values that a client needs without other discovery.

        Thunderbird for iOS 98f4283 and io-pim-discovery 5036dfa refuse a document if one of the
        four is missing.
        """
        return None not in (self.issuer, self.auth_url, self.token_url, self.scope)


@dataclass(frozen=True, slots=True)
class FormField:
    """A field or a button in a form of a web page. At least one of the two is given."""

    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class WebmailLogin:
    """A login form and how a program fills it in. Absent parts are None.

    Attributes:
        url: https, of the page with the form.
        username: what to fill in; it may contain the placeholders of an address.
    """

    url: str
    username: str | None = None
    username_field: FormField | None = None
    password_field: FormField | None = None
    login_button: FormField | None = None


@dataclass(frozen=True, slots=True)
class Webmail:
    """A web page where users read their mail.

    Attributes:
        url: absolute, of the page where people log in.
        login: the login form for programs, or None.
    """

    url: str
    login: WebmailLogin | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider, which runs the services.

    Attributes:
        name: display name for people, 1 to 128 characters.
        short_name: a short display name, 1 to 32 characters.
        enable: pages where users must enable something first, with instructions.
        webmail: where users log in with a browser, or None.
        update_url: the URL of newer configurations for clients, or None.
        logos: pictures, the preferred one first.
        developer_url: where authors of clients find help, or None.
        contacts: where people find help: URIs (mailto, tel, https).
        profile: settings of its configuration profiles that differ from those of all providers.
        subaddress_separators: the characters that separate a user from a detail in an address;
            empty if its servers do not support sub-addresses.
        page: how the setup page for users presents it.
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
    page: PageSettings = field(default_factory=PageSettings)

    def mailbox_of(self, address: EmailAddress) -> EmailAddress:
        """Return the address of a user as its servers and its directory know it."""
        return address.without_detail(self.subaddress_separators)

    @property
    def complete_oauth2(self) -> OAuth2 | None:
        """The first complete OAuth2 server, or None."""
        return next((server for server in self.oauth2 if server.is_complete), None)
