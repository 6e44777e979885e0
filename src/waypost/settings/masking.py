"""Writes values for people, with what is secret in them masked."""

import json
import re

from waypost.settings.option import Option

MASK = "***"


def shown(option: Option, value: object) -> str:
    """Write a value for people, with what is secret in it masked."""
    if value is None:
        return "(none)"
    if option.kind is bool:
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "(none)"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if not option.about.masked:
        return str(value)
    return without_password(str(value)) if option.name == "db_uri" else MASK


def without_password(uri: str) -> str:
    """Write a database's URI with each password in it masked."""
    scheme, separator, rest = uri.partition("://")
    if not separator:
        return MASK  # not a URI, so nobody knows where in it the password is
    rest = re.sub(r"^([^:/@?]*):.*@", rf"\1:{MASK}@", rest, flags=re.DOTALL)
    rest = re.sub(
        r"(?i)([?&;][^=&;]*(?:pass|pwd|secret|token|key)[^=&;]*=)[^&;]*", rf"\1{MASK}", rest
    )
    return f"{scheme}://{rest}"
