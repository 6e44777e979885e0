"""Tests of how each client reads answers: one line for each rule of its parser."""

import plistlib
import re
import subprocess
from pathlib import Path

import pytest

from tests.clients.foreign_documents import (
    BY_KEY,
    GOOD,
    GOOD_POX,
    GOOD_PROFILE,
    PROFILE,
    XML,
    changed,
)
from tests.profiles.making import signing
from tests.servers.requirements import program, require
from waypost.diagnostics.simulated_clients.apple import APPLE_MAIL
from waypost.diagnostics.simulated_clients.session import (
    NO_ANSWER,
    ClientRequest,
    ClientUser,
    ServerAnswer,
    run_session,
)

K9 = "thunderbird-for-android-and-k-9"
OUTLOOK = "outlook-for-windows"
SECTION = GOOD[GOOD.index(b"<incomingServer") : GOOD.index(b"</incomingServer>") + 17]
OUTGOING = GOOD[GOOD.index(b"<outgoingServer") : GOOD.index(b"</outgoingServer>") + 17]
IMAP = changed(b"imap.example.com</host", b"second.example.com</host", SECTION)
SMTP = changed(b"smtp.example.com</host", b"second.example.com</host", OUTGOING)
POP3 = changed(b'"imap"', b'"pop3"', IMAP)
PLAIN_POP3 = changed(b">SSL<", b">plain<", POP3)
BAD_IMAP = changed(b">SSL<", b">plain<", IMAP)
TWO_IMAP = changed(SECTION, SECTION + IMAP)
TWO_SMTP = changed(OUTGOING, OUTGOING + SMTP)
SPACED = changed(b">SSL<", b"> SSL <")
SMALL = changed(b">SSL<", b">ssl<")
LOGIN = b"<username>alice@example.com</username>"
METHOD = b"<authentication>password-cleartext</authentication>"
OAUTH2 = b"<authentication>OAuth2</authentication>"
OPEN_RELAY = OUTGOING.replace(LOGIN, b"").replace(METHOD, b"<authentication>none</authentication>")
FIRST, SECOND = "imap.example.com:993", "second.example.com:993"

