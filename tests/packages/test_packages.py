"""What is in the packages for Debian and for RPM systems, without an installation."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from tools.packages.documents import DOCUMENTS
from tools.packages.tree import EXTRAS

from tests.docs.pages import links
from tests.packages.conftest import Packages
from tests.servers.requirements import program, require
from waypost import __version__
from waypost.cli.command_tree import command_tree
from waypost.cli.commands import ALL

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
UNITS = {
    path.name for path in (ROOT / "contrib").iterdir() if path.suffix in {".service", ".socket"}
}
LINTIAN_TAGS = Path("/usr/share/lintian/tags")
# The program of the tree, in the folder where a package has it.
RUN = """
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /opt
mkdir /opt/waypost
mount --bind {tree}/opt/waypost /opt/waypost
{command}
"""


def run(packages: Packages, command: str) -> str:
    """Run a command on this machine, with the environment of the tree in /opt."""
    require(programs=["unshare", "mount"], private_network=True, root=True)
    script = RUN.format(tree=packages.tree, command=command)
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-euc", script],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent"},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def test_program_runs_from_its_place(packages: Packages) -> None:
    """The program runs with the Python of Debian, and with the libraries of all extras."""
    code = "import joserfc.jwt, ldap, psycopg, psycopg2, pymysql, waypost; print(waypost.__file__)"
    said = run(packages, f"/opt/waypost/bin/waypost --version; /opt/waypost/bin/python -c '{code}'")
    version, module = said.splitlines()
    assert version == f"waypost {__version__}"
    assert re.fullmatch(r"/opt/waypost/lib/python3\.\d+/site-packages/waypost/__init__\.py", module)
    said = run(packages, "/opt/waypost/bin/waypost show autoconfig alice@example.com --demo")
    assert "<hostname>imap.example.com</hostname>" in said


def test_no_file_names_the_build(packages: Packages) -> None:
    """No file contains a path of the machine that built it."""
    needle = f"{packages.folder}".encode()
    found = [
        path
        for path in packages.tree.rglob("*")
        if path.is_file() and not path.is_symlink() and needle in path.read_bytes()
    ]
    assert found == []


def test_bill_of_materials_has_the_locked_versions(packages: Packages) -> None:
    """The bill of materials (CycloneDX) in the package has each locked library in its version."""
    sbom = packages.tree / "usr/share/doc/waypost/waypost.cdx.json"
    listed = json.loads(sbom.read_text(encoding="utf-8"))
    assert listed["bomFormat"] == "CycloneDX"
    for package in (packages.deb, packages.rpm):
        copied = package.with_name(f"{package.name}.cdx.json")
        assert copied.read_bytes() == sbom.read_bytes()
    found = {
        f"{re.sub('[-_.]+', '-', one['name'].lower())}=={one['version']}"
        for one in listed["components"]
    }
    locked = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    locked += "".join(
        (ROOT / f"requirements-{extra}.txt").read_text(encoding="utf-8") for extra in EXTRAS
    )
    pins = set(re.findall(r"^([a-z0-9._-]+==\S+) \\", locked, re.MULTILINE))
    assert {pin for pin in pins if not pin.startswith("setuptools==")} <= found


def test_manual_has_a_page_for_each_command(packages: Packages) -> None:
    """`man` finds no mistake in the page of any command, nor in that of the settings."""
    pages = packages.tree / "usr/share/man"
    names = {f"{'-'.join(['waypost', *node.path])}.1" for node in command_tree(ALL).walk()}
    assert {path.name for path in pages.rglob("*.*")} == {*names, "waypost.toml.5"}
    for page in pages.rglob("*.*"):
        command = [program("man"), "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", f"{page}"]
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
        assert done.stderr == ""


def error_tags() -> set[str]:
    """Return the tags of lintian that are errors; it makes half of its checks for the others."""
    command = [program("lintian-explain-tags"), "--list-tags"]
    known = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    texts = (path.read_text(encoding="utf-8") for path in LINTIAN_TAGS.rglob("*.tag"))
    errors = (text for text in texts if re.search(r"^Severity: *error$", text, re.MULTILINE))
    named = {name for text in errors for name in re.findall(r"^Tag: *(\S+)$", text, re.MULTILINE)}
    return named & set(known)


def test_lintian_finds_no_error(packages: Packages) -> None:
    """Lintian reports no error, apart from those that the package overrides with a reason."""
    tags = error_tags()
    assert len(tags) > 400
    assert {"dir-or-file-in-opt", "unstripped-binary-or-object"} <= tags  # overridden
    listed = packages.folder / "lintian-tags"
    listed.write_text("\n".join(sorted(tags)), encoding="utf-8")
    command = [program("lintian"), "--allow-root", "--fail-on", "error"]
    command += ["--tags-from-file", f"{listed}", f"{packages.deb}"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    assert done.returncode == 0, done.stdout


def test_rpmlint_finds_no_error(packages: Packages) -> None:
    """Rpmlint reports no error, apart from those that its settings name with a reason."""
    settings = ROOT / "packaging/rpm/rpmlint.toml"
    command = [program("rpmlint"), "--config", f"{settings}", f"{packages.rpm}"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    assert " 0 errors" in done.stdout, done.stdout


def deb_files(packages: Packages) -> dict[str, str]:
    """Return the mode and the owner of each path of the Debian package."""
    command = ["dpkg-deb", "--contents", f"{packages.deb}"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = (line.split(maxsplit=5) for line in listed.splitlines())
    return {row[5].removeprefix(".").rstrip("/"): f"{row[0]} {row[1]}" for row in rows}


def deb_control(packages: Packages, name: str) -> str:
    """Return a file of the control data of the Debian package."""
    command = ["dpkg-deb", "--info", f"{packages.deb}", name]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_debian_package(packages: Packages) -> None:
    """The package has the settings as its only conffile, all units, and belongs to root."""
    files = deb_files(packages)
    assert deb_control(packages, "conffiles") == "/etc/waypost/waypost.toml\n"
    assert {Path(name).name for name in files if "/systemd/system/" in name} == UNITS
    assert files["/usr/bin/waypost -> /opt/waypost/bin/waypost"].endswith("root/root")
    assert {row.split()[1] for row in files.values()} == {"root/root"}
    assert not [name for name, row in files.items() if row[8] == "w" and row[0] != "l"]
    documents = "/usr/share/doc/waypost"
    for name in ("copyright", "README.Debian", "changelog.Debian.gz", "waypost.cdx.json"):
        assert f"{documents}/{name}" in files
    assert f"{documents}/docs/guide.md" in files
    assert f"{documents}/examples/providers.toml" in files
    assert "/etc/waypost/providers.toml" not in files


def test_files_that_pages_name(packages: Packages) -> None:
    """Each file of contrib/ that a page names is in the package: a unit, or an example."""
    assert not missing_files(packages.tree)


def test_links_of_the_pages(packages: Packages) -> None:
    """Each link of an installed page has an installed file as its target."""
    pages = sorted((packages.tree / DOCUMENTS).rglob("*.md"))
    targets = {(page, target) for page in pages for target, _ in links(page) if target}
    assert len(targets) > 300
    absolute = {target for _, target in targets if target.startswith("/")}
    assert {Path(target).suffix for target in absolute} >= {".service", ".pot", ".toml"}
    assert [
        f"{page}: {target}"
        for page, target in sorted(targets)
        if not (
            packages.tree / target.lstrip("/") if target in absolute else page.parent / target
        ).exists()
    ] == []


def missing_files(tree: Path) -> set[str]:
    """Return the paths of contrib/ that the pages name, and that a tree does not have."""
    documents = tree / "usr/share/doc/waypost"
    texts = [page.read_text(encoding="utf-8") for page in sorted(documents.rglob("*.md"))]
    named = {name for text in texts for name in re.findall(r"\bcontrib/([\w./-]*[\w/])", text)}
    assert len(named) > 20
    places = (documents / "examples", tree / "usr/lib/systemd/system")
    return {name for name in named if not any((place / name).exists() for place in places)}


def test_debian_dependencies(packages: Packages) -> None:
    """The package depends on the Python and the LDAP library that it was built with."""
    depends = deb_control(packages, "control").partition("Depends: ")[2].partition("\n")[0]
    major, minor = packages.sources.python_version()
    assert f"python3 (>= {major}.{minor}~), python3 (<< {major}.{minor + 1}~)" in depends
    assert "libldap" in depends
    assert "sysusers" in depends


def test_copyright_names_each_library(packages: Packages) -> None:
    """debian/copyright has a paragraph with a license for each library, in the form of DEP-5."""
    command = f"dpkg-deb --fsys-tarfile {packages.deb} | tar -xO ./usr/share/doc/waypost/copyright"
    text = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], check=True, capture_output=True, text=True
    ).stdout
    named = set(re.findall(r"^Copyright: the authors of (\S+)", text, re.MULTILINE))
    assert {"lxml", "cryptography", "psycopg2-binary", "python-ldap", "SQLAlchemy"} <= named
    assert "License: unknown" not in text


def test_rpm_has_the_same_files(packages: Packages) -> None:
    """The RPM has the program, the units and the settings, which an upgrade does not replace."""
    ask = [program("rpm"), "--query", "--package", f"{packages.rpm}"]

    def asked(*options: str) -> str:
        return subprocess.run([*ask, *options], check=True, capture_output=True, text=True).stdout

    assert asked("--configfiles") == "/etc/waypost/waypost.toml\n"
    listed = set(asked("--list").splitlines())
    in_opt = {name.partition(" -> ")[0] for name in deb_files(packages) if "/opt/waypost/" in name}
    assert {name for name in in_opt if name.startswith("/opt/waypost/")} <= listed
    assert {f"/usr/lib/systemd/system/{unit}" for unit in UNITS} <= listed
    assert (
        "640"
        in asked("--queryformat", "[%{FILENAMES} %{FILEMODES:octal}\n]")
        .partition("/etc/waypost/waypost.toml")[2]
        .partition("\n")[0]
    )


def test_rpm_requirements(packages: Packages) -> None:
    """The RPM requires what the system has, and none of the libraries that are in the package."""
    command = [program("rpm"), "--query", "--package", "--requires", f"{packages.rpm}"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    libraries = re.compile(r"lib(c|ldap|lber)[-.\d]*\.so|rtld\(|rpmlib\(|config\(waypost\)")
    major, minor = packages.sources.python_version()
    assert {line for line in listed.splitlines() if not libraries.match(line)} == {
        "/bin/sh",
        f"/usr/bin/python{major}.{minor}",
        "/usr/sbin/groupadd",
        "/usr/sbin/useradd",
        "systemd",
    }


def test_packages_have_all_extras() -> None:
    """The libraries of all extras are in the packages, except those of traces."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS) == set(project["optional-dependencies"]) - {"dev", "tracing"}


