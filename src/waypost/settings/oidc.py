"""The options of the sign-in at an OpenID provider, of operators and of mail users."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from waypost.settings.option import OptionInfo
from waypost.settings.role_text import validate_roles
from waypost.settings.text_validators import from_json
from waypost.settings.validators import validate_issuer


class OidcOptions(BaseModel):
    """The options for OpenID Connect. Instances are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    oidc_issuer: Annotated[
        str | None,
        AfterValidator(validate_issuer),
        OptionInfo(
            "Operators",
            "The OpenID provider where people sign in to the admin pages, exactly as it names "
            "itself; disabled if unset. Requires oidc_client_id, oidc_roles and the extra [oidc].",
            "an https URL without user, password and query, or an http URL of a loopback address",
            example='"https://login.example.com/realms/example"',
        ),
    ] = None
    oidc_client_id: Annotated[
        str | None,
        Field(min_length=1, max_length=512),
        OptionInfo(
            "Operators",
            "The name of Waypost at the OpenID provider.",
            "a text of at most 512 characters",
            example='"waypost"',
        ),
    ] = None
    oidc_client_secret: Annotated[
        str | None,
        Field(min_length=1, max_length=4096, repr=False),
        OptionInfo(
            "Operators",
            "The secret of Waypost at the OpenID provider; unset for a public client.",
            "a text of at most 4096 characters",
            example='"the-secret-of-the-provider"',
            masked=True,
        ),
    ] = None
    oidc_groups_claim: Annotated[
        str,
        Field(min_length=1, max_length=256),
        OptionInfo(
            "Operators",
            "The claim with the groups of a person: a list of texts, or one text.",
            "a text of at most 256 characters",
        ),
    ] = "groups"
    oidc_roles: Annotated[
        dict[str, str] | None,
        BeforeValidator(from_json),
        AfterValidator(validate_roles),
        OptionInfo(
            "Operators",
            "What each group of the OpenID provider may do: read or write, optionally followed by "
            "patterns of domains, or by provider and its name. People without one of these groups "
            "cannot sign in. In a variable or a flag, write the table as JSON.",
            "a table of groups and roles such as write, read *.example.com or read provider NAME",
            example='{ mail-admins = "write", helpdesk = "read *.example.com example.com" }',
        ),
    ] = None


class SignInOptions(BaseModel):
    """The options of the page `/sign-in` for OpenID Connect. Instances are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    sign_in_oidc_issuer: Annotated[
        str | None,
        AfterValidator(validate_issuer),
        OptionInfo(
            "Links",
            "The OpenID provider where mail users sign in on the page /sign-in, exactly as it "
            "names itself; disabled if unset. Requires sign_in_oidc_client_id, public_url, "
            "link_key or link_key_file, and the extra [oidc].",
            "an https URL without user, password and query, or an http URL of a loopback address",
            example='"https://login.example.com/realms/mail"',
        ),
    ] = None
    sign_in_oidc_client_id: Annotated[
        str | None,
        Field(min_length=1, max_length=512),
        OptionInfo(
            "Links",
            "The name of Waypost at that provider, for the page /sign-in.",
            "a text of at most 512 characters",
            example='"waypost-setup"',
        ),
    ] = None
    sign_in_oidc_client_secret: Annotated[
        str | None,
        Field(min_length=1, max_length=4096, repr=False),
        OptionInfo(
            "Links",
            "The secret of Waypost at that provider; unset for a public client.",
            "a text of at most 4096 characters",
            example='"the-secret-of-the-provider"',
            masked=True,
        ),
    ] = None
    sign_in_oidc_claim: Annotated[
        str,
        Field(min_length=1, max_length=256),
        OptionInfo(
            "Links",
            "The claim with the mail address of a person. email counts only if email_verified is "
            "true. Choose another claim only if no person can change its value.",
            "a text of at most 256 characters",
        ),
    ] = "email"
