"""The completion for fish."""

from collections.abc import Iterator

from waypost.cli.command_tree import CommandOption, Node
from waypost.cli.completion.words import HEADER, key

_START = """\
function __waypost_at --description 'Whether the command line has exactly this command'
    set --local command ''
    for word in (commandline --tokenize --cut-at-cursor --current-process)[2..]
        contains -- "$command $word" COMMANDS
        and set command "$command $word"
    end
    test "$command" = "$argv"
end

complete --command waypost --no-files
"""


def fish_script(root: Node) -> str:
    """Return the script for fish 3.4 or newer."""
    commands = " ".join(quote(key(node)) for node in root.walk() if node.path)
    lines = [line for node in root.walk() for line in _lines(node)]
    return "\n".join([HEADER.format("fish") + _START.replace("COMMANDS", commands), *lines, ""])


def quote(text: str) -> str:
    """Return a text in single quotes, where only the quote and the backslash are special."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _lines(node: Node) -> Iterator[str]:
    at = f"complete --command waypost --condition {quote('__waypost_at ' + quote(key(node)))}"
    for child in node.children:
        yield f"{at} --arguments {child.path[-1]} --description {quote(child.summary)}"
    if any(one.takes_file for one in node.arguments):
        yield f"{at} --force-files"
    for option in node.options:
        yield f"{at} {_option(option)} --description {quote(option.text)}"


def _option(option: CommandOption) -> str:
    names = [
        f"--long-option {name[2:]}" if name.startswith("--") else f"--short-option {name[1:]}"
        for name in option.names
    ]
    if option.choices:
        names.append(f"--exclusive --arguments {quote(' '.join(option.choices))}")
    elif option.takes_file:
        names.append("--require-parameter --force-files")
    elif option.value:
        names.append("--exclusive")
    return " ".join(names)
