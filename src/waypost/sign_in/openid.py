"""The sign-in of a mail user at an OpenID provider: what `waypost.oidc` finds, for a person."""

from collections.abc import Mapping
from typing import Final

from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.oidc.flow import Flow, LoginState, is_answer_to
from waypost.setup_links.link import LinkTarget
from waypost.sign_in.authenticator import Refusal, SignInRefused
from waypost.sign_in.claims import read_person

_REFUSALS: Final = {
    FailureCode.DENIED: Refusal.DENIED,
    FailureCode.WRONG_STATE: Refusal.ENDED,
    FailureCode.CODE_REFUSED: Refusal.ENDED,
}


class OpenIdAuthenticator:
    """The sign-in at one provider. Implements `PersonProvider`."""

    def __init__(self, flow: Flow, claim: str) -> None:
        """Initialize; nothing is read yet.

        Args:
            flow: the exchange with the provider.
            claim: the option `sign_in_oidc_claim`.
        """
        self._flow = flow
        self._claim = claim

    def begin(self, redirect_uri: str, *, asks_for_account: bool) -> tuple[str, str]:
        """Return the URL where a person signs in, and the secrets for the cookie.

        Raises:
            SignInRefused: the provider cannot be used now.
        """
        login = LoginState.create()
        try:
            url = self._flow.begin(login, redirect_uri, asks_for_account=asks_for_account)
        except OidcFailure as failure:
            raise _refused(failure) from failure
        return url, login.text()

    def is_answer(self, query: Mapping[str, str], secrets: str) -> bool:
        """Return whether a callback belongs to the sign-in with these secrets."""
        return is_answer_to(query, LoginState.read(secrets))

    def finish(self, query: Mapping[str, str], secrets: str, redirect_uri: str) -> LinkTarget:
        """Return the person whom the provider has sent back.

        Raises:
            SignInRefused: there is no proof who the person is, or no address.
        """
        try:
            claims = self._flow.finish(query, LoginState.read(secrets), redirect_uri)
        except OidcFailure as failure:
            raise _refused(failure) from failure
        return read_person(claims, self._claim)


def _refused(failure: OidcFailure) -> SignInRefused:
    refusal = _REFUSALS.get(failure.code, Refusal.UNAVAILABLE)
    return SignInRefused(refusal, failure.code.value, str(failure))
