"""The text of QR codes for Thunderbird for Android."""

import json
from dataclasses import replace

import pytest

from waypost.core.address import EmailAddress
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    ClientConfig,
    HostEndpoint,
    Provider,
    Security,
    Service,
    ServiceType,
    User,
)
from waypost.formats.thunderbird_qr import qr_text

ADDRESS = EmailAddress.parse("user@domain.example")
IMAP = Service(
    ServiceType.IMAP,
    HostEndpoint("imap.domain.example", 993, Security.TLS),
    (PASSWORD_CLEARTEXT,),
    "user@domain.example",
)
POP3 = replace(
    IMAP, type=ServiceType.POP3, endpoint=HostEndpoint("pop.domain.example", 110, Security.NONE)
)
SMTP = replace(
    IMAP, type=ServiceType.SMTP, endpoint=HostEndpoint("smtp.domain.example", 465, Security.TLS)
)
SUBMISSION = replace(SMTP, endpoint=HostEndpoint("smtp.domain.example", 587, Security.STARTTLS))


def text(*services: Service, address: EmailAddress | None = ADDRESS) -> str | None:
    return qr_text(
        ClientConfig(ADDRESS.domain, address, Provider("X", "X"), services, User(None, "Jane Doe"))
    )


def test_one_account() -> None:
    """The text is the first example of the format's description, without the user's name."""
    written = text(IMAP, SMTP)

    assert written is not None
    assert json.loads(written) == [
        1,
        [1, 1],
        [0, "imap.domain.example", 993, 3, 1, "user@domain.example"],
        [[[0, "smtp.domain.example", 465, 3, 1, "user@domain.example"], [str(ADDRESS), ""]]],
    ]
    assert " " not in written


NUMBERS = [
    # the services, the protocol, security and authentication of both servers
    ((IMAP, SMTP), (0, 3, 1), (0, 3, 1)),
    ((POP3, SUBMISSION), (1, 0, 1), (0, 2, 1)),
    ((POP3, IMAP, SUBMISSION, SMTP), (0, 3, 1), (0, 2, 1)),
    (
        (
            replace(IMAP, authentication=(GSSAPI,)),
            replace(SMTP, authentication=(PASSWORD_ENCRYPTED,)),
        ),
        (0, 3, 3),
        (0, 3, 2),
    ),
    ((replace(IMAP, authentication=(OAUTH2, PASSWORD_CLEARTEXT)), SMTP), (0, 3, 1), (0, 3, 1)),
]


@pytest.mark.parametrize(("services", "incoming", "outgoing"), NUMBERS)
def test_numbers(
    services: tuple[Service, ...], incoming: tuple[int, ...], outgoing: tuple[int, ...]
) -> None:
    """Each protocol, security and method has the number of the format; OAuth2 is left out."""
    _, _, receives, ((sends, _),) = json.loads(text(*services) or "")

    assert (receives[0], *receives[3:5]) == incoming
    assert (sends[0], *sends[3:5]) == outgoing


NOTHING = [
    ((IMAP,), ADDRESS, "nothing sends"),
    ((SMTP,), ADDRESS, "nothing receives"),
    ((IMAP, SMTP), None, "the address is not known"),
    ((IMAP, SMTP), EmailAddress.parse("bücher@domain.example"), "the address is not ASCII"),
    ((replace(IMAP, authentication=(OAUTH2,)), SMTP), ADDRESS, "only OAuth2"),
    ((IMAP, replace(SMTP, authentication=(CLIENT_IP_ADDRESS,))), ADDRESS, "no such method"),
    ((replace(IMAP, login_name=None), SMTP), ADDRESS, "the format requires a user name"),
]


@pytest.mark.parametrize(("services", "address", "why"), NOTHING)
def test_no_code(services: tuple[Service, ...], address: EmailAddress | None, why: str) -> None:
    """There is no code for an account that the format cannot describe."""
    assert text(*services, address=address) is None, why
