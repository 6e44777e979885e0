"""Copies what a container of Waypost needs at run time into an empty folder.

The `Containerfile` runs this module as a script in its build stage, on Debian, as root. The result
has Python, its standard library, the environment in /opt/waypost and the shared libraries that
these load. It has no shell and no package manager.
"""

import os
import py_compile
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

USER: Final = 65532
_CERTIFICATES: Final = "/etc/ssl/certs/ca-certificates.crt"
# Libraries that the C library or OpenSSL loads by name.
_LOADED_BY_NAME: Final = ("libgcc_s.so.1",)
# What only a developer or a terminal needs. Compiled modules are written again at the end.
_LEFT_OUT: Final = (
    *("__pycache__", "*.pyc", "*.pyi", "*.c", "*.h", "*.pxd", "*.pxi", "*.pyx", "*.a", "include"),
    *("config-3.*", "ensurepip", "idlelib", "pydoc_data", "test", "tests", "testing", "unittest"),
    *("tkinter", "turtledemo", "pip", "pip-*", "setuptools", "setuptools-*", "_distutils_hack"),
    *("distutils-precedence.pth", "isoschematron", "_test*.so", "_xxtest*.so", "xx*.so"),
    *("_dbm.*.so", "_curses*.so", "readline.*.so", "_pyrepl", "slapdtest"),
    *(
        "curses",
        "doctest.py",
        "pdb.py",
        "pickletools.py",
        "pstats.py",
        "pydoc.py",
        "turtle.py",
        "venv",
    ),
    # The same as _datetime, _decimal and _io, for a Python without these modules in C.
    *("_pydatetime.py", "_pydecimal.py", "_pyio.py"),
)
# Parts of libraries that Waypost does not import: 15 MB. Of cffi, the module in C is enough.
_UNUSED: Final = (
    "cffi",
    "lxml/html",
    "lxml/objectify.*.so",
    "pyasn1_modules/rfc[!2]*.py",
    "pyasn1_modules/rfc2[!26]*.py",
    "pycparser",
    "pycparser-*",
    "pygments/lexers/[!_]*.py",
    "pygments/lexers/_*_builtins.py",
    "sqlalchemy/dialects/mssql",
    "sqlalchemy/dialects/oracle",
)
_FILES: Final = {
    "etc/passwd": (
        "root:x:0:0:root:/:/sbin/nologin\n"
        f"waypost:x:{USER}:{USER}:Waypost:/var/lib/waypost:/sbin/nologin\n"
    ),
    "etc/group": f"root:x:0:\nwaypost:x:{USER}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
}
_MOUNT_POINTS: Final = ("dev", "etc/waypost", "proc", "run", "sys", "tmp")
_LINKS: Final = {
    "bin": "usr/bin",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "usr/lib/ssl/cert.pem": _CERTIFICATES,
    "usr/lib/ssl/certs": "/etc/ssl/certs",
    "usr/lib/ssl/openssl.cnf": "/etc/ssl/openssl.cnf",
}


