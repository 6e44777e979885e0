"""Thunderbird with groupware: EWS and ActiveSync are in the list, and mail uses IMAP."""

import pytest

from tests.clients.thunderbird import Account, Thunderbird, with_password

pytestmark = pytest.mark.clients


@pytest.mark.parametrize(
    ("domain", "alternatives"),
    [
        ("groupware.example", ("ews groupware.example",)),
        # It knows only `password-cleartext`, which Waypost writes after `http:Basic`.
        ("groupware-draft.example", ("ews groupware.example",)),
        # It ignores the HTTP names of HTTP's methods.
        ("groupware-digest.example", ()),
    ],
)
def test_imap_comes_before_exchange(
    mail_client: Thunderbird, domain: str, alternatives: tuple[str, ...]
) -> None:
    """Thunderbird uses IMAP even if EWS is first; it offers EWS if EWS takes a password."""
    address = f"alice@{domain}"
    assert mail_client.set_up(address) == Account(
        address=address,
        incoming=with_password("imap", "imap.groupware.example:993", "SSL", address),
        outgoing=with_password("smtp", "smtp.groupware.example:465", "SSL", address),
        source="xml-from-isp-https",
        alternatives=alternatives,
    )


def test_autodiscover_prefers_imap(mail_client: Thunderbird) -> None:
    """With Autodiscover only, Thunderbird gets IMAP, and offers no Exchange."""
    address = "alice@groupware-autodiscover.example"
    assert mail_client.set_up(address) == Account(
        address=address,
        incoming=with_password("imap", "imap.groupware.example:993", "SSL", address),
        outgoing=with_password("smtp", "smtp.groupware.example:465", "SSL", address),
        source="exchange-from-url1",
        alternatives=(),
    )


def test_only_exchange_is_refused(mail_client: Thunderbird) -> None:
    """Thunderbird sets up no account with only EWS and ActiveSync."""
    assert mail_client.set_up("alice@closed-groupware.example") is None
