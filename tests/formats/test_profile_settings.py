"""Profiles with the operator's settings, and with a password."""

import plistlib
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.making import ALICE, EXAMPLE_COM, domain, host_service, url_service
from tests.standards.apple import complaints
from waypost.core.address import EmailAddress
from waypost.core.model import (
    NO_AUTHENTICATION,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    ClientConfig,
    ProfileSettings,
    Service,
    ServiceType,
)
from waypost.formats.mobileconfig.profile import Password, render
from waypost.lookup.lookup import client_config

ALL = ProfileSettings(
    organization="Example & Söhne",
    description="One line.\nAnother one.",
    consent=(("de", "Ja?"), ("default", "Yes?")),
    removable=False,
    days=30,
    expires=datetime(2030, 12, 31, tzinfo=UTC).replace(tzinfo=None),
)
EVERYTHING = (
    host_service(),
    host_service("smtp", "smtp.example.com"),
    url_service(),
    url_service("carddav", "https://dav.example.com/a/"),
    url_service("activesync", "https://eas.example.com:8443/Microsoft-Server-ActiveSync"),
)


def config(*services: Service, address: EmailAddress = ALICE) -> ClientConfig:
    return client_config(domain("example.com", *services), EXAMPLE_COM, address)


def profile(
    *services: Service,
    settings: ProfileSettings = ProfileSettings(),  # noqa: B008 -- an immutable value
    password: Password | None = None,
) -> dict[str, Any]:
    found: dict[str, Any] = plistlib.loads(render(config(*services), settings, password))
    return found


@pytest.mark.rule("mobileconfig-names", "mobileconfig-consent", "mobileconfig-lifetime")
def test_all_settings() -> None:
    """Each setting is in Apple's key, and the organization in all payloads."""
    found = profile(*EVERYTHING, settings=ALL)

    assert found["PayloadOrganization"] == "Example & Söhne"
    assert found["PayloadDescription"] == "One line.\nAnother one."
    assert found["ConsentText"] == {"de": "Ja?", "default": "Yes?"}
    assert found["PayloadRemovalDisallowed"] is True
    assert found["DurationUntilRemoval"] == 2_592_000.0
    assert found["PayloadExpirationDate"].isoformat() == "2030-12-31T00:00:00"
    assert {one["PayloadOrganization"] for one in found["PayloadContent"]} == {"Example & Söhne"}


@pytest.mark.rule("mobileconfig-replaces")
def test_settings_change_no_identity() -> None:
    """A profile with other settings, or with a password, replaces the previous one."""
    found = [
        profile(*EVERYTHING),
        profile(*EVERYTHING, settings=ALL),
        profile(*EVERYTHING, password=Password("s3cret")),
    ]
    identities = [
        [(part["PayloadIdentifier"], part["PayloadUUID"]) for part in [one, *one["PayloadContent"]]]
        for one in found
    ]
    assert identities[0] == identities[1] == identities[2]


SPELLINGS = [
    # spellings of one mailbox
    ("alice", "Alice", "ALICE"),
    ("a+b", "A+b"),
    ("\u00e4", "a\u0308", "\u00c4", "A\u0308"),
]


@pytest.mark.rule("mobileconfig-replaces")
@pytest.mark.parametrize("spellings", SPELLINGS)
def test_spelling_changes_no_identity(spellings: tuple[str, ...]) -> None:
    """A capital letter, or another Unicode form, makes no second account for a mailbox."""
    services = [one for one in EVERYTHING if one.type is not ServiceType.CALDAV]
    found = [
        plistlib.loads(render(config(*services, address=EmailAddress(one, EXAMPLE_COM))))
        for one in spellings
    ]

    assert len({one["PayloadUUID"] for one in found}) == 1
    assert len({one["PayloadContent"][0]["PayloadIdentifier"] for one in found}) == 1
    assert [one["PayloadContent"][0]["EmailAddress"] for one in found] == [
        f"{one}@example.com" for one in spellings
    ]


