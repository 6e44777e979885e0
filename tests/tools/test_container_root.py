"""What the image's root is made of: the output of `ldd` for the copied programs."""

from pathlib import Path

import pytest
from tools.container_root import loaded_libraries

LDD = """\
/usr/bin/python3.13:
\tlinux-vdso.so.1 (0x00007ffd2b3f6000)
\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f1c2a400000)
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1c2a200000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f1c2a9d1000)
/opt/waypost/lib/python3.13/site-packages/a.so:
\tlibpq-1.so.5 => /image/opt/waypost/lib/libpq-1.so.5 (0x00007f1c2a100000)
\tstatically linked
"""


def test_libraries_are_found() -> None:
    """Each library with a path counts, with or without an arrow; programs and the vDSO do not."""
    assert loaded_libraries(LDD) == {
        Path("/lib/x86_64-linux-gnu/libm.so.6"),
        Path("/lib/x86_64-linux-gnu/libc.so.6"),
        Path("/lib64/ld-linux-x86-64.so.2"),
        Path("/image/opt/waypost/lib/libpq-1.so.5"),
    }


def test_missing_library_is_an_error() -> None:
    """A library that is not installed ends the build, and the message names it."""
    with pytest.raises(FileNotFoundError, match=r"libldap\.so\.2"):
        loaded_libraries("\tlibldap.so.2 => not found\n")
