"""The options that limit each client network, as a part of the table."""

from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from waypost.settings.option import OptionInfo

PRIVATE: Final = "private"
"""In a list of networks: all private networks."""


class LimitOptions(BaseModel):
    """The options of limits. Instances are immutable and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    rate_limit: Annotated[
        float,
        Field(ge=0, le=1_000_000, allow_inf_nan=False),
        OptionInfo(
            "Limits",
            "How many requests a second Waypost answers to one client network (an IPv4 address or "
            "an IPv6 /64) in the long run, with all its workers together; others get a 429. 0 "
            "disables the limit.",
            "a number from 0 to 1000000",
        ),
    ] = 200.0
    rate_limit_burst: Annotated[
        int,
        Field(ge=1, le=100_000_000),
        OptionInfo(
            "Limits",
            "How many requests a client network may send at once, after a pause.",
            "a whole number from 1 to 100000000",
        ),
    ] = 6000
    rate_limit_query_cost: Annotated[
        int,
        Field(ge=0, le=10_000),
        OptionInfo(
            "Limits",
            "For how many more requests a request counts, for each query of a database or of a "
            "directory that it causes. An answer from memory counts for one request.",
            "a whole number from 0 to 10000",
        ),
    ] = 10
    rate_limit_exempt: Annotated[
        tuple[Literal["private"] | IPv4Network | IPv6Network, ...],
        OptionInfo(
            "Limits",
            "The networks of clients without these limits; private means all private networks "
            "(RFC 1918, 4193, 6598, link-local). Loopback addresses never have limits.",
            "a list of private and of networks such as 203.0.113.0/24 or 2001:db8::/32, without "
            "host bits",
        ),
    ] = (PRIVATE,)
    max_connections_per_network: Annotated[
        int,
        Field(ge=0, le=1_000_000),
        OptionInfo(
            "Limits",
            "How many connections a worker keeps open for one client network; one more closes the "
            "network's connection that has waited longest. 0 disables the limit. A trusted proxy "
            "has no limit.",
            "a whole number from 0 to 1000000",
        ),
    ] = 250
