"""The sign-in at an OpenID provider on a server: no call blocks the event loop, and all is limited.

Nothing of a sign-in is stored: the browser keeps its secrets, and then the proof, in cookies.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from waypost.core.address import EmailAddress
from waypost.runtime.limits.shared_ratelimit import SharedBuckets
from waypost.setup_links.link import LinkTarget
from waypost.sign_in.authenticator import (
    CALLBACK_PATH,
    PersonProvider,
    Refusal,
    SignInRefused,
)
from waypost.sign_in.limits import (
    NETWORK_TRIES,
    PAUSE_SECONDS,
    FindNetwork,
    LimitedPool,
    SignInLimits,
    TriesLimit,
)
from waypost.sign_in.proof import Proofs

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class OpenIdSetup:
    """The sign-in at an OpenID provider, as the settings describe it.

    Attributes:
        provider: the provider.
        host: its host name, for people.
        public_url: the URL of Waypost, which the provider sends people back to.
        proofs: writes and reads the proof who a person is.
    """

    provider: PersonProvider
    host: str
    public_url: str
    proofs: Proofs


class OpenIdService:
    """The sign-ins of one worker. All workers count them together."""

    def __init__(
        self,
        setup: OpenIdSetup,
        find_network: FindNetwork,
        buckets: SharedBuckets,
        *,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Initialize; the provider is not asked yet.

        Args:
            setup: the provider, and what belongs to it.
            find_network: returns the network of a client; None if it has no limits.
            buckets: of the limits, shared by all workers.
            pause_seconds: from the request to an answer that fails.
            clock: of the limits.
        """
        self._setup = setup
        self._find_network = find_network
        self._begun = TriesLimit("begin", NETWORK_TRIES, buckets, clock)
        self._finished = TriesLimit("finish", NETWORK_TRIES, buckets, clock)
        self._limits = SignInLimits("openid", find_network, buckets, pause_seconds, clock)
        self._log = structlog.get_logger(__name__)
        self._pool = LimitedPool(
            "sign-in-oidc",
            _call,
            make_failure=lambda: _unavailable("a request failed"),
            make_busy=lambda: _unavailable("too many sign-ins wait for the provider"),
        )

    @property
    def host(self) -> str:
        """The host name of the provider, for people."""
        return self._setup.host

    def own_url(self, mount: str, path: str) -> str:
        """Return a URL of Waypost. Cookies of a sign-in belong to its host.

        Args:
            mount: the path of the mount in URLs.
            path: below the mount.
        """
        return f"{self._setup.public_url}{mount}{path}"

    async def begin(
        self, peer: str | None, mount: str, *, asks_for_account: bool = False
    ) -> tuple[str, str]:
        """Return the URL of the provider, and the secrets for the cookie of the browser.

        Args:
            peer: the address of the client.
            mount: the path of the mount in URLs.
            asks_for_account: whether the provider asks which account to use.

        Raises:
            SignInLimited: the network of the client has begun too many sign-ins.
            SignInRefused: the provider cannot be used now.
        """
        self._begun.take(self._find_network(peer))
        redirect_uri = self.own_url(mount, CALLBACK_PATH)
        return await self._ask(
            lambda: self._setup.provider.begin(redirect_uri, asks_for_account=asks_for_account)
        )

    def is_answer(self, query: Mapping[str, str], secrets: str) -> bool:
        """Return whether a callback belongs to the sign-in with these secrets."""
        return self._setup.provider.is_answer(query, secrets)

    async def finish(
        self, peer: str | None, query: Mapping[str, str], secrets: str, mount: str
    ) -> LinkTarget:
        """Return the person whom the provider has sent back, after `is_answer` was true.

        Args:
            peer: the address of the client.
            query: the parameters of the callback.
            secrets: of the cookie.
            mount: the path of the mount in URLs.

        Raises:
            SignInLimited: the network of the client has finished too many sign-ins.
            SignInRefused: there is no proof who the person is, or no verified address.
        """
        self._finished.take(self._find_network(peer))
        redirect_uri = self.own_url(mount, CALLBACK_PATH)
        return await self._ask(lambda: self._setup.provider.finish(query, secrets, redirect_uri))

    def write_proof(self, person: LinkTarget) -> str:
        """Return the proof who a person is, for a cookie."""
        return self._setup.proofs.write(person)

    def read_proof(self, proof: str) -> LinkTarget | None:
        """Return the person of a proof; None if it is not valid any more."""
        return self._setup.proofs.read(proof)

    def take(self, peer: str | None, address: EmailAddress) -> None:
        """Count an answer for a person, as `SignInLimits.take`."""
        self._limits.take(peer, address)

    async def pause(self, start: float) -> None:
        """Wait until an answer that fails may be sent, as `SignInLimits.pause`."""
        await self._limits.pause(start)

    def close(self) -> None:
        """End the threads."""
        self._pool.close()

    async def _ask(self, call: Callable[[], Result]) -> Result:
        """Call the provider in a thread, and log why a sign-in failed."""
        try:
            result: Result = await self._pool.call(call)
        except SignInRefused as error:
            self._log.warning(
                "sign-in of a person at the OpenID provider failed; see sign_in_oidc_issuer",
                code=error.reason_code,
                reason=str(error),
            )
            raise
        return result


def _unavailable(reason: str) -> SignInRefused:
    return SignInRefused(Refusal.UNAVAILABLE, "busy", reason)


def _call(call: Callable[[], Any]) -> Any:  # noqa: ANN401 -- the result of any call
    return call()