def test_new_parts_are_in_the_tree(packages: Packages) -> None:
    """The translations, the migrations and the commands for app passwords are in the packages."""
    (package,) = packages.tree.glob("opt/waypost/lib/python3*/site-packages/waypost")
    for pattern in ("**/languages/*.po", "**/migrations/**/*.py"):
        source = ROOT / "src/waypost"
        own = {path.relative_to(source) for path in source.glob(pattern)}
        assert len(own) > 10
        assert own == {path.relative_to(package) for path in package.glob(pattern)}
    examples = packages.tree / "usr/share/doc/waypost/examples/app-passwords"
    for path in (ROOT / "contrib/app-passwords").iterdir():
        if path.is_file():
            assert (examples / path.name).stat().st_mode & 0o777 == path.stat().st_mode & 0o755


def test_upgrade_keeps_services_and_sockets(packages: Packages) -> None:
    """An upgrade stops no unit: it restarts the services that run, and leaves the sockets open."""
    folder = packages.folder / "control"
    subprocess.run(["dpkg-deb", "--control", f"{packages.deb}", f"{folder}"], check=True)
    scripts = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("p*")}
    assert " stop " not in scripts.get("preinst", "")
    for unit in UNITS - {"waypost.service"}:
        restarts = f"try-restart '{unit}'" in scripts["postinst"]
        assert restarts == unit.endswith(".service"), unit
        assert unit in scripts["prerm"]