AUTOCONFIG = [
    # client, document, its account, or nothing if there is none; Thunderbird
    ("thunderbird", changed(b'id="example.com"', b'id="%EMAILDOMAIN%"'), FIRST),
    ("thunderbird", changed(b">example.com</domain", b">%EMAILDOMAIN%</domain"), FIRST),
    ("thunderbird", TWO_IMAP, FIRST),
    ("thunderbird", changed(SECTION, BAD_IMAP + SECTION), "second.example.com:993 none"),
    ("thunderbird", changed(SECTION, SMALL[SMALL.index(b"<inc") :][: len(SECTION)] + IMAP), SECOND),
    ("thunderbird", changed(SECTION, POP3 + SECTION), "pop3 second.example.com:993"),
    ("thunderbird", changed(METHOD, b"<authentication>GSSAPI</authentication>"), "GSSAPI"),
    ("thunderbird", changed(METHOD, OAUTH2 + METHOD), FIRST),
    ("thunderbird", changed(OUTGOING, OPEN_RELAY), "smtp.example.com:465 tls none"),
    ("thunderbird", changed(OUTGOING, OUTGOING.replace(LOGIN, b"")), ""),
    ("thunderbird", changed(b'type="smtp"', b'type="SMTP"'), ""),
    ("thunderbird", changed(b"imap.example.com<", b"192.0.2.1<"), "imap 192.0.2.1:993"),
    # Thunderbird for Android and K-9
    (K9, SPACED, ""),
    (K9, SMALL, ""),
    (K9, changed(SECTION, SECTION + BAD_IMAP), ""),
    (K9, changed(SECTION, PLAIN_POP3 + SECTION), FIRST),
    (K9, TWO_IMAP, FIRST),
    (K9, changed(b' id="example.com"', b""), ""),
    (K9, changed(b">example.com</domain", b">*</domain"), ""),
    (K9, changed(b">example.com</domain", b">%EMAILDOMAIN%</domain"), FIRST),
    (K9, changed(LOGIN, b""), ""),
    (K9, changed(METHOD, b"<authentication>NTLM</authentication>" + METHOD), "password-cleartext"),
    (K9, changed(METHOD, b"<authentication>NTLM</authentication>"), ""),
    (K9, changed(METHOD, OAUTH2), ""),
    (K9, changed(METHOD, OAUTH2 + METHOD), "password-cleartext"),
    (K9, changed(SECTION, changed(METHOD, OAUTH2, SECTION) + IMAP), ""),
    (K9, changed(SECTION, SECTION + changed(METHOD, OAUTH2, IMAP)), FIRST),
    (K9, changed(b"imap.example.com<", b"192.0.2.1<"), "imap 192.0.2.1:993"),
    (K9, changed(b"imap.example.com<", b"imap_1.example.com<"), ""),
    # Delta Chat
    ("delta-chat", SPACED, "993 tls"),
    ("delta-chat", SMALL, "993 tls"),
    ("delta-chat", changed(b'type="imap"', b'type="IMAP"'), FIRST),
    ("delta-chat", changed(METHOD, b""), FIRST),
    ("delta-chat", changed(b"<port>993</port>", b"<port>70000</port>"), FIRST),
    ("delta-chat", changed(b"<port>993</port>", b""), ""),
    ("delta-chat", changed(SECTION, POP3 + SECTION), FIRST),
    # FairEmail
    ("fairemail", TWO_IMAP, FIRST),
    ("fairemail", changed(SECTION, POP3 + SECTION), ""),
    ("fairemail", changed(METHOD, b""), FIRST),
    # Evolution
    ("evolution", TWO_IMAP, SECOND),
    ("evolution", TWO_SMTP, "smtp second.example.com:465"),
    ("evolution", changed(SECTION, SECTION + POP3), FIRST),
    ("evolution", changed(b"imap.example.com<", b"imap.%EMAILDOMAIN%<"), FIRST),
    # KMail
    ("kmail", TWO_IMAP, FIRST),
    ("kmail", changed(SECTION, changed(b"<port>993</port>", b"", SECTION) + IMAP), SECOND),
    ("kmail", changed(METHOD, b"<authentication>magic</authentication>"), FIRST),
    ("kmail", changed(METHOD, b"<authentication>none</authentication>"), "tls none"),
    ("kmail", SMALL, "993 tls"),
    ("kmail", changed(b"<port>993</port>", b"<port>143</port><port>993</port>"), FIRST),
    # KMail 22.12: seen in the run
    ("kmail-2212", SMALL, "993 none"),
    ("kmail-2212", changed(b"<port>993</port>", b"<port>143</port><port>993</port>"), FIRST),
    ("kmail", changed(METHOD, METHOD + OAUTH2), "tls OAuth2"),
    # aerc
    ("aerc", TWO_IMAP, FIRST),
    ("aerc", TWO_SMTP, "smtp second.example.com:465"),
    ("aerc", changed(SECTION, POP3 + SECTION), FIRST),
    ("aerc", SMALL, "993 tls"),
    ("aerc", changed(b">SSL<", b">plain<"), "993 none"),
    # Nextcloud Mail
    ("nextcloud-mail", TWO_IMAP, FIRST),
    ("nextcloud-mail", TWO_SMTP, "smtp smtp.example.com:465"),
    ("nextcloud-mail", changed(SECTION, POP3 + SECTION), FIRST),
    ("nextcloud-mail", SMALL, "993 tls"),
    ("nextcloud-mail", changed(b">SSL<", b">StartTLS<"), "993 starttls"),
]


def ended(key: str, response: ServerAnswer, method: str = "GET") -> str:
    """Return the account of a client that gets one answer to all requests."""

    def answer(request: ClientRequest) -> ServerAnswer:
        return response if request.method == method else NO_ANSWER

    account = run_session(
        BY_KEY[key].search(ClientUser.parse("alice@example.com")), answer
    ).outcome.account
    return f"{account}" if account else ""


@pytest.mark.parametrize(("key", "document", "expected"), AUTOCONFIG)
def test_autoconfig(key: str, document: bytes, expected: str) -> None:
    """Each rule by which a client reads Autoconfig is that of its record."""
    account = ended(key, ServerAnswer(200, XML, body=document))
    assert expected in account
    assert bool(account) == bool(expected)


@pytest.mark.parametrize(
    ("host", "is_told"), [(b"imap.example.com", True), (b"imap.gmail.com", False)]
)
def test_oauth2_of_kmail(host: bytes, is_told: bool) -> None:
    """There is a warning if KMail selects OAuth2 for a host that its OAuth2 does not support."""
    document = changed(
        b"imap.example.com<", host + b"<", changed(SECTION, changed(METHOD, OAUTH2, SECTION))
    )
    search = BY_KEY["kmail"].search
    outcome = run_session(
        search(ClientUser.parse("alice@example.com")),
        lambda _: ServerAnswer(200, XML, body=document),
    ).outcome
    assert outcome.account is not None
    assert bool(outcome.warnings) == is_told


