"""aerc sets up accounts from the zones that Waypost shows.

aerc 0.14.0, the version of Debian 12, reads only SRV records (`_imaps`, `_imap`, `_submission`): no
Autoconfig, and no `_submissions`. The record describes a newer version.
"""

from pathlib import Path

import pytest

from tests.clients.aerc import Aerc
from tests.clients.conftest import Front, MailServers
from tests.servers.authority import Authority
from tests.servers.login import Login
from tests.servers.requirements import require

pytestmark = pytest.mark.clients


@pytest.fixture(name="aerc")
def _aerc(names: Path, authority: Authority, tmp_path: Path) -> Aerc:
    """Return an aerc that was never started before, with its own home."""
    require(programs=["aerc", "setsid"])
    return Aerc(tmp_path, names=names, authority=authority.certificate)


def user(address: str) -> str:
    """Return an address as it appears in a URL."""
    return address.replace("@", "%40")


def test_published_zone_is_enough_for_a_login(
    aerc: Aerc, front: Front, mail_servers: MailServers
) -> None:
    """By the SRV records of `waypost show dns`, aerc finds both servers and logs in."""
    address = "alice@hosted.example"
    before = len(front.log.requests())
    account = aerc.set_up(address)
    assert account["source"] == f"imaps://{user(address)}@imap.hoster.example:993"
    assert account["outgoing"] == f"smtp+plain://{user(address)}@smtp.hoster.example:587"
    assert account["smtp-starttls"] == "yes"
    assert mail_servers.imap.logins()[-1] == Login("imap.hoster.example", 993, address)
    assert front.log.requests()[before:] == []


def test_account_sends_a_message(aerc: Aerc, mail_servers: MailServers) -> None:
    """With that account, after a restart, aerc sends a message by the server on port 587."""
    address = "alice@hosted.example"
    aerc.set_up(address)
    before = len(mail_servers.smtp.messages)
    aerc.send(
        "bob@everywhere.example",
        "Proof",
        is_sent=lambda: len(mail_servers.smtp.messages) > before,
    )
    (message,) = mail_servers.smtp.messages[before:]
    assert message.login == Login("smtp.hoster.example", 587, address)
    assert (message.sender, message.recipients) == (address, ("bob@everywhere.example",))
    assert "Subject: Proof\n" in message.text


def test_service_with_target_dot_is_skipped(aerc: Aerc, mail_servers: MailServers) -> None:
    """If `_imaps` has the target ".", aerc uses `_imap`, and so STARTTLS."""
    address = "alice@starttls.example"
    account = aerc.set_up(address)
    assert mail_servers.imap.logins()[-1] == Login("mail.starttls.example", 143, address)
    assert account["source"] == f"imap://{user(address)}@mail.starttls.example:143"
    assert account["outgoing"] == f"smtp+plain://{user(address)}@mail.starttls.example:587"
    assert account["smtp-starttls"] == "yes"


@pytest.mark.usefixtures("mail_servers")
def test_sending_only_by_port_465_is_not_found(aerc: Aerc) -> None:
    """Without a service on port 587 aerc guesses the domain, and looks up no `_submissions`."""
    address = "alice@everywhere.example"
    account = aerc.set_up(address)
    assert account["source"] == f"imaps://{user(address)}@imap.tls.example:993"
    assert account["outgoing"] == f"smtps+plain://{user(address)}@everywhere.example"
    assert "smtp-starttls" not in account
