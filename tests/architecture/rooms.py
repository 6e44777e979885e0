"""Prints modules that no test in the mirrored folder runs: `python -m tests.architecture.rooms`.

It reads what `make coverage` has measured. The tests of `src/waypost/formats/` are those in
`tests/formats/`; those of `src/waypost/asgi.py` are the files directly in `tests/`, and those of
`src/waypost/api.py` also the files in `tests/api/`.
Exit code 1 if there is such a module, or if an exception is not needed.
"""

import ast
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from coverage import CoverageData

from tests.architecture.source import PACKAGE, Module, modules

_COMMAND = "the tests of its command run it"
_LOADED = "its functions run while it is loaded"
_PROCESS = "it runs in another process"
_SERVERS = "its own tests need servers, and `make coverage` runs none"
EXCEPTIONS: Final = {
    # module, why no test in its folder runs it
    **dict.fromkeys(
        (
            "diagnostics/doctor/runner.py",
            "diagnostics/doctor/host_names.py",
            "diagnostics/doctor/public_database.py",
            "diagnostics/doctor/unanswered_lookups.py",
            "diagnostics/profile_file.py",
            "settings/database_source.py",
            "store/sql/copy.py",
        ),
        _COMMAND,
    ),
    "providers_file/models/file.py": _LOADED,
    **dict.fromkeys(
        (
            "web/admin/server.py",
            "web/admin/process.py",
            "web/public/server.py",
            "web/public/workers/worker.py",
            "web/public/workers/worker_process.py",
            "web/public/workers/supervisor.py",
        ),
        _PROCESS,
    ),
    **dict.fromkeys(
        (
            "directory/ldap/certificates.py",
            "directory/ldap/client.py",
            "directory/ldap/connect.py",
            "directory/ldap/options.py",
            "directory/ldap/pool.py",
            "directory/ldap/probe.py",
            "directory/ldap/session.py",
            "directory/ldap/tls_bridge.py",
            "directory/sql/watchdog.py",
            "directory/sql/probe.py",
            "formats/mobileconfig/signing.py",
            "store/sql/row_warnings.py",
            "store/sql/unusable_domains.py",
        ),
        _SERVERS,
    ),
    "store/initdb.py": "the tests of /initdb/ run it",
    "store/deferred.py": "the tests of /initdb/ run it",
}


def main() -> int:
    """Print each module that is not tested in its own folder, and each exception too many."""
    data = CoverageData()
    data.read()
    lines = findings(
        {name: tests_of(data, path) for name, path in functional().items()}, EXCEPTIONS
    )
    sys.stdout.writelines(f"{line}\n" for line in lines)
    return 1 if lines else 0


def functional() -> dict[str, Path]:
    """Return the modules with functions that do something, by their path in the package."""
    return {
        one.path.relative_to(PACKAGE).as_posix(): one.path for one in modules() if body_lines(one)
    }


def body_lines(module: Module) -> set[int]:
    """Return the lines in the bodies of functions.

    Other lines run only while a module is loaded, and the functions of a protocol never run.
    """
    return {
        statement.lineno
        for function in module.functions()
        for statement in function.body
        if not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))
    }


def tests_of(data: CoverageData, path: Path) -> set[str]:
    """Return the files of the tests that run functions of a module.

    tests/conftest.py adds the test to each line that it runs.
    """
    (module,) = (one for one in modules() if one.path == path)
    by_line = data.contexts_by_lineno(f"{path}")
    return {one for line in body_lines(module) for one in by_line.get(line, ()) if one}


def findings(tests: Mapping[str, Iterable[str]], exceptions: Mapping[str, str]) -> list[str]:
    """Return a line for each module without a test in its folder, and each needless exception.

    Args:
        tests: the files of the tests that run each module.
        exceptions: the modules that may have none, with the reason.
    """
    without = {name for name, files in tests.items() if not any(is_near(name, f) for f in files)}
    return [
        *(
            f"{name}: no test in {folder_of(name)}/ runs it"
            for name in sorted(without - {*exceptions})
        ),
        *(
            f"{name}: needs no exception"
            for name, reason in exceptions.items()
            # The test that loads a module first is another one each time.
            if name not in without and reason != _LOADED
        ),
    ]


def is_near(module: str, test: str) -> bool:
    """Return whether a test is in the folder of the tests of a module."""
    folder = folder_of(module)
    if folder == "tests":
        own = (folder, f"{folder}/{PurePosixPath(module).stem}")
        return PurePosixPath(test).parent.as_posix() in own
    return test.startswith(f"{folder}/")


def folder_of(module: str) -> str:
    """Return the folder of the tests of a module."""
    first, *rest = PurePosixPath(module).parts
    return f"tests/{first}" if rest else "tests"


if __name__ == "__main__":
    sys.exit(main())
