"""The options of Apple's configuration profiles, as a part of the table."""

from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from waypost.settings.option import OptionInfo
from waypost.settings.text_validators import (
    from_json,
    parse_date,
    validate_languages,
    validate_text,
)

RISKS: Final = "I_understand_the_risks"
"""The value that an operator must set to allow passwords; it is the same in automx2."""


class ProfileOptions(BaseModel):
    """The options for profiles. Instances are immutable and can be sent to another process."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    profile_cert: Annotated[
        Path | None,
        OptionInfo(
            "Profiles",
            "The certificate that signs profiles, optionally followed by its chain. A provider can "
            "have its own certificate. Profiles are not signed if unset.",
            "the path of a PEM file",
            example='"/etc/waypost/profile/fullchain.pem"',
        ),
    ] = None
    profile_key: Annotated[
        Path | None,
        OptionInfo(
            "Profiles",
            "The private key of profile_cert. Only the owner of the file may have permission to "
            "read it.",
            "the path of a PEM file",
            example='"/etc/waypost/profile/privkey.pem"',
        ),
    ] = None
    profile_chain: Annotated[
        Path | None,
        OptionInfo(
            "Profiles",
            "The certificates between profile_cert and an authority that devices trust.",
            "the path of a PEM file",
            example='"/etc/waypost/profile/chain.pem"',
        ),
    ] = None
    profile_organization: Annotated[
        str | None,
        Field(min_length=1, max_length=128),
        AfterValidator(validate_text),
        OptionInfo(
            "Profiles",
            "The organization that a device shows for a profile; the name of the provider if "
            "unset.",
            "a text of at most 128 characters",
            example='"Example Inc."',
        ),
    ] = None
    profile_description: Annotated[
        str | None,
        Field(min_length=1, max_length=1024),
        AfterValidator(validate_text),
        OptionInfo(
            "Profiles",
            "The description that a device shows before it installs a profile.",
            "a text of at most 1024 characters",
            example='"Mail, calendar and address book of your account at Example Inc."',
        ),
    ] = None
    profile_consent: Annotated[
        dict[str, str] | None,
        BeforeValidator(from_json),
        AfterValidator(validate_languages),
        OptionInfo(
            "Profiles",
            "The text that a user must accept before the installation, by language; `default` is "
            "for all other languages. In a variable or a flag, write the table as JSON.",
            "a table of languages such as de or pt-BR, or default, and texts",
            example='{ default = "You may use this account for work only." }',
        ),
    ] = None
    profile_removable: Annotated[
        bool,
        OptionInfo(
            "Profiles",
            "Allow users to remove a profile; false has an effect only on supervised devices.",
            "true or false",
        ),
    ] = True
    profile_days: Annotated[
        int | None,
        Field(ge=1, le=36500),
        OptionInfo(
            "Profiles",
            "The number of days after which a device removes a profile and its accounts; never if "
            "unset.",
            "a whole number from 1 to 36500",
            example="365",
        ),
    ] = None
    profile_expires: Annotated[
        date | None,
        Field(strict=True),
        BeforeValidator(parse_date),
        OptionInfo(
            "Profiles",
            "On this date and later, a device shows a profile as expired.",
            'a date in quotes, such as "2030-12-31"',
            example='"2030-12-31"',
        ),
    ] = None
    permit_cleartext_passwords: Annotated[
        Literal["I_understand_the_risks"] | None,
        OptionInfo(
            "Profiles",
            "Write the password that a user sends by POST over https into the profile, in clear "
            "text.",
            f"{RISKS}, or unset",
            example=f'"{RISKS}"',
            automx2_variable="PERMIT_CLEARTEXT_PASSWORDS",
        ),
    ] = None
