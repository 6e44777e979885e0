"""A real `waypost serve` with little memory and few files, and its state."""

import http.client
import os
import resource
import shlex
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import tied_to_this_process
from tests.servers.process_tree import children, descendants, lives
from tests.servers.requirements import program
from tests.servers.waypost import SOURCE, free_port
from tests.torture.companion import Companion
from tests.torture.outputs import CLOSED
from tests.torture.waiting import seconds_until

MEGABYTE: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Volume:
    """A small file system that only a server sees.

    Attributes:
        place: the folder where it is mounted.
        kilobytes: its size.
        content: the folder with the files to copy to it.
    """

    place: Path
    kilobytes: int
    content: Path


class Server:
    """`waypost serve`, from its start to its end, in its own process group.

    Attributes:
        folder: its home and working folder.
        log: the file with what it wrote to its standard error.
        temporary: its folder for temporary files (TMPDIR).
        port: the port of the public listener on 127.0.0.1.
        admin_port: the port of its admin listener.
        metrics_port: the port of its metrics.
        workers: how many workers it was started with.
        companion: what runs next to it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        workers: int,
        options: tuple[str, ...] = ("--demo",),
        memory: int | None = None,
        descriptors: int = 256,
        environment: Mapping[str, str] | None = None,
        stderr: int | None = None,
        disk: int | None = None,
        companion: Companion | None = None,
        resolver: Path | None = None,
        volume: Volume | None = None,
    ) -> None:
        """Initialize with the settings of the server; it is not started yet.

        Args:
            folder: an empty folder.
            workers: the option of this name.
            options: the source of its providers, and other options.
            memory: RLIMIT_AS in MB.
            descriptors: RLIMIT_NOFILE.
            environment: variables in addition to PATH, HOME and PYTHONPATH.
            stderr: a file descriptor in place of the log file, or `CLOSED`.
            disk: the size in KB of separate file systems on TMPDIR and /dev/shm; with 0 no file
                can be created there. Needs root.
            companion: what runs next to it.
            resolver: a file in place of /etc/resolv.conf. Needs root.
            volume: a separate file system. Needs root.
        """
        self.folder = folder
        self.log = folder / "log"
        self.temporary = folder / "temporary"
        self.port, self.admin_port, self.metrics_port = free_port(), free_port(), free_port()
        self.workers = workers
        self._options = options
        self._limits = (memory, descriptors)
        self.companion = companion or Companion({})
        self._environment = {**(environment or {}), **self.companion.environment}
        self._stderr = stderr
        self._disk = disk
        self._resolver = resolver
        self._volume = volume
        self._running: subprocess.Popen[bytes] | None = None
        self._has_loaded_pages = False

    @property
    def pid(self) -> int:
        """The process id of the parent (of the only worker, if there is one)."""
        assert self._running is not None
        return self._running.pid

    @property
    def url(self) -> str:
        """The address of the public listener."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        command = [
            *self._with_mounts(),
            *(sys.executable, "-m", "waypost", "serve", *self._options),
            *("--host", "127.0.0.1", "--port", f"{self.port}", "--workers", f"{self.workers}"),
            *("--admin-port", f"{self.admin_port}"),
            *("--metrics-listen", f"127.0.0.1:{self.metrics_port}"),
        ]
        kept = {"PATH": os.environ["PATH"], "HOME": f"{self.folder}", "PYTHONPATH": f"{SOURCE}"}
        self.temporary.mkdir()
        kept["TMPDIR"] = f"{self.temporary}"
        with self.log.open("wb") as output:
            self._running = subprocess.Popen(
                tied_to_this_process(command),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output if self._stderr in {None, CLOSED} else self._stderr,
                env=kept | self._environment,
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=self._limit,  # noqa: PLW1509 -- there are no threads at the start
            )
        self._wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()

    def processes(self) -> list[int]:
        """Return the ids of the parent and all running processes below it, the parent first."""
        return [pid for pid in (self.pid, *descendants(self.pid)) if lives(pid)]

    def worker_processes(self) -> list[int]:
        """Return the ids of the workers."""
        if self.workers == 1:
            return [self.pid]
        return self._processes_that_listen(on=self.port, and_not_on=self.admin_port)

    def admin_process(self) -> int:
        """Return the id of the admin process."""
        (found,) = self._processes_that_listen(on=self.admin_port, and_not_on=self.port)
        return found

    def fork_server(self) -> int:
        """Return the id of the process that is copied for each worker."""
        (found,) = (
            pid
            for pid in children(self.pid)
            if Path(f"/proc/{pid}/comm").read_text(encoding="ascii") == "waypost fork\n"
        )
        return found

    def memory(self) -> float:
        """Return the memory of all its processes, in MB: PSS without files.

        The share of a file depends on the other processes of the machine that have mapped it.
        The admin process loads its pages 30 seconds after the start, or here: 40 MB that are not
        the attack's.
        """
        if not self._has_loaded_pages:
            ask(self.admin_port, "/")
            self._has_loaded_pages = True
        return sum(_proportional_bytes(pid) for pid in self.processes()) / MEGABYTE

    def stop(self) -> float:
        """Send SIGTERM to the parent; return the seconds until all of its processes have ended.

        If a process still runs after two minutes, it is killed, and the result is infinity.
        """
        before = self.processes()
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGTERM)
        assert self._running is not None
        running = self._running
        seconds = seconds_until(
            lambda: running.poll() is not None and not any(lives(pid) for pid in before),
            pause=0.02,
        )
        self.kill()
        return seconds

    def kill(self) -> None:
        """Kill all of its processes at once."""
        if self._running is None:
            return
        for pid in self.processes()[::-1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._running.wait(timeout=PATIENCE_SECONDS)

    def started_workers(self) -> int:
        """Return how many workers have started until now, those that have ended among them."""
        return self.log_text().count("Started server process")

    def ready_workers(self) -> int:
        """Return how many workers have opened all of their files, those that have ended too."""
        return self.log_text().count("Application startup complete")

    def log_text(self) -> str:
        """Return its log until now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def fill_disks(self) -> None:
        """Fill its own file systems until not one more byte can be written."""
        for place in (self.temporary, Path("/dev/shm")):
            with suppress(OSError), self.inside(place / "full").open("wb") as file:
                file.write(b"x" * (self._disk or 0) * 1024)

    def inside(self, path: Path) -> Path:
        """Return the path of a file of its file systems for other processes: proc_pid_root(5)."""
        return Path(f"/proc/{self.pid}/root{path}")

    def run_inside(self, *command: str, environment: Mapping[str, str] | None = None) -> int:
        """Run a command that sees its file systems, and return the exit code."""
        enter = [program("nsenter"), "--target", f"{self.pid}", "--mount", "--", *command]
        return subprocess.run(enter, check=False, capture_output=True, env=environment).returncode

    def _processes_that_listen(self, *, on: int, and_not_on: int) -> list[int]:
        searched, other = _inodes(on, listening=True), _inodes(and_not_on, listening=True)
        sockets = {pid: _sockets(pid) for pid in children(self.pid)}
        return [pid for pid, own in sockets.items() if own & searched and not own & other]

    def _with_mounts(self) -> list[str]:
        mounts = []
        if self._disk is not None:
            room = f"size={self._disk}k" if self._disk else "nr_inodes=1"
            mount = f"mount -t tmpfs -o {room} none"
            mounts += [f'{mount} "$TMPDIR"', f"{mount} /dev/shm"]
        if self._resolver is not None:
            mounts.append(f"mount --bind {shlex.quote(f'{self._resolver}')} /etc/resolv.conf")
        if self._volume is not None:
            place, content = (
                shlex.quote(f"{one}") for one in (self._volume.place, self._volume.content)
            )
            mounts.append(f"mount -t tmpfs -o size={self._volume.kilobytes}k none {place}")
            mounts.append(f"cp -a {content}/. {place}")
        if not mounts:
            return []
        script = " && ".join([*mounts, 'exec "$@"'])
        return [program("unshare"), "--mount", "sh", "-c", script, "sh"]

    def metrics(self) -> str:
        """Return its metrics, in the text format of Prometheus; raise OSError if there are none."""
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=PATIENCE_SECONDS
        ) as answer:
            return str(answer.read().decode("utf-8"))

    def _limit(self) -> None:
        memory, descriptors = self._limits
        if self._stderr == CLOSED:
            os.close(2)
        if memory is not None:
            resource.setrlimit(resource.RLIMIT_AS, (memory * MEGABYTE, memory * MEGABYTE))
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

    def _wait(self) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        ports = (self.port, self.admin_port, self.metrics_port)
        while True:
            started = all(listens(port) for port in ports)
            if started and len(self.worker_processes()) >= self.workers:
                break
            assert self._running is not None
            if self._running.poll() is not None or time.monotonic() > end:
                text = self.log_text()
                self.kill()
                raise TimeoutError(f"waypost serve did not start:\n{text[-4000:]}")
            time.sleep(0.05)
        # The admin process listens before it has started; its use of memory is not the attack's.
        ask(self.admin_port, "/tls/ask?domain=example.com")


def ask(port: int, path: str, seconds: float = PATIENCE_SECONDS) -> int:
    """Return the status of an answer of a listener on 127.0.0.1; raise OSError if there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def _proportional_bytes(pid: int) -> int:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        own = [line for line in lines if line.startswith(("Pss_Anon:", "Pss_Shmem:"))]
        return sum(int(line.split()[1]) for line in own) * 1024
    return 0


def connections(pid: int, port: int) -> int:
    """Return how many connections from clients of a port a process has."""
    return len(_sockets(pid) & _inodes(port, listening=False))


def _inodes(port: int, *, listening: bool) -> set[str]:
    """Return the sockets of a port of this machine that listen, or that do not: proc_net_tcp(5)."""
    # The table may have thousands of lines: only those with the port are split.
    suffix = f":{port:04X}"
    lines = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    rows = (line.split() for line in lines if suffix in line)
    return {
        f"socket:[{fields[9]}]"
        for fields in rows
        if fields[1].endswith(suffix) and (fields[3] == "0A") == listening
    }


def _sockets(pid: int) -> set[str]:
    """Return the open files of a process, as `readlink` names them."""
    found = set()
    with suppress(OSError):
        for one in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                found.add(f"{one.readlink()}")
    return found
