"""The messages of the protocol, which docs/setup-links.md describes for operators."""

import hashlib
import hmac
import json
from typing import Final, Literal

from waypost.core.errors import LinkError
from waypost.core.text_rules import printable
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest
from waypost.setup_links.link import checked_password

VERSION: Final = 1
ANSWER_MAX_BYTES: Final = 16 * 1024
TIMESTAMP_HEADER: Final = "Waypost-Timestamp"
SIGNATURE_HEADER: Final = "Waypost-Signature"
_REASON_MAX_CHARS: Final = 200

Action = Literal["create", "revoke"]


def write_request(action: Action, request: AppPasswordRequest) -> bytes:
    """Return a request as JSON in one line."""
    message = {
        "version": VERSION,
        "action": action,
        "id": request.id,
        "address": request.address,
        "device": request.device,
        "name": request.display_name,
    }
    return json.dumps(message, ensure_ascii=True).encode() + b"\n"


def signature(key: str, timestamp: int, body: bytes) -> str:
    """Return the signature of a request: HMAC-SHA256 (RFC 2104) of the timestamp, a dot, the body.

    The system refuses requests whose timestamp is old, so that a recorded one cannot be repeated.
    """
    signed = f"{timestamp}.".encode() + body
    return f"sha256={hmac.new(key.encode(), signed, hashlib.sha256).hexdigest()}"


def read_answer(action: Action, data: bytes) -> str:
    """Return the password of an answer to `create`; an empty text for `revoke`.

    Raises:
        AppPasswordError: the answer is an error or is not valid. The message repeats the text of
            an error, and nothing else of the answer.
    """
    if len(data) > ANSWER_MAX_BYTES:
        raise AppPasswordError(f"the answer is longer than {ANSWER_MAX_BYTES} bytes")
    try:
        answer = json.loads(data)
    except (ValueError, RecursionError):
        # Not "from": the original error contains the answer, and so perhaps a password.
        raise AppPasswordError("the answer is not JSON in UTF-8") from None
    if not isinstance(answer, dict):
        raise AppPasswordError("the answer is not a JSON object")
    if "error" in answer:
        raise AppPasswordError(
            f"the system refuses: {printable(str(answer['error'])[:_REASON_MAX_CHARS])}"
        )
    if action == "revoke":
        return ""
    password = answer.get("password")
    if not isinstance(password, str):
        raise AppPasswordError('the answer has no text "password"')
    try:
        return checked_password(password)
    except LinkError as error:
        raise AppPasswordError(f"the answer cannot be used: {error}") from error
