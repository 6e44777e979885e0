"""Fuzzes the parsers and prints a table: `python -m tests.fuzz [TARGET ...] [--seconds N]`.

Exit codes: 0 nothing was found, 1 there are findings or a target has no result, 2 wrong use.
"""

import argparse
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.fuzz.target import CORPUS, check
from tests.fuzz.targets import targets

ROOT: Final = Path(__file__).parents[2]
FOLDER: Final = ROOT / "build" / "fuzz"
SECONDS: Final = 600
_FINDINGS: Final = "findings.jsonl"
_START_SECONDS: Final = 300
"""How long a target may need in addition: to load, and to run its corpus."""
_COVERED: Final = re.compile(r"\b(INITED|DONE)\s+cov: (\d+)")
_EXECUTIONS: Final = re.compile(r"number_of_executed_units: (\d+)")
# Files that libFuzzer writes before it ends the process.
_ARTIFACTS: Final = ("crash-", "timeout-", "oom-", "leak-")


@dataclass(frozen=True, slots=True)
class Result:
    """What a run of one target did.

    Attributes:
        executions: how many inputs were tried.
        covered: how many branches the corpus and the kept inputs reach.
        new: how many more branches this run has reached.
        findings: each with its file, its cause and its text.
    """

    name: str
    executions: int
    covered: int
    new: int
    findings: tuple[dict[str, str], ...]


def fuzz(name: str, seconds: int, folder: Path) -> Result:
    """Fuzz a target in its own process.

    Args:
        name: of the target.
        seconds: how long.
        folder: for findings, and for the inputs that reach new code; later runs begin with them.

    Raises:
        RuntimeError: the process ended without a result; the message has the end of its output.
    """
    own = folder / name
    own.mkdir(parents=True, exist_ok=True)
    for path in own.iterdir():
        if path.is_file():
            path.unlink()
    command = [sys.executable, "-m", "tests.fuzz.engine", name, f"{seconds}", f"{own}"]
    # To a file: what was written is also there if the process does not end.
    log = own / "log"
    with log.open("wb") as output:
        try:
            code = subprocess.run(
                command,
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=output,
                timeout=seconds + _START_SECONDS,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code = 1
    return result(name, own, log.read_text(encoding="utf-8", errors="replace"), code)


def result(name: str, folder: Path, output: str, code: int) -> Result:
    """Return the result of a run from what it has written.

    Args:
        name: of the target.
        folder: with the findings.
        output: of libFuzzer.
        code: the exit code of the process.

    Raises:
        RuntimeError: as `fuzz`.
    """
    findings = _findings(folder, output)
    covered = dict(_COVERED.findall(output))
    executions = _EXECUTIONS.search(output)
    if not findings and (code or executions is None):
        raise RuntimeError(f"{name}: no result, exit code {code}: {output[-2000:]}")
    begin = int(covered.get("INITED", 0))
    return Result(
        name,
        0 if executions is None else int(executions[1]),
        begin,
        int(covered.get("DONE", begin)) - begin,
        findings,
    )


def _findings(folder: Path, output: str) -> tuple[dict[str, str], ...]:
    """Return the findings of a run, and the inputs with which libFuzzer ended the process."""
    listed = folder / _FINDINGS
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    found = [json.loads(line) | {"folder": f"{folder}"} for line in lines]
    for path in sorted(folder.iterdir()):
        if path.name.startswith(_ARTIFACTS):
            key = f"{path.name.partition('-')[0]} of the process"
            found.append({"file": path.name, "folder": f"{folder}", "key": key, "text": output})
    return tuple(found)


def _row(one: Result) -> str:
    return (
        f"| {one.name} | {one.executions:,} | {one.covered:,} | {one.new:,} | {len(one.findings)} |"
    )


def print_findings(results: Sequence[Result]) -> None:
    """Print each finding with its file, its end, and how to make it a case."""
    for one in results:
        for finding in one.findings:
            path = f"{finding['folder']}/{finding['file']}"
            print(f"\n{one.name}: {finding['key']}\n  file: {path}")
            print("".join(f"  {line}\n" for line in finding["text"].splitlines()[-6:]), end="")
            print(f"  run it again: python -m tests.fuzz {one.name} --input {path}")
            place = (CORPUS / one.name).relative_to(ROOT)
            print(
                f"  make it a case: cp {path} {place}/NAME, add its line to the table of bad input "
                "in the test of the parser, and fix the parser"
            )


def _run_again(name: str, path: Path) -> int:
    """Run a target with one input, and print what is found."""
    finding = check(targets()[name], path.read_bytes())
    print("no finding" if finding is None else f"{finding.key}\n{finding.text}")
    return 0 if finding is None else 1


def main(arguments: Sequence[str]) -> int:
    """Run the command."""
    known = targets()
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description="Fuzz the parsers, and print a table.",
        epilog="Example: python -m tests.fuzz address query --seconds 60",
    )
    parser.add_argument(
        "target", nargs="*", metavar="TARGET", help=f"all if none is given: {', '.join(known)}"
    )
    parser.add_argument("--seconds", type=int, default=SECONDS, help=f"for each; {SECONDS}")
    parser.add_argument("--jobs", type=int, default=1, help="targets at the same time; 1")
    parser.add_argument("--input", type=Path, help="run one target with this file only")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for findings; build/fuzz")
    options = parser.parse_args(arguments)
    if unknown := set(options.target) - known.keys():
        parser.error(f"unknown target {', '.join(sorted(unknown))}; known: {', '.join(known)}")
    if min(options.seconds, options.jobs) < 1:
        parser.error("--seconds and --jobs must be at least 1")
    if options.input is not None:
        if len(options.target) != 1:
            parser.error("--input needs one target")
        return _run_again(options.target[0], options.input)
    if importlib.util.find_spec("atheris") is None:
        parser.error("atheris is not installed: `make fuzz` installs it")
    names = options.target or [*known]
    print("| target | executions | branches | new branches | findings |")
    print("|---|---:|---:|---:|---:|", flush=True)
    results, without_result = [], []
    with ThreadPoolExecutor(options.jobs) as pool:
        runs = {name: pool.submit(fuzz, name, options.seconds, options.folder) for name in names}
        for name, run in runs.items():
            try:
                one = run.result()
            except RuntimeError as error:
                without_result.append(f"{error}")
                print(f"| {name} | no result | | | |", flush=True)
                continue
            results.append(one)
            print(_row(one), flush=True)
    print_findings(results)
    for text in without_result:
        print(f"\n{text}", file=sys.stderr)
    return 1 if without_result or any(one.findings for one in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
