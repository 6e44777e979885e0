"""The options of Apple's configuration profiles; they are a part of the one table."""

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from waypost.settings.option import About
from waypost.settings.texts import checked_languages, checked_text, day, from_json

RISKS: Final = "I_understand_the_risks"
"""What an operator must say, to automx2 as well, before passwords are taken."""


class ProfileOptions(BaseModel):
    """What is said about profiles. It is immutable, and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    profile_cert: Annotated[
        Path | None,
        About(
            "Profiles",
            "The certificate that profiles are signed with, and perhaps its chain behind it, "
            "unless their provider has its own; without one they are not signed.",
            "the path of a PEM file",
            example='"/etc/waypost/profile/fullchain.pem"',
        ),
    ] = None
    profile_key: Annotated[
        Path | None,
        About(
            "Profiles",
            "The private key of that certificate, which nobody but its owner may read.",
            "the path of a PEM file",
            example='"/etc/waypost/profile/privkey.pem"',
        ),
    ] = None
    profile_chain: Annotated[
        Path | None,
        About(
            "Profiles",
            "The certificates between that one and an authority that devices trust.",
            "the path of a PEM file",
            example='"/etc/waypost/profile/chain.pem"',
        ),
    ] = None
    profile_organization: Annotated[
        str | None,
        Field(min_length=1, max_length=128),
        AfterValidator(checked_text),
        About(
            "Profiles",
            "Who a device says a profile is from; the provider's name where it is absent.",
            "a text of at most 128 characters",
            example='"Example Inc."',
        ),
    ] = None
    profile_description: Annotated[
        str | None,
        Field(min_length=1, max_length=1024),
        AfterValidator(checked_text),
        About(
            "Profiles",
            "What a device says a profile is for, before it is installed.",
            "a text of at most 1024 characters",
            example='"Mail, calendar and address book of your account at Example Inc."',
        ),
    ] = None
    profile_consent: Annotated[
        dict[str, str] | None,
        BeforeValidator(from_json),
        AfterValidator(checked_languages),
        About(
            "Profiles",
            "Texts that a user must agree to, by language, with one for all others under "
            "`default`; a variable or a flag holds them as JSON.",
            "a table of languages such as de or pt-BR, or default, and texts",
            example='{ default = "You may use this account for work only." }',
        ),
    ] = None
    profile_removable: Annotated[
        bool,
        About(
            "Profiles",
            "Let users remove a profile; false counts on supervised devices only.",
            "true or false",
        ),
    ] = True
    profile_days: Annotated[
        int | None,
        Field(ge=1, le=36500),
        About(
            "Profiles",
            "Days after which a device removes a profile, and its accounts, by itself; "
            "never where it is absent.",
            "a whole number from 1 to 36500",
            example="365",
        ),
    ] = None
    profile_expires: Annotated[
        date | None,
        Field(strict=True),
        BeforeValidator(day),
        About(
            "Profiles",
            "The day from which a device says that a profile is out of date.",
            'a date in quotes, such as "2030-12-31"',
            example='"2030-12-31"',
        ),
    ] = None
    permit_cleartext_passwords: Annotated[
        Literal["I_understand_the_risks"] | None,
        About(
            "Profiles",
            "Put the password that a user sends by POST over https into the profile, in clear "
            "text.",
            f"{RISKS}, or absent",
            example=f'"{RISKS}"',
            also="PERMIT_CLEARTEXT_PASSWORDS",
        ),
    ] = None
