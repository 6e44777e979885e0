"""Why a sign-in at an OpenID provider failed: a code for the page and the log, and a reason."""

import enum


class FailureCode(enum.StrEnum):
    """The kinds of failures. Each has its own text on the page."""

    DENIED = "denied"
    """The provider says that the person or a rule has refused (`error=access_denied`)."""
    PROVIDER_ERROR = "provider_error"
    """The provider answers with another error."""
    UNREACHABLE = "unreachable"
    """The provider does not answer, or not in time."""
    BAD_ANSWER = "bad_answer"
    """The answer of the provider is not what the standard says."""
    WRONG_ISSUER = "wrong_issuer"
    """The provider has another name than the configured one."""
    WRONG_STATE = "wrong_state"
    """The answer does not belong to the last sign-in that this browser has begun."""
    CODE_REFUSED = "code_refused"
    """The provider does not accept its code: used twice, expired, or of another client."""
    CLIENT_REFUSED = "client_refused"
    """The provider does not accept the configured client and its secret."""
    BAD_TOKEN = "bad_token"  # noqa: S105 -- a code
    """The ID token is not valid."""
    NO_ROLE = "no_role"
    """The person has no group of `oidc_roles`."""
    BUSY = "busy"
    """Too many people sign in at the same time."""
    TOO_MANY = "too_many"
    """Too many requests from one network."""


class OidcFailure(Exception):
    """A sign-in failed. The message is for the log: it has no secret and no name of a person.

    Attributes:
        code: for the page and the log.
    """

    def __init__(self, code: FailureCode, reason: str) -> None:
        """Create the failure with its code and its reason."""
        super().__init__(reason)
        self.code = code
