"""Show values of options with their secrets masked."""

import json

from waypost.core.redaction import MASK, redact_uri, secrets_of
from waypost.settings.option import Option
from waypost.settings.table import Settings


def masked_text(option: Option, value: object) -> str:
    """Return a value as a text with its secrets masked."""
    if value is None:
        return "(none)"
    if option.kind is bool:
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ", ".join(str(part) for part in value) or "(none)"
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if not option.info.masked:
        return str(value)
    return redact_uri(str(value)) if option.is_database else MASK


def secret_texts(settings: Settings) -> frozenset[str]:
    """Return the secrets of the settings, which must not occur in the log."""
    keys = set() if settings.log_key is None else {settings.log_key}
    if settings.app_password_hook_key is not None:
        keys |= {settings.app_password_hook_key}
    if settings.oidc_client_secret is not None:
        keys |= {settings.oidc_client_secret}
    if settings.sign_in_oidc_client_secret is not None:
        keys |= {settings.sign_in_oidc_client_secret}
    keys |= set((settings.link_key or "").split())
    return secrets_of(settings.db_uri) | secrets_of(settings.db_read_uri or "") | keys
