"""Ask automx 1 in its own Python, as a web server does, and write its answers as JSON.

automx reads its settings from two fixed paths; here these paths are the given file.
"""

import base64
import configparser
import importlib
import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any
from unittest.mock import patch

Application = Callable[[dict[str, Any], Callable[..., None]], Iterable[Any]]
OUTLOOK = "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
MOBILESYNC = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"
REQUEST = (
    '<?xml version="1.0"?>\n<Autodiscover><Request><EMailAddress>{}</EMailAddress>'
    "<AcceptableResponseSchema>{}</AcceptableResponseSchema></Request></Autodiscover>"
)


def main() -> None:
    """Read the folder of automx's modules, a settings file and addresses from the arguments."""
    folder, settings, *addresses = sys.argv[1:]
    logging.disable()
    sys.path.insert(0, folder)
    read, exists = configparser.RawConfigParser.read, os.path.exists
    with (
        patch.object(
            configparser.RawConfigParser, "read", lambda self, _path: read(self, settings)
        ),
        patch.object(os.path, "exists", lambda path: path == "/etc/automx.conf" or exists(path)),
    ):
        application: Application = importlib.import_module("automx_wsgi").application
        json.dump({one: answers(application, one) for one in addresses}, sys.stdout)


def answers(application: Application, address: str) -> dict[str, tuple[int, str]]:
    """Ask in each format; the bodies are in Base64."""
    profile = f"_mobileconfig=true&emailaddress={address}"
    return {
        "autoconfig": ask(application, "GET", query=f"emailaddress={address}"),
        "autodiscover": ask(application, "POST", REQUEST.format(address, OUTLOOK)),
        "mobilesync": ask(application, "POST", REQUEST.format(address, MOBILESYNC)),
        "mobileconfig": ask(application, "POST", profile),
    }


def ask(application: Application, method: str, body: str = "", query: str = "") -> tuple[int, str]:
    """Return status and body."""
    data = body.encode()
    seen: list[int] = []

    def start_response(status: str, _headers: object) -> None:
        seen.append(int(status.split(maxsplit=1)[0]))

    said = application(
        {
            "REQUEST_METHOD": method,
            "HTTP_HOST": "autoconfig.example.com",
            "REQUEST_URI": "/mail/config-v1.1.xml",
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(data)),
            "REMOTE_ADDR": "127.0.0.1",
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": sys.stderr,
        },
        start_response,
    )
    whole = b"".join(one if isinstance(one, bytes) else one.encode() for one in said)
    return seen[0], base64.b64encode(whole).decode()


if __name__ == "__main__":
    main()
