"""The protocol of `app_password_command`, for the adapters in this folder.

Waypost writes one JSON object to the standard input, and reads one from the standard output:

    {"version": 1, "action": "create", "id": "...", "address": "...", "device": "...",
     "name": "..."}
    {"password": "..."}        or   {"error": "..."}

`create` with an `id` that exists replaces its password; `revoke` removes it, if there is one.
`device` and `name` may be empty.
"""

import base64
import contextlib
import hashlib
import json
import re
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass

ID = re.compile(r"[0-9a-f]{32}")
# No character that a file of passwords, SQL or a log could take for another one.
_PART = r"[^\s:,/\\\"'<>()\x00-\x1f\x7f\ud800-\udfff]"
ADDRESS = re.compile(rf"{_PART}{{1,64}}@{_PART}{{1,255}}")
# Without letters and digits that look alike; 5 bits each.
ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
GROUPS = 6


class Refused(Exception):
    """The request cannot be done; the operator reads the text in Waypost's log."""


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        id: 32 hexadecimal digits.
        address: of the mailbox, without characters that need quotes.
        device: what the operator calls the device, without control characters; may be empty.
    """

    id: str
    address: str
    device: str

    @property
    def label(self) -> str:
        """A text for a list of app passwords, with which `revoke` finds the password again."""
        return f"{self.device[:64] or 'device'} (Waypost {self.id})"


def new_password() -> str:
    """Return six groups of five characters: 150 random bits, to type or to paste."""
    groups = ("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(GROUPS))
    return "-".join(groups)


def salted_hash(password: str, scheme: str, salt: bytes) -> str:
    """Return a salted hash, as Dovecot and LDAP servers read it.

    A password with 150 random bits needs no slow hash.

    Args:
        password: the password.
        scheme: SSHA, SSHA256 or SSHA512.
        salt: some bytes.
    """
    names = {"SSHA": "sha1", "SSHA256": "sha256", "SSHA512": "sha512"}
    digest = hashlib.new(names[scheme], password.encode() + salt).digest()
    return f"{{{scheme}}}{base64.b64encode(digest + salt).decode()}"


def main(create: Callable[[Request], str], revoke: Callable[[Request], None]) -> int:
    """Read a request, answer it, and return the exit code.

    Args:
        create: makes the password of a request, and returns it.
        revoke: removes it.
    """
    try:
        action, request = _read(sys.stdin.buffer.read(64 * 1024))
        if action == "create":
            answer = {"password": create(request)}
        else:
            revoke(request)
            answer = {}
    except Refused as error:
        answer = {"error": str(error)}
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 1 if "error" in answer else 0


def _read(data: bytes) -> tuple[str, Request]:
    try:
        message = json.loads(data)
        version, action = message["version"], message["action"]
        request = Request(message["id"], message["address"], message["device"])
        texts = (action, request.id, request.address, request.device)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Refused("the request is not valid") from error
    if version != 1:
        raise Refused("the request is of another version")
    if not all(isinstance(text, str) for text in texts) or not ID.fullmatch(request.id):
        raise Refused("the request is not valid")
    if action not in {"create", "revoke"}:
        raise Refused("the request is of another version")
    if not ADDRESS.fullmatch(request.address):
        raise Refused("the address has characters that this adapter does not accept")
    if not request.device.isprintable():
        raise Refused("the device has characters that this adapter does not accept")
    return action, request
