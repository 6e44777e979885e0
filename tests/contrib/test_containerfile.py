"""The instructions of the `Containerfile`; `make container` builds the image and tries it."""

import json
import re
import tomllib

import waypost
from tests.contrib.files import ROOT, USER

TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8")
LINES = re.sub(r"\\\n\s*", "", re.sub(r"^\s*#.*\n", "", TEXT, flags=re.MULTILINE)).splitlines()
LAST_STAGE = LINES[LINES.index("FROM scratch") :]


def values(instruction: str) -> list[str]:
    """Return what an instruction of the last stage says, each time that it is used."""
    return [line.partition(" ")[2] for line in LAST_STAGE if line.startswith(f"{instruction} ")]


def test_the_image_is_small_and_unprivileged() -> None:
    """The image starts from nothing, runs as a user, and has its own volume and stop signal."""
    assert [line for line in LINES if line.startswith("FROM ")] == [
        "FROM ${BASE} AS build",
        "FROM scratch",
    ]
    assert values("USER") == [f"{USER}:{USER}"]
    assert values("VOLUME") == ["/var/lib/waypost"]
    assert values("STOPSIGNAL") == ["SIGTERM"]
    assert values("RUN") == []


def test_commands_need_no_shell() -> None:
    """The entry point and the health check are lists, and the health check asks `/healthz`."""
    assert json.loads(values("ENTRYPOINT")[0]) == ["/opt/waypost/bin/waypost"]
    assert json.loads(values("CMD")[0]) == ["serve"]
    check = json.loads(values("HEALTHCHECK")[0].partition("CMD ")[2])
    assert check[0] == "/opt/waypost/bin/python"
    assert "/healthz" in check[-1]
    compile(check[-1], "health check", "exec")


def test_libraries_are_locked() -> None:
    """Each pip installs with hashes, or from the source without an index."""
    for part in re.findall(r"pip install [^&]*", "\n".join(LINES)):
        assert "--require-hashes" in part or "--no-index" in part, part
    assert not re.search(r"index-url|find-links|https://", "\n".join(LINES))


def test_each_driver_is_in_the_image() -> None:
    """The image has the libraries of each extra for directories and databases."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = set(project["optional-dependencies"]) - {"dev", "tracing"}
    assert extras == set(re.findall(r"-r requirements-(\w+)\.txt", TEXT))


def test_version_is_that_of_waypost() -> None:
    """The label has the version of Waypost, and the licence of its distribution."""
    assert f"ARG VERSION={waypost.__version__}" in LAST_STAGE
    labels = dict(re.findall(r'org\.opencontainers\.image\.(\w+)="([^"]+)"', TEXT))
    assert labels["version"] == "${VERSION}"
    assert labels["licenses"] == "Apache-2.0"
    assert {"title", "description", "revision"} < set(labels)


def test_all_that_is_copied_may_be_copied() -> None:
    """The ignore file allows each file that the first stage copies, and nothing else."""
    ignore = (ROOT / ".containerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignore if line.startswith("!")}
    copied = {
        name
        for line in LINES
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)
