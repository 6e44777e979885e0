"""The options of one-time links, as a part of the table."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from waypost.settings.option import OptionInfo
from waypost.settings.text_validators import validate_link_keys


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
            "the database. To replace the key, write the new one in front, with a space between; "
            "disabled if unset.",
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
