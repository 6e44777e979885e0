"""The check of an ID token: OpenID Connect Core 1.0 s3.1.3.7, RFC 7519, RFC 8725."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet, import_key
from joserfc.jws import JWSRegistry

from waypost.oidc.failure import FailureCode, OidcFailure

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Signatures by a private key. Never `none`, and never HMAC: its key would be the public one."""
LEEWAY_SECONDS: Final = 60
_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})


class UnknownKey(Exception):
    """The keys do not have the key of a token."""


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must contain.

    Attributes:
        issuer: the name of the provider.
        client_id: the audience.
        nonce: of the sign-in.
        clock: seconds since 1970.
    """

    issuer: str
    client_id: str
    nonce: str
    clock: Callable[[], float] = time.time


def read_id_token(token: str, keys: list[Mapping[str, Any]], rules: TokenRules) -> dict[str, Any]:
    """Return the claims of a token.

    Args:
        token: the text of the provider.
        keys: of the provider; those of other kinds and those that cannot be read are left out.
        rules: what the token must contain.

    Raises:
        UnknownKey: `keys` does not have the key of the token.
        OidcFailure: the token is not valid.
    """
    usable = KeySet([key for data in keys if (key := _import(data)) is not None])
    try:
        claims = jwt.decode(token, usable, registry=_Registry(algorithms=ALGORITHMS)).claims
        _check(claims, rules)
    except InvalidKeyIdError as error:
        raise UnknownKey from error
    except JoseError as error:
        # joserfc's descriptions name a claim or a header, and contain no value of the token.
        reason = f"ID token: {error.error}: {error.description}"
        raise OidcFailure(FailureCode.BAD_TOKEN, reason) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise OidcFailure(FailureCode.BAD_TOKEN, "ID token: it cannot be read") from error
    return claims


class _Registry(JWSRegistry):
    """The allowed algorithms, without joserfc's warning that RFC 9864 renames EdDSA to Ed25519."""

    def get_alg(self, name: str) -> Any:  # noqa: ANN401 -- joserfc does not export its class
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError("the algorithm of the signature is not allowed")
        return self.algorithms[name]


def _import(data: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- one of three classes
    if data.get("kty") not in _KEY_TYPES:
        return None
    try:
        return import_key(dict(data))
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _check(claims: dict[str, Any], rules: TokenRules) -> None:
    registry = jwt.JWTClaimsRegistry(
        now=int(rules.clock()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": rules.issuer},
        sub={"essential": True},
        aud={"essential": True, "value": rules.client_id},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": rules.nonce},
    )
    registry.validate(claims)
    # s3.1.3.7: with several audiences there must be an authorized party: this client.
    party = claims.get("azp")
    has_others = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if party != rules.client_id and (party is not None or has_others):
        raise OidcFailure(FailureCode.BAD_TOKEN, "ID token: azp is not the configured client_id")
