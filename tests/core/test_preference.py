"""The order of services, and the service for formats that describe only one."""

import pytest

from tests.making import host_service, url_service
from waypost.core.model import NTLM, OAUTH2, PASSWORD_CLEARTEXT, Service
from waypost.core.preference import best, is_protected, ordered

IMAP = host_service("imap")
IMAP_2 = host_service("imap", "imap2.example.com")
POP3 = host_service("pop3")
SMTP = host_service("smtp")
JMAP = url_service("jmap", "https://jmap.example.com/")
CALDAV = url_service()
FIRST_POP3 = host_service("pop3", priority=1)
FIRST_JMAP = url_service("jmap", "https://jmap.example.com/", priority=1)
LAST_IMAP = host_service("imap", "backup.example.com", priority=20)
CLEAR_IMAP = host_service("imap", port=143, security="none")
CLEAR_CALDAV = url_service(url="http://dav.example.com/")
STARTTLS_SMTP = host_service("smtp", port=587, security="starttls")
FIRST_STARTTLS_IMAP = host_service("imap", port=143, security="starttls", priority=1)
STARTTLS_IMAP = host_service("imap", port=143, security="starttls")


@pytest.mark.rule("autoconfig-order", "autoconfig-imap-first", "autoconfig-tls-first")
@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        ([], []),
        ([POP3, IMAP], [IMAP, POP3]),
        ([IMAP_2, IMAP], [IMAP_2, IMAP]),
        ([SMTP, POP3, CALDAV, IMAP], [IMAP, POP3, SMTP, CALDAV]),
        ([JMAP, IMAP, SMTP], [IMAP, JMAP, SMTP]),
        ([IMAP, FIRST_POP3], [FIRST_POP3, IMAP]),
        ([LAST_IMAP, POP3, IMAP], [IMAP, POP3, LAST_IMAP]),
        ([IMAP, FIRST_JMAP], [FIRST_JMAP, IMAP]),
        ([CLEAR_IMAP, STARTTLS_IMAP, IMAP], [IMAP, STARTTLS_IMAP, CLEAR_IMAP]),
        ([IMAP, FIRST_STARTTLS_IMAP], [FIRST_STARTTLS_IMAP, IMAP]),
        ([STARTTLS_IMAP, POP3, IMAP_2], [IMAP_2, STARTTLS_IMAP, POP3]),
        ([STARTTLS_SMTP, SMTP], [SMTP, STARTTLS_SMTP]),
        ([CLEAR_CALDAV, CALDAV], [CALDAV, CLEAR_CALDAV]),
    ],
)
def test_ordered(configured: list[Service], expected: list[Service]) -> None:
    """By priority, then IMAP before POP3, TLS before STARTTLS, then as configured."""
    assert tuple(expected) == ordered(configured)


@pytest.mark.parametrize(
    ("services", "expected"),
    [
        ([], None),
        ([CLEAR_IMAP], CLEAR_IMAP),
        ([CLEAR_IMAP, STARTTLS_IMAP, IMAP], STARTTLS_IMAP),
        ([IMAP, STARTTLS_IMAP], IMAP),
        ([host_service(authentication=(OAUTH2,)), POP3], POP3),
        ([host_service(authentication=(OAUTH2,))], None),
        (
            [host_service(authentication=(NTLM, PASSWORD_CLEARTEXT)), POP3],
            host_service(authentication=(NTLM, PASSWORD_CLEARTEXT)),
        ),
    ],
)
def test_best(services: list[Service], expected: Service | None) -> None:
    """The first protected service with a method of the format is used."""
    assert expected == best(services, frozenset({PASSWORD_CLEARTEXT}))


def test_protected() -> None:
    """TLS, STARTTLS and https are encrypted; nothing else is."""
    assert is_protected(IMAP)
    assert is_protected(STARTTLS_IMAP)
    assert is_protected(CALDAV)
    assert is_protected(url_service("ldap", "LDAPS://ldap.example.com/"))
    assert not is_protected(url_service("ldap", "ldap://ldap.example.com/"))
    assert not is_protected(CLEAR_IMAP)
    assert not is_protected(url_service(url="http://dav.example.com/"))
