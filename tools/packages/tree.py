"""Builds what is in the packages for Debian and for RPM systems: one tree of files.

The tree has a virtual environment in `/opt/waypost` with the locked libraries, and what
`packaging/` and `contrib/` contain. Two builds of a commit give the same bytes.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.dist import DistError, run, write_sbom
from tools.packages import manual
from tools.packages.documents import DOCUMENTS, UNIT_SUFFIXES, copy_documents
from tools.packages.sources import PYTHON, Sources, unpacked_sources

ENVIRONMENT: Final = Path("opt/waypost")
EXTRAS: Final = ("postgresql", "mysql", "ldap", "oidc")
_SBOM: Final = DOCUMENTS / "waypost.cdx.json"
# What uv writes for shells and for Windows, and the commands of libraries.
_KEPT_PROGRAMS: Final = ("python", "waypost")


def sources_and_tree(root: Path, folder: Path, python: Path = PYTHON) -> tuple[Sources, Path]:
    """Return the sources of the last commit, and the tree that was built from them.

    Args:
        root: a checkout.
        folder: an empty folder, which receives both.
        python: the interpreter that the packages depend on.

    Raises:
        DistError: a program is missing or failed.
    """
    sources = unpacked_sources(root, folder, python)
    tree = folder / "tree"
    build_tree(sources, tree)
    return sources, tree


def build_tree(sources: Sources, tree: Path) -> None:
    """Build the tree.

    Args:
        sources: the unpacked source archive, and the wheel that was built from it.
        tree: the folder to create; it is the root of the machine where the package is installed.

    Raises:
        DistError: a program failed, or a library could not be installed.
    """
    source = sources.folder
    environment = tree / ENVIRONMENT
    environment.parent.mkdir(parents=True)
    _install_libraries(sources, environment)
    (tree / DOCUMENTS).mkdir(parents=True)
    write_sbom(environment, source / "pyproject.toml", tree / _SBOM, validate=False)
    _compile(sources, tree)
    copy_documents(source, tree)
    _copy_machine_files(source, tree)
    manual.write(tree / "usr/share")
    programs = tree / "usr/bin"
    programs.mkdir()
    (programs / "waypost").symlink_to(f"/{ENVIRONMENT}/bin/waypost")
    for path in [tree, *tree.rglob("*")]:
        _normalize(path, sources.epoch)


def copy_sbom(tree: Path, package: Path) -> None:
    """Copy the bill of materials of a tree next to its package."""
    shutil.copy(tree / _SBOM, package.with_name(f"{package.name}.cdx.json"))


def licenses(tree: Path) -> Iterator[tuple[str, str, str]]:
    """Yield the folder, the name with the version, and the license of each installed library.

    The license is the expression or the text that the metadata of the library has.
    """
    code = """
import importlib.metadata as m
for one in sorted(m.distributions(), key=lambda one: one.name.lower()):
    meta = one.metadata
    stated = [c.rpartition(' :: ')[2] for c in meta.get_all('Classifier', []) if 'License ::' in c]
    words = meta.get('License-Expression') or ', '.join(stated) or meta.get('License') or '?'
    print(one._path.name, one.name, one.version, ' '.join(words.splitlines()[0].split()), sep='\\t')
"""
    python = tree / ENVIRONMENT / "bin/python"
    for line in run([python, "-I", "-c", code], tree).splitlines():
        folder, name, version, stated = line.split("\t")
        yield folder, f"{name} {version}", stated


def _install_libraries(sources: Sources, environment: Path) -> None:
    source, wheel = sources.folder, sources.wheel
    uv: list[str | Path] = [Path(sys.executable).parent / "uv", "--no-config", "--quiet"]
    run([*uv, "venv", "--relocatable", "--python", sources.python, environment], source)
    pip = [*uv, "pip", "install", "--python", environment / "bin/python", "--link-mode", "copy"]
    run([*pip, "--require-hashes", "--requirement", source / "requirements.txt"], source)
    # The LDAP library has no wheels. Its C files are compiled with the locked setuptools.
    locks = [part for one in EXTRAS for part in ("-r", source / f"requirements-{one}.txt")]
    run([*pip, "--require-hashes", "--no-build-isolation", *locks], source, CFLAGS="-O2 -g0")
    # By its name: the environment then contains no path of the file.
    by_name = ["--no-deps", "--no-index", "--no-cache", f"waypost=={wheel.name.split('-')[1]}"]
    run([*pip, "--find-links", wheel.parent, *by_name], source)
    run([*uv, "pip", "uninstall", "--python", environment / "bin/python", "setuptools"], source)
    run([*uv, "pip", "check", "--python", environment / "bin/python"], source)
    for program in (environment / "bin").iterdir():
        if not program.name.startswith(_KEPT_PROGRAMS):
            program.unlink()
    script = environment / "bin/waypost"
    # uv writes some lines of shell in front, which find the interpreter in any folder.
    text = script.read_text(encoding="utf-8").partition("import sys\n")
    script.write_text(f"#!/{ENVIRONMENT}/bin/python\n" + "".join(text[1:]), encoding="utf-8")
    shutil.rmtree(environment / "share")  # pages about the commands of libraries
    _remove_cache_notes(environment)
    for unused in (".gitignore", ".lock", "CACHEDIR.TAG"):
        (environment / unused).unlink(missing_ok=True)
    if found := [f"{path}" for path in environment.rglob("direct_url.json")]:
        raise DistError(f"these files contain a path of this machine: {', '.join(found)}")


def _remove_cache_notes(environment: Path) -> None:
    """Remove the file in which uv notes the time of a local wheel, and its line in RECORD."""
    for note in environment.rglob("uv_cache.json"):
        note.unlink()
        record = note.with_name("RECORD")
        lines = record.read_text(encoding="utf-8").splitlines(keepends=True)
        kept = [line for line in lines if f"/{note.name}," not in line]
        record.write_text("".join(kept), encoding="utf-8")


def _compile(sources: Sources, tree: Path) -> None:
    """Compile all modules: the user of the service cannot, and would compile at each start.

    The compiled files contain a hash of their source, and not its time. `unchecked`: the package
    manager replaces both together.
    """
    command: list[str | Path] = [sources.python, "-m", "compileall", "-q", "-s", tree, "-p", "/"]
    command += ["--invalidation-mode", "unchecked-hash", tree / ENVIRONMENT / "lib"]
    run(command, tree, PYTHONHASHSEED="0")


def _copy_machine_files(source: Path, tree: Path) -> None:
    packaging = source / "packaging"
    copies = {packaging / "waypost.toml": "etc/waypost/waypost.toml"}
    copies[packaging / "sysusers.conf"] = "usr/lib/sysusers.d/waypost.conf"
    copies[packaging / "tmpfiles.conf"] = "usr/lib/tmpfiles.d/waypost.conf"
    for unit in sorted((source / "contrib").iterdir()):
        if unit.suffix in UNIT_SUFFIXES:
            copies[unit] = f"usr/lib/systemd/system/{unit.name}"
    for file, name in copies.items():
        target = tree / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)


def _normalize(path: Path, epoch: int) -> None:
    """Set the mode and the time, which otherwise depend on the umask and the clock."""
    if not path.is_symlink():
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)
    os.utime(path, (epoch, epoch), follow_symlinks=False)
