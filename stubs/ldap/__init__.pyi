# The part of python-ldap that Waypost uses; python-ldap has no types. From python-ldap 3.4.8, Doc.

from collections.abc import Mapping, Sequence
from typing import Final

DEREF_NEVER: Final[int]
OPT_DEREF: Final[int]
OPT_NETWORK_TIMEOUT: Final[int]
OPT_PROTOCOL_VERSION: Final[int]
OPT_REFERRALS: Final[int]
OPT_RESTART: Final[int]
OPT_TIMEOUT: Final[int]
RES_SEARCH_ENTRY: Final[int]
RES_SEARCH_RESULT: Final[int]
SCOPE_BASE: Final[int]
SCOPE_ONELEVEL: Final[int]
SCOPE_SUBTREE: Final[int]
VERSION3: Final[int]

class LDAPError(Exception): ...
class SIZELIMIT_EXCEEDED(LDAPError): ...

def initialize(uri: str, *, fileno: int | None = ...) -> LDAPObject: ...

class LDAPObject:
    def result4(
        self, msgid: int = ..., all: int = ..., timeout: float | None = ...
    ) -> tuple[
        int | None,
        Sequence[tuple[str | None, Mapping[str, Sequence[bytes]] | Sequence[str]]] | None,
        int | None,
        object,
        str | None,
        bytes | None,
    ]: ...
    def sasl_bind_s(self, dn: str, mechanism: str, cred: str) -> object: ...
    def search_ext(
        self,
        base: str,
        scope: int,
        filterstr: str | None = ...,
        attrlist: Sequence[str] | None = ...,
        *,
        timeout: float = ...,
        sizelimit: int = ...,
    ) -> int: ...
    def set_option(self, option: int, invalue: object) -> None: ...
    def simple_bind(self, who: str | None = ..., cred: str | None = ...) -> int: ...
    def unbind_ext(self) -> None: ...
    def whoami_s(self) -> str: ...
