"""A small tree of commands whose texts have what is special in a shell."""

from typing import Final

from waypost.cli.command_tree import CommandArgument, CommandOption, Node

HOSTILE: Final = r"""Don't: "$HOME" `id` $(id) \ * ; | & # [x] {a,b} ~"""

_DNS: Final = Node(
    ("show", "dns"),
    f"{HOSTILE}. The rest is not in the summary.",
    "[OPTIONS] DOMAIN",
    "",
    (
        CommandOption(("--format",), "zone|json", "The form."),
        CommandOption(("--providers",), "FILE", HOSTILE),
        CommandOption(("-t", "--ttl"), "SECONDS", "The TTL: in seconds."),
    ),
    (CommandArgument("DOMAIN", "The domain."),),
)
_SHOW: Final = Node(("show",), "Print an answer.", "COMMAND", "", (), (), (_DNS,))
_APPLY: Final = Node(
    ("apply",),
    "Write a file.",
    "[OPTIONS] FILE",
    "",
    (CommandOption(("--demo", "--no-demo"), "", "The samples."),),
    (CommandArgument("FILE", "A providers file."),),
)
TREE: Final = Node(
    (),
    "Answer mail clients.",
    "COMMAND",
    "",
    (CommandOption(("--version",), "", "Show the version."),),
    (),
    (_SHOW, _APPLY),
)
