"""The answers that clients get, byte for byte."""

from collections.abc import Callable, Mapping
from typing import Final

from waypost.admin.lookups import config_of_entry
from waypost.admin.results import Preview
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    DomainMoved,
    DomainNotServed,
    InvalidObject,
    NoUsableService,
    ServiceNotOffered,
)
from waypost.core.model import ClientConfig, Domain
from waypost.formats import autoconfig
from waypost.formats.autodiscover import activesync, pox
from waypost.formats.autodiscover import json as v2
from waypost.formats.mobileconfig import profile
from waypost.formats.pacc import document as pacc
from waypost.settings import Settings
from waypost.wiring.profiles import profile_settings, signing_credentials

PreviewRenderer = Callable[[Settings, Domain | None, EmailAddress], Preview]
FORMATS: Final = (
    *("autoconfig", "autodiscover", "autodiscover-json", "activesync", "mobileconfig", "pacc"),
)


def preview(
    settings: Settings, entry: Domain | None, target: EmailAddress | DomainName, preview_format: str
) -> Preview:
    """Return the answer for an address, or for a domain alone.

    Args:
        settings: all options.
        entry: what the store found for the domain.
        target: the address or the domain.
        preview_format: one of `FORMATS`.

    Raises:
        InvalidObject: the format is not known, or needs an address.
        NoUsableService, DomainNotServed: the answer has no document.
    """
    domain = target.domain if isinstance(target, EmailAddress) else target
    if preview_format == "pacc":  # The document is for all users of the domain.
        return Preview(pacc.CONTENT_TYPE, pacc.render(_config(settings, entry, domain)))
    if preview_format == "autoconfig":
        body = autoconfig.render(_config(settings, entry, target))
        return Preview(autoconfig.CONTENT_TYPE, body)
    answers: Mapping[str, PreviewRenderer] = {
        "autodiscover": _autodiscover,
        "autodiscover-json": _autodiscover_json,
        "activesync": _activesync,
        "mobileconfig": _mobileconfig,
    }
    if preview_format not in answers:
        raise InvalidObject([("format", f"must be one of {', '.join(FORMATS)}")])
    if not isinstance(target, EmailAddress):
        rule = f"this format needs an address such as alice@{domain}"
        raise InvalidObject([("address", rule)])
    return answers[preview_format](settings, entry, target)


def _config(
    settings: Settings, entry: Domain | None, target: EmailAddress | DomainName
) -> ClientConfig:
    return config_of_entry(entry, target, settings, lambda _line: None)


def _autodiscover(settings: Settings, entry: Domain | None, address: EmailAddress) -> Preview:
    try:
        body = pox.render(_config(settings, entry, address))
    except DomainMoved as moved:
        body = pox.render_redirect(address, moved.address_domain, moved.url)
    except (DomainNotServed, NoUsableService) as error:
        body = pox.render_refusal(error)
    return Preview(pox.CONTENT_TYPE, body)


def _activesync(settings: Settings, entry: Domain | None, address: EmailAddress) -> Preview:
    try:
        body = activesync.render(_config(settings, entry, address))
    except DomainMoved as moved:
        if moved.address_domain is None:
            raise  # The answer is an HTTP redirect, which has no body.
        body = activesync.render_redirect(address, moved.address_domain)
    except (DomainNotServed, ServiceNotOffered) as error:
        body = pox.render_refusal(error)
    return Preview(pox.CONTENT_TYPE, body)


def _autodiscover_json(settings: Settings, entry: Domain | None, address: EmailAddress) -> Preview:
    try:
        config = _config(settings, entry, address)
        url = pox.own_url(settings.public_url, address.domain)
        body = v2.render(config, v2.Protocol.AUTODISCOVER_V1, url)
    except DomainMoved:
        raise  # The answer is an HTTP redirect, which has no body.
    except (DomainNotServed, ServiceNotOffered) as error:
        body = v2.render_refusal(error)
    return Preview(v2.CONTENT_TYPE, body)


def _mobileconfig(settings: Settings, entry: Domain | None, address: EmailAddress) -> Preview:
    config = _config(settings, entry, address)
    body = profile.render(config, profile_settings(settings))
    credentials = signing_credentials(settings, config.provider)
    if credentials is not None:
        from waypost.formats.mobileconfig.signing import sign  # noqa: PLC0415 -- cryptography needs 19 MB

        body = sign(body, credentials)
    return Preview(profile.CONTENT_TYPE, body)
