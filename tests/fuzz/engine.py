"""Fuzzes one target with atheris: `python -m tests.fuzz.engine TARGET SECONDS FOLDER`.

It runs in its own process, because libFuzzer ends the process. Findings are written to the folder,
each to a file, and listed in `findings.jsonl`. `tests/fuzz/__main__.py` starts it.
"""

import json
import sys
import warnings
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

import atheris

# The code whose branches count: Waypost's own, and the parsers in Python that it calls.
with atheris.instrument_imports(
    include=["waypost", "plistlib", "configparser", "tomllib", "idna", "dns"]
):
    from tests.fuzz.target import Finding, Target, check, warm_up
    from tests.fuzz.targets import targets

FINDINGS: Final = "findings.jsonl"
_HANG_SECONDS: Final = 60
_RSS_MAX_MIB: Final = 2048


class Recorder:
    """Checks inputs, and writes the first one of each cause to a file."""

    def __init__(self, target: Target, folder: Path) -> None:
        self._target = target
        self._folder = folder
        self._keys: set[str] = set()

    def check(self, data: bytes) -> None:
        """Run the target with an input."""
        finding = check(self._target, data)
        if finding is not None and finding.key not in self._keys:
            self._keys.add(finding.key)
            self._write(finding)

    def _write(self, finding: Finding) -> None:
        path = self._folder / f"{self._target.name}-{sha256(finding.data).hexdigest()[:12]}"
        path.write_bytes(finding.data)
        line = {"file": path.name, "key": finding.key, "text": finding.text}
        with (self._folder / FINDINGS).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps(line)}\n")


def dictionary(words: Iterable[bytes]) -> str:
    """Return the words in the syntax of libFuzzer's option `-dict`."""
    return "".join('"{}"\n'.format("".join(f"\\x{byte:02x}" for byte in word)) for word in words)


def main(name: str, seconds: int, folder: Path) -> None:
    """Fuzz for some seconds; this does not return."""
    target = targets()[name]
    kept = folder / "corpus"
    kept.mkdir(parents=True, exist_ok=True)
    words = folder / "words"
    words.write_text(dictionary(target.words), encoding="ascii")
    warnings.simplefilter("error")
    warm_up(target)
    options = {
        "max_total_time": seconds,
        "max_len": target.max_bytes,
        "timeout": _HANG_SECONDS,
        "rss_limit_mb": _RSS_MAX_MIB,
        "dict": words,
        "artifact_prefix": f"{folder}/",
        "print_final_stats": 1,
    }
    flags = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup(
        [sys.argv[0], *flags, f"{kept}", f"{target.corpus}"], Recorder(target, folder).check
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
