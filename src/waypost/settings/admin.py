"""The options of the admin listener and of certificates, as a part of the table."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waypost.settings.option import OptionInfo
from waypost.settings.validators import validate_loopback, validate_public_url

ADMIN_PORT: Final = 4244
"""The port of `waypost admin serve`, too, if `waypost serve` has none."""


class AdminOptions(BaseModel):
    """The options for operators. Instances are immutable and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    admin_host: Annotated[
        str,
        AfterValidator(validate_loopback),
        OptionInfo(
            "Operators",
            "The address of the admin listener, for operators and the web server. It is a separate "
            "process.",
            "a loopback address such as 127.0.0.1 or ::1, because the admin listener has no TLS, "
            "and answers /tls/ask and /metrics without a sign-in",
        ),
    ] = "127.0.0.1"
    admin_port: Annotated[
        int,
        Field(ge=0, le=65535),
        OptionInfo(
            "Operators",
            "The TCP port of the admin listener; 0 disables it.",
            "a whole number from 0 to 65535",
        ),
    ] = ADMIN_PORT
    audit_retention_days: Annotated[
        int,
        Field(ge=0, le=36500),
        OptionInfo(
            "Operators",
            "How many days the audit log keeps changes of the database; 0 keeps all.",
            "a whole number from 0 to 36500",
        ),
    ] = 365
    admin_url: Annotated[
        str | None,
        AfterValidator(validate_public_url),
        OptionInfo(
            "Operators",
            "The https URL of the admin pages and the API, if a web server in front of the admin "
            "listener makes them available on other machines.",
            "an https URL without a path, such as https://waypost-admin.example.com",
            example='"https://waypost-admin.example.com"',
        ),
    ] = None
    tls_names: Annotated[
        tuple[Literal["autoconfig", "autodiscover", "ua-auto-config", "mta-sts", "apex"], ...],
        Field(min_length=1),
        OptionInfo(
            "Operators",
            "The host names of a served domain that get a certificate; apex is the domain itself.",
            "a list with one or more of autoconfig, autodiscover, ua-auto-config, mta-sts and apex",
        ),
    ] = ("autoconfig", "autodiscover", "ua-auto-config")


def admin_pages_url(settings: AdminOptions) -> str:
    """Return the URL of the admin pages, without a final slash.

    If `admin_port` is 0, `waypost admin serve` has them, at the usual port.
    """
    if settings.admin_url is not None:
        return settings.admin_url
    host = f"[{settings.admin_host}]" if ":" in settings.admin_host else settings.admin_host
    return f"http://{host}:{settings.admin_port or ADMIN_PORT}"