STATUSES = [
    # status, the clients that still use the document
    (200, {"thunderbird", "delta-chat", K9, "fairemail", "evolution", "kmail", "aerc"}),
    (203, {"thunderbird", "delta-chat", K9, "evolution", "aerc"}),
    (204, {"delta-chat", K9, "evolution", "aerc"}),
    (404, {"aerc"}),
    (500, {"aerc"}),
]


@pytest.mark.parametrize(("status", "taking"), STATUSES)
def test_statuses(status: int, taking: set[str]) -> None:
    """Some clients accept only a 200, some accept any 2xx, and some ignore the status."""
    keys = {"thunderbird", "delta-chat", K9, "fairemail", "evolution", "kmail", "aerc"}
    assert {key for key in keys if ended(key, ServerAnswer(status, XML, body=GOOD))} == taking


TYPES = [
    # Content-Type, whether Thunderbird reads it; all others ignore it
    ("text/xml", True),
    ("application/xml; charset=utf-8", True),
    ("text/rdf", True),
    ("text/plain", False),
    ("application/octet-stream", False),
    ("application/xhtml+xml", False),
    ("", False),
]


@pytest.mark.parametrize(("kind", "is_read"), TYPES)
def test_content_types(kind: str, is_read: bool) -> None:
    """Thunderbird checks the Content-Type of Autoconfig; these clients do not."""
    assert bool(ended("thunderbird", ServerAnswer(200, kind, body=GOOD))) == is_read
    for key in ("delta-chat", K9, "fairemail", "evolution", "kmail", "aerc", "nextcloud-mail"):
        assert ended(key, ServerAnswer(200, kind, body=GOOD))


URLS = [
    # the answer of the first URL, whether Thunderbird reads the second one
    (ServerAnswer(404), True),
    (ServerAnswer(500, XML, body=GOOD), True),
    (ServerAnswer(204), True),
    (ServerAnswer(200, "text/html", body=b"<html/>"), False),
    (ServerAnswer(200, XML, body=b"<clientConfig/>"), False),
]


@pytest.mark.parametrize(("first", "goes_on"), URLS)
def test_thunderbird_reads_only_the_best_answer(first: ServerAnswer, goes_on: bool) -> None:
    """If the best URL has a useless success, Thunderbird does not read the others."""

    def answer(request: ClientRequest) -> ServerAnswer:
        if request.method != "GET" or "thunderbird.net" in request.host:
            return NO_ANSWER
        is_first = request.host.startswith("autoconfig.") and request.scheme == "https"
        return first if is_first else ServerAnswer(200, XML, body=GOOD)

    search = BY_KEY["thunderbird"].search
    account = run_session(search(ClientUser.parse("alice@example.com")), answer).outcome.account
    assert (account is not None) == goes_on


POP3_FIRST = GOOD_POX.replace(
    b"<Protocol>",
    b"<Protocol><Type>POP3</Type><Server>p.example.com</Server><Port>995</Port>"
    b"<SPA>off</SPA></Protocol><Protocol>",
    1,
)
SSL_OFF = changed(b"<SSL>on</SSL>", b"<SSL>OFF</SSL>", GOOD_POX)
STARTTLS = changed(b"<Encryption>SSL<", b"<Encryption>TLS<", GOOD_POX)
WITHOUT = changed(b"<Encryption>SSL</Encryption>", b"", GOOD_POX)
EARLY = GOOD_POX.replace(b"<AccountType>email</AccountType>", b"").replace(
    b"</Account>", b"<AccountType>email</AccountType></Account>"
)
LOGIN_NAME = changed(b"<LoginName>alice@example.com<", b"<LoginName>alice<", GOOD_POX)

