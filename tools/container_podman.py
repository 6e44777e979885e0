"""Tries the commands of docs/containers.md with Podman: the second part of `make container`.

Podman reads the image from the storage that `tools.container` has built it in. Containers and
volumes are in `build/container/podman/`, and use the network of this machine, on loopback and with
a free port: a bridge may need more than this machine allows.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

from tools.container import FOLDER, ROOT, ContainerError, expect, free_port, prepare, say, wait_for

PAGE: Final = ROOT / "docs" / "containers.md"
_OWN: Final = FOLDER / "podman"
# Podman's own limits may be above those of this process, which it cannot raise in a container.
_CONTAINERS: Final = """\
[containers]
netns = "host"
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
_STORAGE: Final = """\
[storage]
driver = "overlay"
graphroot = {root}
runroot = {run}
[storage.options]
additionalimagestores = [{images}]
"""
_SETTINGS: Final = (
    'providers = "/etc/waypost/providers.toml"\nproxy_count = 1\nadmin_port = 0\nmonitor_port = 0\n'
)
# The monitor finds no such name, and no server that it could connect to.
_PROVIDERS: Final = """\
[[provider]]
name = "Example"
domains = ["example.invalid"]
services = [{ type = "imap", host = "a.invalid" }, { type = "smtp", host = "a.invalid" }]
"""
_MOUNT: Final = "--volume /etc/waypost:"
_COMMAND: Final = re.compile(r"^# (podman (?:[^\n]*\\\n)*[^\n]*)$", re.MULTILINE)
_PATIENCE_SECONDS: Final = 60
_ASKED: Final = "/mail/config-v1.1.xml?emailaddress=alice@example.invalid"


def page_command(*words: str) -> str:
    """Return the only command of the page that contains these words, in this order.

    Raises:
        ContainerError: the page has none, or several.
    """
    pattern = re.compile(".*".join(map(re.escape, words)) + "$", re.DOTALL)
    found: list[str] = [
        command for command in _COMMAND.findall(PAGE.read_text("utf-8")) if pattern.search(command)
    ]
    if len(found) != 1:
        raise ContainerError(f"{PAGE.name} has {len(found)} commands with {' ... '.join(words)}")
    return found[0]


def podman(command: str) -> str:
    """Run a command of Podman, and return what it prints, without its errors.

    Raises:
        ContainerError: it failed; the message has the end of its errors.
    """
    done = subprocess.run(
        ["bash", "-euc", command],
        env={
            **os.environ,
            "CONTAINERS_CONF": f"{_OWN / 'containers.conf'}",
            "CONTAINERS_STORAGE_CONF": f"{_OWN / 'storage.conf'}",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=2 * _PATIENCE_SECONDS,
    )
    if done.returncode:
        end = "\n".join(done.stderr.splitlines()[-20:])
        raise ContainerError(f"{command}: exit code {done.returncode}\n{end}")
    return done.stdout


def try_commands(port: int) -> None:
    """Run the commands of the page, in a useful order, and check what they do.

    Raises:
        ContainerError: something is wrong.
    """
    own = f"podman run --env WAYPOST_HOST=127.0.0.1 --env WAYPOST_PORT={port} "

    def run(*words: str) -> str:
        command = page_command(*words)
        changed = command.replace("podman run ", own).replace(_MOUNT, f"--volume {FOLDER / 'etc'}:")
        printed = podman(changed)
        say(" ".join(command.replace("\\\n", " ").split()))
        return printed

    run("run", "db upgrade")
    run("run", "--name waypost ", "waypost:0.1.0")
    wait_for(
        f"http://127.0.0.1:{port}{_ASKED}",
        lambda: True,
        lambda: podman("podman logs waypost 2>&1"),
    )
    say("answers Autoconfig")
    listed = run("exec", "waypost domain list")
    expect("example.invalid" in listed, "lists the domains")
    podman("podman healthcheck run waypost")
    say("the health check of the image succeeds")
    run("run", "--name waypost-monitor ", "monitor")
    wait_for_log("waypost-monitor", '"event": "monitor started"')
    for name in ("waypost", "waypost-monitor"):
        started = time.monotonic()
        podman(f"podman stop {name}")
        seconds = time.monotonic() - started
        code = podman(f"podman inspect --format '{{{{.State.ExitCode}}}}' {name}").strip()
        expect(code == "0", f"{name}: ended {seconds:.2f} s after `podman stop`, code {code}")


def wait_for_log(name: str, text: str) -> None:
    """Wait until the log of a container has a text.

    Raises:
        ContainerError: it has not, in time.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    log = ""
    while time.monotonic() < end:
        log = podman(f"podman logs {name} 2>&1")
        if text in log:
            return
        time.sleep(0.2)
    raise ContainerError(f"{name}: no {text} in its log\n{log[-2000:]}")


def start_over() -> None:
    """Remove the containers of an earlier run, and write the configuration of Podman."""
    if _OWN.exists():
        podman("podman rm --all --force --time 0 >/dev/null")
        shutil.rmtree(_OWN)
    _OWN.mkdir()
    (_OWN / "containers.conf").write_text(_CONTAINERS, encoding="utf-8")
    storage = {"root": _OWN / "root", "run": _OWN / "run", "images": FOLDER / "storage"}
    quoted = {name: json.dumps(f"{path}") for name, path in storage.items()}
    (_OWN / "storage.conf").write_text(_STORAGE.format(**quoted), encoding="utf-8")


def main(programs: Sequence[str] = ("conmon", "podman", "runc")) -> int:
    """Try the commands; return the exit code."""
    missing = [name for name in programs if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        print(f"make container needs root and these programs: {missing}", file=sys.stderr)
        return 2
    start_over()
    prepare(_SETTINGS)
    (FOLDER / "etc" / "providers.toml").write_text(_PROVIDERS, encoding="utf-8")
    try:
        try_commands(free_port())
    except ContainerError as error:
        print(f"container: {error}", file=sys.stderr)
        return 1
    finally:
        podman("podman rm --all --force --time 0 >/dev/null")
    return 0


if __name__ == "__main__":
    sys.exit(main())
