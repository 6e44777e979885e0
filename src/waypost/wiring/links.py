"""The one-time links of the settings: their keys, their storage, and their service."""

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import SettingsError, SettingsUnreadable
from waypost.oidc.library import check_library
from waypost.runtime.regular_file import read_regular_file, reason_of
from waypost.settings import Settings, options
from waypost.settings.secret_values import sample_keys
from waypost.setup_links.app_password import AppPasswordSource
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.password_service import AppPasswordService
from waypost.setup_links.service import SetupLinkService
from waypost.sign_in.authenticator import CALLBACK_PATH, Authenticator
from waypost.sign_in.claims import needed_claims
from waypost.sign_in.openid_service import OpenIdSetup
from waypost.sign_in.proof import Proofs

if TYPE_CHECKING:
    from waypost.setup_links.link import LinkRows

_MAX_BYTES: Final = 64 * 1024
_FORBIDDEN_MODE: Final = 0o077


def has_setup_links(settings: Settings) -> bool:
    """Return whether links are enabled."""
    return settings.link_key is not None or settings.link_key_file is not None


def link_keys(settings: Settings) -> LinkKeys | None:
    """Return the keys of links; None if links are disabled.

    Raises:
        SettingsError: the file cannot be read, others can read it, or a key is too short.
    """
    keys = (settings.link_key or "").split()
    if settings.link_key_file is not None:
        keys += _keys_of_file(settings.link_key_file)
    return LinkKeys(keys) if keys else None


def _keys_of_file(path: Path) -> list[str]:
    try:
        data = read_regular_file(path, _MAX_BYTES)
        mode = path.stat().st_mode
    except OSError as error:
        message = f"link_key_file: {path}: cannot be read: {reason_of(error)}"
        raise SettingsUnreadable([message]) from error
    if mode & _FORBIDDEN_MODE:
        message = f"link_key_file: {path}: others may read or write it; run chmod 600 {path}"
        raise SettingsError([message])
    try:
        keys = data.decode("ascii").split()
    except UnicodeDecodeError as error:
        message = f"link_key_file: {path}: byte {error.start} is not ASCII"
        raise SettingsError([message]) from error
    if not keys or len(data) > _MAX_BYTES:
        raise SettingsError([f"link_key_file: {path}: must contain one key on each line"])
    if sample_keys(options())["link_key"] in keys:
        message = f"link_key_file: {path}: has the key of the documentation, which is public"
        raise SettingsError([f"{message}; `openssl rand -base64 32` prints another"])
    return keys


def setup_links(settings: Settings, rows: "LinkRows | None") -> SetupLinks | None:
    """Return the links; None if they are disabled.

    Args:
        settings: all options.
        rows: the storage; None without a database.

    Raises:
        SettingsError: a key cannot be used.
    """
    keys = link_keys(settings)
    return None if keys is None else SetupLinks(rows, keys)


def open_link_service(
    settings: Settings, rows: "LinkRows | None", passwords: AppPasswordService | None = None
) -> SetupLinkService | None:
    """Return the links of a server; None if they are disabled.

    Raises:
        SettingsError: a key cannot be used.
    """
    links = setup_links(settings, rows)
    return None if links is None else SetupLinkService(links, passwords)


def open_password_service(settings: Settings) -> AppPasswordService | None:
    """Return the operator's system for app passwords, for a server; None if there is none."""
    source = app_passwords(settings)
    return None if source is None else AppPasswordService(source)


def open_authenticator(settings: Settings) -> Authenticator | None:
    """Return what tries the passwords of people who sign in; None if that is disabled."""
    if settings.sign_in is None:
        return None
    from waypost.sign_in.imap import ImapAuthenticator  # noqa: PLC0415 -- only this option needs it

    return ImapAuthenticator()


def redirect_uri(public_url: str) -> str:
    """Return the redirect URI of the sign-in, which the OpenID provider must allow."""
    return f"{public_url}{CALLBACK_PATH}"


def open_openid(settings: Settings) -> OpenIdSetup | None:
    """Return the sign-in of people at an OpenID provider; None if that is disabled.

    Nothing is read yet.

    Raises:
        SettingsError: the library is missing, or a key cannot be used.
    """
    issuer, client_id = settings.sign_in_oidc_issuer, settings.sign_in_oidc_client_id
    if issuer is None or client_id is None:
        return None
    keys, public_url = link_keys(settings), settings.public_url
    if keys is None or public_url is None:
        raise SettingsError(["sign_in_oidc_issuer requires public_url and link_key"])
    check_library(issuer, "sign_in_oidc_issuer")
    from waypost.oidc.flow import Flow, RelyingParty  # noqa: PLC0415 -- an optional library
    from waypost.oidc.provider import OpenIdProvider  # noqa: PLC0415 -- an optional library
    from waypost.sign_in.openid import OpenIdAuthenticator  # noqa: PLC0415 -- an optional library

    claim = settings.sign_in_oidc_claim
    client = RelyingParty(
        client_id,
        settings.sign_in_oidc_client_secret,
        redirect_uri(public_url),
        needed_claims(claim),
    )
    provider = OpenIdAuthenticator(Flow(OpenIdProvider(issuer), client), claim)
    return OpenIdSetup(provider, urlsplit(issuer).hostname or "", public_url, Proofs(keys))


def app_passwords(settings: Settings) -> AppPasswordSource | None:
    """Return the operator's system for app passwords; None if there is none."""
    if settings.app_password_command:
        from waypost.app_passwords.command_hook import CommandHook  # noqa: PLC0415 -- only this option needs it

        return CommandHook(settings.app_password_command, settings.app_password_seconds)
    if settings.app_password_hook is not None and settings.app_password_hook_key is not None:
        from waypost.app_passwords.http_hook import HttpHook  # noqa: PLC0415 -- only this option needs it

        return HttpHook(
            settings.app_password_hook,
            settings.app_password_hook_key,
            settings.app_password_seconds,
        )
    return None


def link_base(settings: Settings, domain: DomainName) -> str:
    """Return scheme and host of the links for a domain."""
    return settings.public_url or f"https://autodiscover.{domain.ascii}"
