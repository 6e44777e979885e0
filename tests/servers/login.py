"""The data about a client's login that the tests' mail servers record."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Login:
    """One login at a server.

    Attributes:
        host: the server name from the client (RFC 6066 s3, server name indication).
        port: the port of the connection: the servers allow no login without TLS.
        login_name: the login name.
    """

    host: str
    port: int
    login_name: str
