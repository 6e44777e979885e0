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
    AnsweredService,
    AnswerFormat,
    read_answer,
)
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.apple import profile_request
from waypost.diagnostics.simulated_clients.session import ServerAnswer, describe

NO_ANSWER: Final = "waypost-conformance-nobody"
"""A local part that probably belongs to no user."""
_MAIL: Final = frozenset({"imap", "pop3", "smtp"})
_NAMES: Final[dict[AnswerFormat, str]] = {
    "autoconfig": "Autoconfig",
    "autodiscover": "Autodiscover",
    "mobileconfig": "the profile",
}


def agreement(target: ConformanceTarget) -> Iterator[str]:
    """Yield the mail servers that another document names and Autoconfig does not."""
    address = target.address
    yield from disagreements(
        {form: _read(form, _response(target, form, address), address) for form in _NAMES}
    )


def disagreements(answers: Mapping[AnswerFormat, Answer]) -> Iterator[str]:
    """Yield the same for given answers to one address.

    The other documents may name fewer servers: some clients use only one of each type.
    """
    known = answers["autoconfig"].offers
    for form, answer in answers.items() if known else ():
        for offer in answer.offers:
            if offer.kind in _MAIL and not any(_is_same(offer, one) for one in known):
                yield f"{_NAMES[form]} names {offer}, which Autoconfig does not name"


def users(target: ConformanceTarget) -> Iterator[str]:
    """Yield the documents that a user who does not exist gets in another form."""
    address = f"{NO_ANSWER}@{target.domain}"
    for form, name in _NAMES.items():
        first, other = (_response(target, form, one) for one in (target.address, address))
        kinds = {_read(form, response, address).outcome for response in (first, other)}
        if len(kinds) > 1:
            answers = f"{describe(first)} for {target.address}, {describe(other)} for {address}"
            yield f"{name}: {answers}"


def _read(form: AnswerFormat, response: ServerAnswer, address: str) -> Answer:
    return read_answer(form, response.status, response.body, EmailAddress.parse(address))


def _response(target: ConformanceTarget, form: AnswerFormat, address: str) -> ServerAnswer:
    if form == "autoconfig":
        return target.get_autoconfig(address)
    if form == "autodiscover":
        return target.post(urls.pox_body(address))
    return target.http.send(profile_request(EmailAddress.parse(address)))


def _is_same(one: AnsweredService, known: AnsweredService) -> bool:
    """Compare two offers; a profile has one value for both kinds of TLS."""
    is_same = (one.kind, one.place) == (known.kind, known.place)
    is_same = is_same and (not one.port or one.port == known.port)
    is_same = is_same and (not one.login or not known.login or one.login == known.login)
    if one.security == "protected":
        return is_same and known.security != "none"
    return is_same and one.security == known.security
