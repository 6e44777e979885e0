"""Services in forms: one group of fields each, which work without JavaScript."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from waypost.core.model import HOST_BASED, ServiceType
from waypost.web.admin.pages.forms import Form

ROWS_MAX: Final = 60
PORT_MAX_DIGITS: Final = 9
"""Python refuses to convert a text with more than 4300 digits."""
TYPES: Final = tuple(one.value for one in ServiceType)
HOST_TYPES: Final = tuple(sorted(one.value for one in HOST_BASED))
SECURITIES: Final = ("tls", "starttls", "none")
METHODS: Final = ("password-cleartext", "password-encrypted", "OAuth2", "GSSAPI", "NTLM")
_FIELDS: Final = ("type", "host", "port", "security", "url", "login_name", "authentication")

ServiceData = dict[str, Any]


def read_services(form: Form) -> list[ServiceData]:
    """Return the services of a form; keys without a field are kept as they were."""
    return [_read(form, f"services[{row}]") for row in list(form.rows("services"))[:ROWS_MAX]]


def without_empty(services: Sequence[ServiceData]) -> list[ServiceData]:
    """Return the services without those that have neither host nor URL nor other keys."""
    return [one for one in services if set(one) - {"type"}]


def rearrange(services: list[ServiceData], action: str) -> list[ServiceData] | None:
    """Return the services after a button for their order was pressed; None for other buttons.

    Args:
        services: the services of the form.
        action: `add`, `remove-N`, `up-N` or `down-N`.
    """
    word, _, text = action.partition("-")
    if word == "add":
        return [*services, {"type": "imap" if not services else "smtp"}][:ROWS_MAX]
    if word not in {"remove", "up", "down"} or not (text.isascii() and text.isdigit()):
        return None
    index = int(text[:4])
    if index >= len(services):
        return services
    moved = services.pop(index)
    if word != "remove":
        services.insert(max(0, index - 1) if word == "up" else index + 1, moved)
    return services


def _read(form: Form, path: str) -> ServiceData:
    service = _object(form.text(f"{path}.rest"))
    service = {key: value for key, value in service.items() if key not in _FIELDS}
    found: ServiceData = {}
    for key in _FIELDS:
        text = form.text(f"{path}.{key}")
        if key == "authentication":
            methods = [part.strip() for part in text.split(",") if part.strip()]
            if methods:
                found[key] = methods
        elif key == "port" and text:
            # Another text is kept, so that the rule of the model names it.
            is_number = text.isascii() and text.isdigit() and len(text) <= PORT_MAX_DIGITS
            found[key] = int(text) if is_number else text
        elif text:
            found[key] = text
    if not form.text(f"{path}.login_name") and form.text(f"{path}.asks_login"):
        found["login_name"] = ""
    return found | service


def rest_of(service: Mapping[str, Any]) -> str:
    """Return the keys of a service that have no field, as JSON for a hidden field."""
    return json.dumps({key: value for key, value in service.items() if key not in _FIELDS})


def _object(text: str) -> ServiceData:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
