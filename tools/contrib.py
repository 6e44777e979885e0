"""Checks the files of `contrib/` and the `Containerfile` with the programs of their field.

`make contrib` runs this module. The programs are in a separate environment, because they are
large and Waypost's tests need none of them: `contrib/requirements.txt` locks them.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

ROOT: Final = Path(__file__).parents[1]
CONTRIB: Final = ROOT / "contrib"
_DEMO: Final = ROOT / "src" / "waypost" / "demo" / "providers.toml"


class ContribError(Exception):
    """A program reports a mistake, or is not installed."""


def check(programs: Path) -> None:
    """Check everything.

    Args:
        programs: the folder with the programs of contrib/requirements.txt.

    Raises:
        ContribError: a check failed.
    """
    own = os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    run([programs / "hadolint", "--failure-threshold", "style", "Containerfile"], ROOT, own)
    schema = [programs / "check-jsonschema", "--builtin-schema", "vendor.compose-spec"]
    composed = sorted(CONTRIB.glob("compose/*/compose.yaml"))
    run([*schema, *composed], ROOT, own)
    if shutil.which("podman") is None:
        raise ContribError("install podman: podman-compose asks for its version")
    for file in composed:
        run([programs / "podman-compose", "--file", file, "config", "--quiet"], ROOT, own)
    with TemporaryDirectory() as folder:
        temporary = Path(folder)
        rendered = temporary / "rendered.yaml"
        rendered.write_text(run([*kustomize(), CONTRIB / "kubernetes"], ROOT, own))
        output = run([programs / "kubernetes-validate", "--strict", rendered], ROOT, own)
        unchecked = [line for line in output.splitlines() if line.startswith("WARN")]
        # The schema of a ServiceMonitor is a part of the Prometheus operator, not of Kubernetes.
        if any("kind ServiceMonitor" not in line for line in unchecked):
            raise ContribError("\n".join(unchecked))
        lint = [programs / "ansible-lint", "--offline", "--profile", "production"]
        run([*lint, "site.yml", "roles"], CONTRIB / "ansible", own)
        package = temporary / "waypost.deb"
        package.write_bytes(b"")  # --check does not copy it
        playbook = [programs / "ansible-playbook", "--check", "--inventory", "localhost,"]
        own |= {"ANSIBLE_LOCAL_TEMP": f"{temporary / 'ansible'}"}
        values = {
            "ansible_python_interpreter": Path("/usr/bin/python3"),
            "waypost_package": package,
            "waypost_providers": _DEMO,
        }
        extra = [f"--extra-vars={name}={value}" for name, value in values.items()]
        run([*playbook, "--connection", "local", "site.yml", *extra], CONTRIB / "ansible", own)


def kustomize() -> list[str]:
    """Return the command that renders a folder.

    Raises:
        ContribError: neither kustomize nor kubectl is installed.
    """
    if shutil.which("kustomize"):
        return ["kustomize", "build"]
    if shutil.which("kubectl"):
        return ["kubectl", "kustomize"]
    raise ContribError("install kustomize 5 or newer, or kubectl 1.27 or newer")


def run(command: Sequence[object], folder: Path, environment: dict[str, str]) -> str:
    """Run a program, print its name, and return its output.

    Raises:
        ContribError: the program failed; the message is its output.
    """
    done = subprocess.run(
        [f"{part}" for part in command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ContribError(
            f"{command[0]} exited with {done.returncode}:\n{done.stdout}{done.stderr}"
        )
    print(f"contrib: {Path(f'{command[0]}').name} reports no mistake", flush=True)
    return done.stdout


def main() -> int:
    """Run the checks with the programs of the folder in the argument; return the exit code."""
    try:
        check(Path(sys.argv[1]).absolute())
    except ContribError as error:
        print(f"contrib: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
