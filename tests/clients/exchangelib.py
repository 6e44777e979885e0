"""A real exchangelib, the client library for Exchange, which searches for its server."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.own_files import over_etc

VERSION: Final = "5.6.0"
# It waits for a single answer at most ten seconds, and must not wait at all.
_SECONDS: Final = 60
_SCRIPT: Final = """
import json, sys
from exchangelib import DELEGATE, Account, Credentials
address, password = sys.argv[1:]
try:
    Account(address, credentials=Credentials(address, password), autodiscover=True,
            access_type=DELEGATE)
except Exception as error:
    print(json.dumps([type(error).__name__, str(error)]))
else:
    print(json.dumps(["", ""]))
"""


@dataclass(frozen=True, slots=True)
class Failure:
    """The failure of a search for an account.

    Attributes:
        kind: the name of exchangelib's error; empty if there was none.
        text: the message of the error.
    """

    kind: str
    text: str


def look_for(address: str, *, python: Path, names: Path, authority: Path, home: Path) -> Failure:
    """Return how exchangelib's search for an account failed.

    Args:
        address: the address of the account.
        python: the Python with exchangelib.
        names: the files for name resolution (`own_files.write_names`).
        authority: the certificate (PEM) that exchangelib must trust.
        home: an empty folder.

    Raises subprocess.TimeoutExpired if exchangelib does not exit.
    """
    done = subprocess.run(
        over_etc(names, [f"{python}", "-c", _SCRIPT, address, "a password made up for a test"]),
        env=os.environ
        | {"HOME": f"{home}", "TMPDIR": f"{home}", "REQUESTS_CA_BUNDLE": f"{authority}"},
        check=True,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
    )
    return Failure(*json.loads(done.stdout))
