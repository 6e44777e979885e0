"""Signing in at an OpenID provider on a server: limits, and nothing of a person in the log."""

import asyncio
import threading
from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from waypost.core.address import EmailAddress
from waypost.runtime.limits.shared_ratelimit import SharedBuckets
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTarget
from waypost.sign_in.authenticator import Refusal, SignInLimited, SignInRefused
from waypost.sign_in.limits import ADDRESS_TRIES, NETWORK_TRIES, WAITING_MAX
from waypost.sign_in.openid_service import OpenIdService, OpenIdSetup
from waypost.sign_in.proof import Proofs

ALICE = LinkTarget(EmailAddress.parse("alice@example.com"))
QUERY = {"state": "mine", "code": "c"}


class Provider:
    """A provider that knows one person. Implements `PersonProvider`."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.redirect_uris: list[str] = []
        self.asked_for_account: list[bool] = []
        self.is_away = False

    def begin(self, redirect_uri: str, *, asks_for_account: bool) -> tuple[str, str]:
        self.free.wait()
        self.asked_for_account.append(asks_for_account)
        self.redirect_uris.append(redirect_uri)
        if self.is_away:
            raise SignInRefused(Refusal.UNAVAILABLE, "unreachable", "discovery: refused")
        return "https://login.example.com/?state=mine", "mine"

    def is_answer(self, query: Mapping[str, str], secrets: str) -> bool:
        return query.get("state") == secrets

    def finish(self, query: Mapping[str, str], secrets: str, redirect_uri: str) -> LinkTarget:
        assert self.is_answer(query, secrets)
        self.redirect_uris.append(redirect_uri)
        return ALICE


def service(provider: Provider) -> OpenIdService:
    proofs = Proofs(LinkKeys(["k" * 32]))
    setup = OpenIdSetup(provider, "login.example.com", "https://setup.example.com", proofs)
    return OpenIdService(
        setup,
        lambda peer: None if peer is None else peer.encode(),
        SharedBuckets(),
        pause_seconds=0.2,
        clock=lambda: 0.0,
    )


def test_good_sign_in() -> None:
    """The callback is below the mount, and the proof names the person."""
    provider = Provider()
    running = service(provider)

    async def sign_in() -> LinkTarget:
        _, secrets = await running.begin("192.0.2.1", "/mail", asks_for_account=True)
        assert running.is_answer(QUERY, secrets)
        assert not running.is_answer(QUERY, "other")
        return await running.finish("192.0.2.1", QUERY, secrets, "/mail")

    assert asyncio.run(sign_in()) == ALICE
    callback = "https://setup.example.com/mail/sign-in/oidc/callback"
    assert provider.redirect_uris == [callback, callback]
    assert provider.asked_for_account == [True]
    assert running.read_proof(running.write_proof(ALICE)) == ALICE
    assert running.host == "login.example.com"
    running.close()


def test_limits() -> None:
    """One network may begin and finish some sign-ins, and an address gets some answers."""
    running = service(Provider())

    async def flood() -> None:
        for _ in range(NETWORK_TRIES):
            await running.begin("192.0.2.1", "")
        with pytest.raises(SignInLimited):
            await running.begin("192.0.2.1", "")
        await running.begin("192.0.2.2", "")
        await running.begin(None, "")
        for _ in range(NETWORK_TRIES):
            await running.finish("192.0.2.1", QUERY, "mine", "")
        with pytest.raises(SignInLimited):
            await running.finish("192.0.2.1", QUERY, "mine", "")

    asyncio.run(flood())
    for number in range(ADDRESS_TRIES):
        running.take(f"192.0.2.{number}", ALICE.address)
    with pytest.raises(SignInLimited):
        running.take("192.0.2.99", ALICE.address)
    running.close()


def test_provider_is_away() -> None:
    """The log has the reason and the option, and nothing of a person."""
    provider = Provider()
    provider.is_away = True
    running = service(provider)
    with capture_logs() as lines, pytest.raises(SignInRefused):
        asyncio.run(running.begin(None, ""))
    running.close()
    (line,) = lines
    assert (line["code"], line["reason"]) == ("unreachable", "discovery: refused")
    assert "sign_in_oidc_issuer" in line["event"]


def test_many_at_once() -> None:
    """A slow provider lets some people wait, and the others are refused at once."""
    provider = Provider()
    provider.free.clear()
    running = service(provider)

    async def flood() -> int:
        waiting = [asyncio.create_task(running.begin(None, "")) for _ in range(WAITING_MAX)]
        await asyncio.sleep(0)
        with pytest.raises(SignInRefused, match="too many sign-ins wait") as caught:
            await running.begin(None, "")
        assert caught.value.refusal is Refusal.UNAVAILABLE
        provider.free.set()
        return len(await asyncio.gather(*waiting))

    assert asyncio.run(flood()) == WAITING_MAX
    running.close()
