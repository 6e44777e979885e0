"""What a person gets who has used a link or signed in: a profile, a password, or the settings."""

import secrets
from typing import Final
from urllib.parse import urlencode

from waypost.core.model import ClientConfig, ServiceType
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.mobileconfig.profile import Password
from waypost.setup_links.app_password import AppPasswordError
from waypost.setup_links.link import LinkTarget
from waypost.web.app_context import AppContext
from waypost.web.public.page.devices import GUIDES, guide_for
from waypost.web.public.page.services import has_dav, list_services
from waypost.web.public.response import Response
from waypost.web.public.setup import template

PROFILE: Final = "profile"
PASSWORD: Final = "password"  # noqa: S105 -- the name of a button
SETTINGS: Final = "settings"
_LOGIN_TYPES: Final = (ServiceType.IMAP, ServiceType.POP3, ServiceType.SMTP)


async def profile(context: AppContext, target: LinkTarget, password: str | None) -> Response:
    """Return the profile of a person, signed if profiles are signed, with the password in it.

    Raises:
        DomainNotServed, NoUsableService, SigningUnavailable, StoreUnavailable, StoreError: there
            is no profile.
    """
    result = await context.lookup.find_by_address(target.address)
    config = result.config().with_display_name(target.display_name)
    secret = None if password is None else Password(password)
    body = mobileconfig.render(config, context.profiles, secret, target.aliases)
    if context.signer is not None:
        body = await context.signer.sign(body, result.entry.provider, may_cache=False)
    # RFC 6266 s4: the name is made of a domain, so it is ASCII and needs no escapes.
    disposition = f'attachment; filename="{mobileconfig.file_name(result.domain)}"'
    headers = (("content-disposition", disposition), *template.PRIVATE_HEADERS)
    return Response(200, mobileconfig.CONTENT_TYPE, body, headers)


async def for_signed_in(
    context: AppContext,
    page: template.SetupPage,
    target: LinkTarget,
    action: str,
    password: str | None = None,
) -> Response:
    """Return what a person gets whose identity is proven, with an app password if there is one.

    The settings to type in need no app password, so none is made for them.

    Args:
        context: the parts of the listener.
        page: for the password.
        target: the person.
        action: of the button that the person has pressed.
        password: the one that the person has typed, for a profile if there are no app passwords;
            None if there is none.

    Raises:
        NoUsableService, DomainNotServed, SigningUnavailable, StoreUnavailable, StoreError,
        AppPasswordError: there is none.
    """
    if action == SETTINGS:
        return await settings_page(context, page, target)
    if context.app_passwords is None:
        return await profile(context, target, password)

    async def build(app_password: str) -> Response:
        if action == PASSWORD:
            return await password_page(context, page, target, app_password)
        return await profile(context, target, app_password)

    return await context.app_passwords.use(secrets.token_hex(16), target, build)


async def password_page(
    context: AppContext, page: template.SetupPage, target: LinkTarget, password: str | None
) -> Response:
    """Show the password once, with the steps for the device, and the settings to type in.

    Raises:
        DomainNotServed, StoreUnavailable, StoreError: there are no settings.
        AppPasswordError: the password is gone.
    """
    if password is None:
        raise AppPasswordError("the link has no password")
    return await _typed_page(context, page, target, "password", password=password)


async def settings_page(
    context: AppContext, page: template.SetupPage, target: LinkTarget
) -> Response:
    """Show the steps for the device, and the settings to type in, without a password.

    Raises:
        DomainNotServed, StoreUnavailable, StoreError: there are no settings.
    """
    return await _typed_page(context, page, target, "settings")


async def _typed_page(
    context: AppContext,
    page: template.SetupPage,
    target: LinkTarget,
    state: str,
    **values: object,
) -> Response:
    config = (await context.lookup.find_by_address(target.address)).config()
    device = page.device
    return page.render(
        200,
        "ok",
        state=state,
        has_menu=False,  # In another language, the answer of this form would be gone.
        target=target,
        login=_login_name(config),
        # A device that takes profiles has one already, so these are for another program.
        guide=guide_for(None if device is not None and device.takes_profile else device),
        guides=GUIDES,
        services=list_services(config, page.language.texts["unprotected"]),
        has_dav=has_dav(config),
        link=urlencode({"emailaddress": str(target.address)}),
        **values,
    )


def _login_name(config: ClientConfig) -> str | None:
    """Return the login name of a person, if it is another text than the address."""
    names = (service.login_name for service in config.of_type(*_LOGIN_TYPES))
    name = next((name for name in names if name is not None), None)
    return None if name == str(config.address) else name
