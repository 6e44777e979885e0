"""A real exchangelib, the client library for Exchange, which looks for a server of its own."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.own_files import over_etc

VERSION: Final = "5.6.0"
# It waits for no single answer longer than ten seconds, and must not wait at all.
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
    """How a search for an account failed.

    Attributes:
        kind: the name of exchangelib's error; empty where there was none.
        text: what it says.
    """

    kind: str
    text: str


def look_for(address: str, *, python: Path, names: Path, authority: Path, home: Path) -> Failure:
    """Let exchangelib look for the account of an address, and say how that failed.

    Args:
        address: of the account.
        python: the one for which exchangelib is installed.
        names: the files that say how names are found (`own_files.write_names`).
        authority: the certificate (PEM) that it is to trust.
        home: an empty folder.

    Raises subprocess.TimeoutExpired where it does not end.
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
