"""The codes of sign-ins that fail, in the log and on the pages, for `waypost explain`."""

from dataclasses import dataclass
from typing import Final

ADMIN: Final = "the admin pages"
USERS: Final = "the page /sign-in of mail users"
BOTH: Final = f"{ADMIN}, {USERS}"


@dataclass(frozen=True, slots=True)
class SignInCode:
    """The description of a failure.

    Attributes:
        code: in the log; never changes.
        command: where the sign-in was.
        message: what is wrong.
        fix: what the operator can do.
    """

    code: str
    command: str
    message: str
    fix: str


SIGN_IN_CODES: Final = (
    SignInCode(
        "denied",
        BOTH,
        "the person or a rule at the OpenID provider refused",
        "allow the person to use the client at the provider",
    ),
    SignInCode(
        "no_role",
        ADMIN,
        "no group of the person is in `oidc_roles`, or the provider sends no claim with the name "
        "in `oidc_groups_claim`",
        "add a group to `oidc_roles`, or let the provider send the groups in the ID token or at "
        "the userinfo endpoint",
    ),
    SignInCode(
        "no_address",
        USERS,
        "the provider sends no verified mail address: the claim of `sign_in_oidc_claim` is "
        "missing or is no address, or `email_verified` is not true",
        "let the provider send the scope `email`, and verify the address there; or set "
        "`sign_in_oidc_claim` to a claim that people cannot change",
    ),
    SignInCode(
        "wrong_issuer",
        BOTH,
        "`oidc_issuer` or `sign_in_oidc_issuer` is not the text that the provider uses",
        "copy `issuer` from the provider's /.well-known/openid-configuration; compare the slash "
        "at its end",
    ),
    SignInCode(
        "client_refused",
        BOTH,
        "the provider does not accept the client and its secret",
        "correct `oidc_client_id` and `oidc_client_secret`, or `sign_in_oidc_client_id` and "
        "`sign_in_oidc_client_secret`",
    ),
    SignInCode(
        "code_refused",
        BOTH,
        "the provider does not accept its code: the sign-in was used twice, or took too long",
        "begin the sign-in again",
    ),
    SignInCode(
        "wrong_state",
        BOTH,
        "the browser has no cookie of this sign-in: it took more than ten minutes, or was begun in "
        "another tab or at another host name than `admin_url` or `public_url`",
        "begin the sign-in again, at the host name of the option",
    ),
    SignInCode(
        "no_proof",
        USERS,
        "the browser has no proof of a sign-in, or the proof has expired or was used",
        "sign in again",
    ),
    SignInCode(
        "unreachable",
        BOTH,
        "the provider does not answer within ten seconds, or its certificate is not trusted",
        "check the connection from this machine to the issuer, and its certificate",
    ),
    SignInCode(
        "bad_answer",
        BOTH,
        "an answer of the provider is not what the standard says; the log names the URL",
        "compare the URL with the configuration of the provider",
    ),
    SignInCode(
        "bad_token",
        BOTH,
        "the ID token is not valid",
        "compare the clocks of both machines; let the provider sign with RS256, PS256, ES256 or "
        "EdDSA",
    ),
    SignInCode(
        "provider_error",
        BOTH,
        "the provider reports an error",
        "read the log of the provider",
    ),
    SignInCode("busy", BOTH, "too many people sign in at the same time", "wait some seconds"),
    SignInCode(
        "too_many",
        ADMIN,
        "one address has begun too many sign-ins",
        "wait some seconds",
    ),
    SignInCode(
        "sign_in_limited",
        USERS,
        "one address, one login name or one network has tried too often in a quarter of an hour",
        "wait for the time in Retry-After",
    ),
    SignInCode(
        "sign_in_refused",
        USERS,
        "the address or its password is wrong, or the sign-in at the OpenID provider failed",
        "for the provider, the log has another line with the reason",
    ),
    SignInCode(
        "sign_in_unavailable",
        USERS,
        "the mail server does not say whether the password is right: it does not answer, has no "
        "TLS, or a wrong certificate",
        "read the reason in the log, and check the server with `waypost doctor`",
    ),
    SignInCode(
        "other_site",
        USERS,
        "a page of another site has sent the form",
        "nothing: the form was refused, and no password was tried",
    ),
)


def find_sign_in_code(topic: str) -> SignInCode | None:
    """Return a code of sign-ins; None if there is no such code."""
    name = topic.lower().replace("-", "_")
    return next((code for code in SIGN_IN_CODES if code.code == name), None)