def collect(environment: Path, target: Path) -> None:
    """Copy an environment and what it needs.

    Args:
        environment: a virtual environment of Debian's Python.
        target: receives the files, at their paths; it must not exist.

    Raises:
        OSError: a file could not be read or written.
        subprocess.CalledProcessError: `ldd` or `dpkg-query` failed.
    """
    # Debian has merged /lib into /usr/lib; these links come first, so that files go behind them.
    for name, content in _LINKS.items():
        link = target / name
        link.parent.mkdir(parents=True, exist_ok=True)
        (target / content.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(content)
    for name in ("usr/bin", "usr/lib", "usr/lib64"):
        (target / name).mkdir(parents=True, exist_ok=True)
    interpreter = (environment / "bin/python").resolve()
    library = Path(os.__file__).parent
    ignore = shutil.ignore_patterns(*_LEFT_OUT)
    for folder in (environment, library):
        shutil.copytree(folder, _inside(target, folder), symlinks=True, ignore=ignore)
    _remove_unused(_inside(target, environment))
    programs = [interpreter, *_libraries_below(target)]
    copied = {interpreter, Path("/usr/bin/python3"), Path(_CERTIFICATES), _openssl_settings()}
    copied |= {path for path in _loaded(programs) if not path.is_relative_to(target)}
    for path in sorted(copied):
        _copy(path, target)
    for name, text in _FILES.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in _MOUNT_POINTS:
        (target / name).mkdir(parents=True)
    (target / "tmp").chmod(0o1777)
    _record_packages([*copied, library / "os.py"], target)
    _compile(target, _inside(target, environment), _inside(target, library))


def _remove_unused(environment: Path) -> None:
    for pattern in _UNUSED:
        for path in sorted(environment.glob(f"lib/python3*/site-packages/{pattern}")):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _compile(target: Path, *folders: Path) -> None:
    """Compile all modules, and remove the sources of all but Waypost.

    The root is read-only, so that Python cannot compile them later. Tracebacks still have the
    files and the lines of all modules. Debug symbols are removed too; libraries below `*.libs` are
    left as they are, because their publisher has changed them in a way that strip(1) can break.
    """
    for folder in folders:
        for path in _libraries_below(folder):
            if not path.parent.name.endswith(".libs"):
                _run(["strip", "--strip-unneeded", str(path)])
        for path in sorted(folder.rglob("*.py")):
            # Files of the base of Debian may be links to settings that are not in the image.
            if path.is_symlink() and not path.exists():
                path.unlink()
                continue
            own = "site-packages/waypost" in f"{path}"
            shown = f"/{path.relative_to(target)}"
            py_compile.compile(
                f"{path}",
                cfile=None if own else f"{path}c",
                dfile=shown,
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
            if not own:
                path.unlink()


def _inside(target: Path, path: Path) -> Path:
    return target / path.relative_to("/")


def _openssl_settings() -> Path:
    return Path("/etc/ssl/openssl.cnf")


def _libraries_below(folder: Path) -> Iterator[Path]:
    """Yield the shared libraries below a folder."""
    for path in sorted(folder.rglob("*.so*")):
        if path.is_file() and not path.is_symlink():
            yield path


def _loaded(programs: Iterable[Path]) -> Iterator[Path]:
    """Yield the libraries that these programs load, as the loader names them."""
    names = loaded_libraries(_run(["ldd", *map(str, programs)]))
    yield from names
    libc = next(path for path in names if path.name == "libc.so.6")
    yield from (libc.with_name(name) for name in _LOADED_BY_NAME)


def loaded_libraries(output: str) -> set[Path]:
    """Return the paths of the libraries in the output of `ldd` for several programs.

    Raises:
        FileNotFoundError: a library is not installed.
    """
    found = set()
    for line in output.splitlines():
        name, arrow, rest = line.strip().partition(" => ")
        if rest == "not found":
            raise FileNotFoundError(f"ldd does not find the library {name}")
        word = (rest if arrow else name).split(" ")[0]
        if word.startswith("/") and not word.endswith(":"):
            found.add(Path(word))
    return found


def _copy(path: Path, target: Path) -> None:
    """Copy a file to the same place, and each link on the way to it."""
    while True:
        place = _inside(target, path.parent.resolve() / path.name)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_symlink():
            if not place.is_symlink():
                place.symlink_to(path.readlink())
            path = path.parent.resolve() / path.readlink()
            continue
        if not place.exists():
            shutil.copy2(path, place)
            place.chmod(stat.S_IMODE(place.stat().st_mode) & ~stat.S_ISUID & ~stat.S_ISGID)
        return


def _record_packages(files: Iterable[Path], target: Path) -> None:
    """Write which Debian packages the files are from, where scanners look, with their licences."""
    paths = {f"{path.resolve()}" for path in files}
    # A path is recorded with or without /usr: the package may be older than the merge.
    paths |= {path.removeprefix("/usr") for path in paths}
    done = subprocess.run(  # exits with 1, because not all paths are known
        ["dpkg-query", "--search", *sorted(paths)], capture_output=True, text=True, check=False
    )
    # "libc6:amd64: /usr/lib/...", and "diversion by ..." about files that a package has moved.
    lines = [line for line in done.stdout.splitlines() if not line.startswith("diversion ")]
    packages = {line.split(": ")[0].split(":")[0] for line in lines}
    records = target / "var/lib/dpkg/status.d"
    records.mkdir(parents=True)
    for package in sorted(packages):
        (records / package).write_text(_run(["dpkg-query", "--status", package]), encoding="utf-8")
        licence = Path("/usr/share/doc") / package / "copyright"
        if licence.exists():
            _inside(target, licence).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(licence, _inside(target, licence))


def _run(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    collect(Path(sys.argv[1]), Path(sys.argv[2]))
