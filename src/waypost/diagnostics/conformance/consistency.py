"""Rules that compare answers: between documents, and between users.

All documents must name the same servers, so that the account of a client does not depend on which
document the client reads. Answers must not show which users exist: see
draft-ietf-mailmaint-autoconfig-06 s"Return config for non-existing email addresses".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from waypost.core.address import EmailAddress
from waypost.diagnostics.comparison.answers import (
    Answer,
    AnswerFormat,
    ParsedService,
    read_answer,
)
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.apple import profile_request
from waypost.diagnostics.simulated_clients.session import ServerAnswer, describe

UNKNOWN_LOCAL_PART: Final = "waypost-conformance-nobody"
"""A local part that probably belongs to no user."""
_MAIL: Final = frozenset({"imap", "pop3", "smtp"})
_DOCUMENT_NAMES: Final[dict[AnswerFormat, str]] = {
    "autoconfig": "Autoconfig",
    "autodiscover": "Autodiscover",
    "mobileconfig": "the profile",
}


def check_same_servers(target: ConformanceTarget) -> Iterator[str]:
    """Yield the mail servers that another document names and Autoconfig does not."""
    address = target.address
    yield from server_mismatches(
        {
            format_name: _parse(format_name, _response(target, format_name, address), address)
            for format_name in _DOCUMENT_NAMES
        }
    )


def server_mismatches(answers: Mapping[AnswerFormat, Answer]) -> Iterator[str]:
    """Yield the same for given answers to one address.

    The other documents may name fewer servers: some clients use only one of each type.
    """
    autoconfig_services = answers["autoconfig"].services
    for format_name, answer in answers.items() if autoconfig_services else ():
        for service in answer.services:
            if service.kind in _MAIL and not any(
                _matches(service, known) for known in autoconfig_services
            ):
                name = _DOCUMENT_NAMES[format_name]
                yield f"{name} names {service}, which Autoconfig does not name"


def check_user_enumeration(target: ConformanceTarget) -> Iterator[str]:
    """Yield the documents that a user who does not exist gets in another form."""
    address = f"{UNKNOWN_LOCAL_PART}@{target.domain}"
    for format_name, name in _DOCUMENT_NAMES.items():
        existing_user, unknown_user = (
            _response(target, format_name, user) for user in (target.address, address)
        )
        outcomes = {
            _parse(format_name, response, address).outcome
            for response in (existing_user, unknown_user)
        }
        if len(outcomes) > 1:
            known, unknown = describe(existing_user), describe(unknown_user)
            yield f"{name}: {known} for {target.address}, {unknown} for {address}"


def _parse(format_name: AnswerFormat, response: ServerAnswer, address: str) -> Answer:
    return read_answer(format_name, response.status, response.body, EmailAddress.parse(address))


def _response(target: ConformanceTarget, format_name: AnswerFormat, address: str) -> ServerAnswer:
    if format_name == "autoconfig":
        return target.get_autoconfig(address)
    if format_name == "autodiscover":
        return target.post_autodiscover(urls.autodiscover_body(address))
    return target.http.send(profile_request(EmailAddress.parse(address)))


def _matches(service: ParsedService, autoconfig_service: ParsedService) -> bool:
    """Compare two services; a profile has one value for both kinds of TLS."""
    is_same = (service.kind, service.host_or_url) == (
        autoconfig_service.kind,
        autoconfig_service.host_or_url,
    )
    is_same = is_same and (not service.port or service.port == autoconfig_service.port)
    is_same = is_same and (
        not service.login
        or not autoconfig_service.login
        or service.login == autoconfig_service.login
    )
    if service.security == "protected":
        return is_same and autoconfig_service.security != "none"
    return is_same and service.security == autoconfig_service.security
