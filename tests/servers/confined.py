"""Run a command under the confinement of a unit: `python -m tests.servers.confined UNIT COMMAND`.

As systemd does before it starts the command (systemd.exec(5)), but without systemd: its lists of
system calls, the families of sockets, memory that is writable or executable, capabilities, and
the mask for new files. The folders of the machine stay as they are.
"""

import ctypes
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.servers.requirements import program

_PR_SET_NO_NEW_PRIVS: Final = 38  # linux/prctl.h
_PR_CAPBSET_DROP: Final = 24
_PR_SET_MDWE: Final = 65
_MDWE_REFUSE_EXEC_GAIN: Final = 1
_LAST_CAPABILITY: Final = 40
_ALLOW: Final = 0x7FFF0000  # seccomp.h
_ERRNO: Final = 0x00050000
_EPERM: Final = 1


class Comparison(ctypes.Structure):
    """`struct scmp_arg_cmp`."""

    _fields_ = (
        ("arg", ctypes.c_uint),
        ("op", ctypes.c_int),
        ("datum_a", ctypes.c_uint64),
        ("datum_b", ctypes.c_uint64),
    )


def values(unit: str, name: str) -> list[str]:
    """Return the words of all lines of an option."""
    lines = re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)
    return [line.strip() for line in lines]


def calls_of(name: str) -> set[str]:
    """Return the system calls of a set, and of the sets in it."""
    analyze = [program("systemd-analyze"), "syscall-filter", name]
    text = subprocess.run(analyze, capture_output=True, text=True, check=True).stdout
    words = [line.strip() for line in text.splitlines()[1:]]
    names = {word for word in words if word and not word.startswith(("#", "@"))}
    for word in words:
        if word.startswith("@"):
            names |= calls_of(word)
    return names


def allowed_calls(unit: str) -> set[str]:
    """Return the system calls that the lines `SystemCallFilter=` allow together."""
    allowed: set[str] = set()
    for line in values(unit, "SystemCallFilter"):
        named = set().union(*(calls_of(one) for one in line.lstrip("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    # What systemd itself needs for the start of the command: @default of systemd.exec(5).
    return allowed | calls_of("@default") | {"execve"}


def filter_calls(unit: str) -> None:
    """Refuse all other system calls, and other families of sockets."""
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    seccomp.seccomp_init.argtypes = [ctypes.c_uint32]
    context = ctypes.c_void_p(seccomp.seccomp_init(_ERRNO | _EPERM))
    families = {
        getattr(socket, name).value for name in values(unit, "RestrictAddressFamilies")[0].split()
    }
    for name in sorted(allowed_calls(unit)):
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number < 0:
            continue
        if name != "socket":
            _check(seccomp.seccomp_rule_add(context, _ALLOW, number, 0), name)
            continue
        for family in families:
            equal = Comparison(0, 4, family, 0)  # SCMP_CMP_EQ
            _check(
                seccomp.seccomp_rule_add_array(context, _ALLOW, number, 1, ctypes.byref(equal)),
                name,
            )
    _check(seccomp.seccomp_load(context), "load")


def _check(code: int, name: str) -> None:
    if code != 0:
        raise OSError(-code, f"seccomp, {name}: {os.strerror(-code)}")


def confine(unit: str) -> None:
    """Confine this process and what it starts."""
    libc = ctypes.CDLL(None, use_errno=True)
    os.umask(int(values(unit, "UMask")[0], 8))
    if values(unit, "CapabilityBoundingSet") == [""]:
        for capability in range(_LAST_CAPABILITY + 1):
            libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if values(unit, "MemoryDenyWriteExecute") == ["yes"]:
        done = libc.prctl(_PR_SET_MDWE, _MDWE_REFUSE_EXEC_GAIN, 0, 0, 0)
        sys.stderr.write(f"MemoryDenyWriteExecute: {'set' if done == 0 else 'not supported'}\n")
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    filter_calls(unit)


def main(unit: str, *command: str) -> None:
    """Run the command in place of this process."""
    confine(Path(unit).read_text(encoding="utf-8"))
    os.execvp(command[0], command)  # noqa: S606 -- the command of the caller


if __name__ == "__main__":
    main(*sys.argv[1:])
