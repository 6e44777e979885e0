"""Record the answers of automx 1 again; check the differences before you keep them.

automx is not on the package index. Its repository at the tag v1.1.1 runs in a virtual environment
with future, lxml and python-dateutil:

    python -m tests.importers.automx1 PYTHON_OF_THAT_ENVIRONMENT FOLDER_WITH_AUTOMX_WSGI
"""

import base64
import json
import subprocess
import sys
from pathlib import Path

from tests.importers.automx1.answers import facts
from tests.importers.automx1.cases import CASES, asked
from waypost.core.address import EmailAddress

ASK = Path(__file__).with_name("ask_automx.py")


def main() -> None:
    """Ask automx with each settings file, and write the answers next to the file."""
    python, folder = sys.argv[1:]
    for path in CASES:
        addresses = asked(path)
        command = [python, str(ASK), folder, str(path), *addresses]
        said = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        found = {}
        for address in addresses:
            raw = {
                form: (status, base64.b64decode(body))
                for form, (status, body) in said[address].items()
            }
            found[address] = facts(raw, EmailAddress.parse(address))
        path.with_suffix(".json").write_text(f"{json.dumps(found, indent=1)}\n", "utf-8")


if __name__ == "__main__":
    main()
