"""What the tests' mail servers tell of a client that logged in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """One login, as the server saw it.

    Attributes:
        host: the name by which the client knew the server (RFC 6066 s3, server name indication).
        port: where it connected to: the servers allow no login without TLS.
        login_name: as whom it logged in.
    """

    host: str
    port: int
    login_name: str
