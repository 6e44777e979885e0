"""Thunderbird beside groupware: EWS and ActiveSync stand in the list, and mail goes by IMAP."""

import pytest

from tests.clients.thunderbird import Account, Thunderbird, with_password

pytestmark = pytest.mark.clients


@pytest.mark.parametrize(
    ("domain", "alternatives"),
    [
        ("groupware.example", ("ews groupware.example",)),
        # It knows `password-cleartext` alone, which Waypost writes behind `http:Basic`.
        ("groupware-draft.example", ("ews groupware.example",)),
        # It passes over HTTP's methods by their own names.
        ("groupware-digest.example", ()),
    ],
)
def test_imap_comes_before_exchange(
    mail_client: Thunderbird, domain: str, alternatives: tuple[str, ...]
) -> None:
    """Where EWS stands first Thunderbird takes IMAP; EWS is a choice where it has a password."""
    address = f"alice@{domain}"
    assert mail_client.set_up(address) == Account(
        address=address,
        incoming=with_password("imap", "imap.groupware.example:993", "SSL", address),
        outgoing=with_password("smtp", "smtp.groupware.example:465", "SSL", address),
        source="xml-from-isp-https",
        alternatives=alternatives,
    )


def test_autodiscover_leads_to_imap_as_well(mail_client: Thunderbird) -> None:
    """With Autodiscover alone, Thunderbird gets IMAP, and nothing of Exchange to choose."""
    address = "alice@groupware-autodiscover.example"
    assert mail_client.set_up(address) == Account(
        address=address,
        incoming=with_password("imap", "imap.groupware.example:993", "SSL", address),
        outgoing=with_password("smtp", "smtp.groupware.example:465", "SSL", address),
        source="exchange-from-url1",
        alternatives=(),
    )


def test_groupware_alone_is_not_taken(mail_client: Thunderbird) -> None:
    """Without IMAP or POP3 and SMTP, Thunderbird makes no account of EWS and ActiveSync."""
    assert mail_client.set_up("alice@closed-groupware.example") is None
