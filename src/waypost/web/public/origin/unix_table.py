"""The kernel's table of Unix sockets, which shows whether a process accepts connections by one.

Format of `/proc/net/unix`: proc_pid_net(5), and read in Linux 6.18, net/unix/af_unix.c
`unix_seq_show`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

# The columns.
_TYPE: Final = 4
_INODE: Final = 6
_NAME: Final = 7
# SOCK_STREAM and SOCK_SEQPACKET: the types that have connections.
_WITH_CONNECTIONS: Final = {b"0001", b"0005"}


def accepts_connections(
    folder: Path, inodes: frozenset[int], check_time: Callable[[], None]
) -> bool:
    """Check whether one of some sockets listens, or is a connection that was accepted.

    A listening socket has a name, and so has each connection that it accepts. The end of a client
    has none, unless its program sets one, and then it is refused too.

    Args:
        folder: the `net` folder of a process.
        inodes: of the sockets.
        check_time: raises an error if the check took too long; called for each row.

    Raises:
        OSError: the table cannot be read. A missing table has no rows.
    """
    inode_texts = {b"%d" % inode for inode in inodes}
    try:
        with (folder / "unix").open("rb") as table:
            for line in table:
                check_time()
                fields = line.split(None, _NAME)  # a name may have spaces
                has_name = len(fields) > _NAME
                if (
                    has_name
                    and fields[_INODE] in inode_texts
                    and fields[_TYPE] in _WITH_CONNECTIONS
                ):
                    return True
    except FileNotFoundError:
        return False
    return False
