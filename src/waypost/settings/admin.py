"""The options of the operators' listener and of certificates; they are a part of the one table."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waypost.settings.option import About
from waypost.settings.values import checked_loopback


class AdminOptions(BaseModel):
    """What is said about operators. It is immutable, and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    admin_host: Annotated[
        str,
        AfterValidator(checked_loopback),
        About(
            "Operators",
            "The address on which operators and their web server are answered, in a process of "
            "its own.",
            "a loopback address such as 127.0.0.1 or ::1; no other is allowed as long as "
            "operators have no tokens",
        ),
    ] = "127.0.0.1"
    admin_port: Annotated[
        int,
        Field(ge=0, le=65535),
        About(
            "Operators",
            "The TCP port of that listener; 0 for none.",
            "a whole number from 0 to 65535",
        ),
    ] = 4244
    tls_names: Annotated[
        tuple[Literal["autoconfig", "autodiscover", "ua-auto-config", "mta-sts", "apex"], ...],
        Field(min_length=1),
        About(
            "Operators",
            "Which names of a served domain get a certificate; apex is the domain itself.",
            "a list of autoconfig, autodiscover, ua-auto-config, mta-sts and apex",
        ),
    ] = ("autoconfig", "autodiscover", "ua-auto-config")