AUTODISCOVER = [
    # client, answer, its account, or nothing if there is none; Outlook
    (OUTLOOK, POP3_FIRST, "pop3 p.example.com:995 tls"),
    (OUTLOOK, STARTTLS, "993 starttls"),
    (OUTLOOK, SSL_OFF, "993 tls"),
    (OUTLOOK, changed(b"<Encryption>SSL</Encryption>", b"", SSL_OFF), "993 none"),
    (OUTLOOK, changed(b"<SSL>on</SSL>", b"", WITHOUT), "993 tls"),
    (OUTLOOK, changed(b"<SPA>off</SPA>", b"", GOOD_POX), "password-encrypted"),
    (OUTLOOK, LOGIN_NAME, "password-cleartext alice,"),
    (OUTLOOK, changed(b"<LoginName>alice@example.com</LoginName>", b"", GOOD_POX), "alice@"),
    # Thunderbird
    ("thunderbird", POP3_FIRST, "pop3 p.example.com:995 tls"),
    ("thunderbird", SSL_OFF, "993 none"),
    ("thunderbird", changed(b"<Encryption>SSL<", b"<Encryption>None<", GOOD_POX), "993 none"),
    ("thunderbird", changed(b"<Port>993<", b"<Port>143<", GOOD_POX), "143 starttls"),
    ("thunderbird", changed(b"<SPA>off<", b"<SPA>on<", GOOD_POX), "password-encrypted"),
    ("thunderbird", LOGIN_NAME, "password-cleartext alice,"),
    ("thunderbird", changed(b"<Type>IMAP<", b"<Type>imap<", GOOD_POX), ""),
    ("thunderbird", changed(b"Protocol>", b"protocol>", GOOD_POX), ""),
    # FairEmail
    ("fairemail", GOOD_POX, "imap imap.example.com:993 tls"),
    ("fairemail", EARLY, ""),
    ("fairemail", changed(b">settings<", b">redirectUrl<", GOOD_POX), ""),
    ("fairemail", changed(b"<Type>IMAP<", b"<Type>imap<", GOOD_POX), ""),
]


@pytest.mark.parametrize(("key", "body", "expected"), AUTODISCOVER)
def test_autodiscover(key: str, body: bytes, expected: str) -> None:
    """Each rule by which a client reads Autodiscover is that of its record."""
    account = ended(key, ServerAnswer(200, XML, body=body), "POST")
    assert expected in account
    assert bool(account) == bool(expected)


NUMBER = b"<integer>993</integer>"
APPLE = [
    # profile, its account
    (GOOD_PROFILE, "imap imap.example.com:993 tls password-cleartext"),
    (changed(NUMBER, b"<integer>143</integer>", GOOD_PROFILE), "143 starttls"),
    (changed(b"IncomingMailServerUseSSL", b"X", GOOD_PROFILE), "993 none"),
    (changed(b"IncomingMailServerPortNumber", b"X", GOOD_PROFILE), "993 tls"),
    (changed(b"OutgoingMailServerPortNumber", b"X", GOOD_PROFILE), "smtp smtp.example.com:587"),
    (changed(b"EmailAuthPassword", b"EmailAuthCRAMMD5", GOOD_PROFILE), "password-encrypted"),
    (changed(b"EmailTypeIMAP", b"EmailTypePOP", GOOD_PROFILE), "pop3 imap.example.com:993"),
    (changed(b"OutgoingMailServerHostName", b"X", GOOD_PROFILE), ""),
    (changed(b"IncomingMailServerAuthentication", b"X", GOOD_PROFILE), ""),
]


@pytest.mark.parametrize(("profile", "expected"), APPLE)
def test_profile(profile: bytes, expected: str) -> None:
    """Each rule by which a device reads a profile is that of its record."""
    account = ended("apple-mail", ServerAnswer(200, PROFILE, body=profile))
    assert expected in account
    assert bool(account) == bool(expected)


@pytest.mark.parametrize("port", ["25", "110", "143", "587", "993", "465"])
def test_ports_of_starttls(port: str) -> None:
    """The note of the record names each port where TLS means STARTTLS."""
    profile = changed(NUMBER, f"<integer>{port}</integer>".encode(), GOOD_PROFILE)
    account = ended("apple-mail", ServerAnswer(200, PROFILE, body=profile))
    note = next(note for note in APPLE_MAIL.notes if "STARTTLS" in note)
    assert (f"{port} starttls" in account) == (port in re.findall(r"\d+", note))


def test_signed_profile(tmp_path: Path) -> None:
    """A device reads signed content, in any form, and nothing from truncated content."""
    require(programs=["openssl"])
    files = signing(tmp_path).files
    command = [program("openssl"), "cms", "-sign", "-binary", "-nodetach", "-outform", "DER"]
    command += ["-signer", f"{files.certificate}", "-inkey", f"{files.key}"]
    binary = plistlib.dumps(plistlib.loads(GOOD_PROFILE), fmt=plistlib.FMT_BINARY)
    for profile, flags in ((GOOD_PROFILE, []), (GOOD_PROFILE, ["-stream"]), (binary, [])):
        done = subprocess.run([*command, *flags], input=profile, capture_output=True, check=True)
        whole, half = (ServerAnswer(200, PROFILE, body=done.stdout[:end]) for end in (None, -1))
        assert FIRST in ended("apple-mail", whole)
        assert ended("apple-mail", half) == ""
