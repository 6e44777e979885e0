"""Tokens as plain JSON data, for the API and for `waypost token list --json`."""

from typing import Any

from waypost.admin.access.duration import utc_text
from waypost.admin.access.tokens import TokenRecord


def token_data(record: TokenRecord) -> dict[str, Any]:
    """Return a token without its secret. Times are RFC 3339 texts in UTC, or None."""
    return {
        "id": record.id,
        "name": record.name,
        "role": record.scope.role.value,
        "domains": [pattern.text for pattern in record.scope.domains],
        "provider": record.scope.provider,
        "created": utc_text(record.created_at),
        "created_by": record.created_by,
        "expires": _time(record.expires_at),
        "last_used": _time(record.last_used_at),
        "revoked": _time(record.revoked_at),
    }


def _time(seconds: int | None) -> str | None:
    return None if seconds is None else utc_text(seconds)