@pytest.mark.rule("mobileconfig-side-by-side")
def test_two_addresses_share_no_identity() -> None:
    """A device can have all accounts of two addresses at the same time."""
    bob = EmailAddress("bob", EXAMPLE_COM)
    found = [
        plistlib.loads(render(config(*EVERYTHING, address=address))) for address in (ALICE, bob)
    ]
    ids = [{part["PayloadUUID"] for part in [one, *one["PayloadContent"]]} for one in found]

    assert len(ids[0]) == len(ids[1]) == 5
    assert not ids[0] & ids[1]


@pytest.mark.rule("mobileconfig-known-keys", "mobileconfig-lifetime")
def test_apples_description() -> None:
    """A profile with all settings and a password has only keys that Apple knows."""
    found = profile(*EVERYTHING, settings=ALL, password=Password("s3cret"))

    for part in [found, *found["PayloadContent"]]:
        assert complaints(part) == []


def passwords(found: dict[str, Any]) -> dict[str, str]:
    return {
        key: value
        for one in found["PayloadContent"]
        for key, value in one.items()
        if key.endswith("Password") and isinstance(value, str)
    }


@pytest.mark.rule("mobileconfig-password-keys")
def test_password_is_in_every_account() -> None:
    """Mail, calendar, address book and Exchange get the password, and nothing else does."""
    given = 'ä"<&]]>'
    found = profile(*EVERYTHING, password=Password(given))

    names = ("IncomingPassword", "OutgoingPassword", "CalDAVPassword", "CardDAVPassword")
    assert passwords(found) == dict.fromkeys((*names, "Password"), given)
    assert given not in str({key: value for key, value in found.items() if key != "PayloadContent"})


@pytest.mark.rule("mobileconfig-exchange-oauth", "mobileconfig-password-keys")
def test_no_password_without_a_login() -> None:
    """Servers without a login or with OAuth get no password."""
    found = profile(
        host_service(),
        host_service("smtp", "smtp.example.com", authentication=(NO_AUTHENTICATION,)),
        url_service("activesync", "https://eas.example.com/", authentication=(OAUTH2,)),
        password=Password("s3cret"),
    )

    assert passwords(found) == {"IncomingPassword": "s3cret"}
    assert found["PayloadContent"][1]["OAuth"] is True


def test_password_is_not_shown() -> None:
    """The repr of a password does not contain it."""
    assert "s3cret" not in f"{Password('s3cret')!r} {Password('s3cret')}"


EXCHANGE = [
    # other services than ActiveSync, what the Exchange account does: mail, contacts, calendars
    ((), (True, True, True)),
    (EVERYTHING[:2], (False, True, True)),
    (EVERYTHING[:1], (True, True, True)),
    (EVERYTHING[2:3], (True, True, False)),
    (EVERYTHING[3:4], (True, False, True)),
    (EVERYTHING[:4], (False, False, False)),
]


@pytest.mark.rule("mobileconfig-exchange")
@pytest.mark.parametrize(("others", "does"), EXCHANGE)
def test_exchange(others: tuple[Service, ...], does: tuple[bool, ...]) -> None:
    """An Exchange account has only what other accounts do not have, so that nothing is double."""
    payloads = profile(*others, EVERYTHING[4])["PayloadContent"]
    (found,) = (one for one in payloads if one["PayloadType"] == "com.apple.eas.account")

    assert (found["EnableMail"], found["EnableContacts"], found["EnableCalendars"]) == does
    assert (found["Host"], found["SSL"]) == ("eas.example.com:8443", True)
    assert (found["UserName"], found["EmailAddress"]) == (str(ALICE), str(ALICE))


def test_exchange_with_a_password_first() -> None:
    """The device uses OAuth if it is the first method in the operator's order."""
    methods = (PASSWORD_CLEARTEXT, OAUTH2)
    service = url_service("activesync", "https://eas.example.com/", authentication=methods)

    assert profile(service)["PayloadContent"][0]["OAuth"] is False
