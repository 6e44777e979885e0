"""The options of one-time links, as a part of the table."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waypost.settings.option import OptionInfo
from waypost.settings.text_validators import validate_link_keys
from waypost.settings.validators import validate_command, validate_hook


class LinkOptions(BaseModel):
    """The options of links. Instances are immutable and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    link_key: Annotated[
        str | None,
        AfterValidator(validate_link_keys),
        Field(repr=False),
        OptionInfo(
            "Links",
            "Enables one-time links (`waypost link create`), and encrypts their app passwords in "
            "the database and the cookies of sign_in_oidc_issuer. To replace the key, write the "
            "new one in front, with a space between; disabled if unset.",
            "one or more keys of at least 32 characters, such as `openssl rand -base64 32` prints",
            example='"a-long-random-text-of-at-least-32-characters"',
            masked=True,
        ),
    ] = None
    link_key_file: Annotated[
        Path | None,
        OptionInfo(
            "Links",
            "A file with such keys, one on each line, the newest first; a key in link_key is "
            "newer. Only the owner of the file may have permission to read it.",
            "the path of a file",
            example='"/etc/waypost/link.key"',
        ),
    ] = None
    app_password_hook: Annotated[
        str | None,
        AfterValidator(validate_hook),
        OptionInfo(
            "Links",
            "The URL of your own system that makes an app password for each device that uses a "
            "link; disabled if unset. Requires app_password_hook_key.",
            "an https URL without user and password, or an http URL of a loopback address",
            example='"https://mail.example.com/app-passwords"',
        ),
    ] = None
    app_password_hook_key: Annotated[
        str | None,
        Field(min_length=32, repr=False),
        OptionInfo(
            "Links",
            "The key of the HMAC that signs the requests to app_password_hook.",
            "a text of at least 32 characters",
            example='"another-random-text-of-at-least-32-characters"',
            masked=True,
        ),
    ] = None
    app_password_command: Annotated[
        tuple[str, ...],
        AfterValidator(validate_command),
        OptionInfo(
            "Links",
            "A command on this machine that makes the app passwords instead of app_password_hook. "
            "Waypost starts it without a shell, as its own user.",
            "a list of the absolute path of a program and its arguments",
        ),
    ] = ()
    app_password_seconds: Annotated[
        float,
        Field(ge=1, le=10, allow_inf_nan=False),
        OptionInfo(
            "Links",
            "The time limit for one app password, in seconds.",
            "a number of seconds from 1 to 10",
            unit="seconds",
        ),
    ] = 8.0
    sign_in: Annotated[
        Literal["imap"] | None,
        OptionInfo(
            "Links",
            "Enables the page /sign-in, where people sign in with their password and get the "
            "settings with it, or with an app password. imap tries the password at the IMAP server "
            "of the domain, over TLS.",
            "imap, or unset",
            example='"imap"',
        ),
    ] = None
