"""The path of one-time links, and what the log shows of paths below it."""

import re
from typing import Final

PATH: Final = "/setup"
HIDDEN_LINK: Final = "/setup/-"
_BELOW: Final = "/setup/"
# 256 bits in base64url have 43 characters; a signed token has more.
_TOKEN: Final = re.compile(r"[a-z0-9_-]{43}")


def is_below(path: str) -> bool:
    """Return whether a path is below `/setup/`: a program has moved the fragment into the path."""
    return path.lower().startswith(_BELOW) and path.rstrip("/") != PATH


def may_hold_link(path: str) -> bool:
    """Return whether a path may hold a token, such as that of a link that was pasted wrongly."""
    text = path.lower()
    start = text.find("setup")
    return is_below(path) or (start >= 0 and _TOKEN.search(text, start) is not None)
