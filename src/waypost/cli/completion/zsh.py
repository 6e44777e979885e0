"""The completion for zsh."""

import shlex
from collections.abc import Iterator

from waypost.cli.command_tree import Node
from waypost.cli.completion.words import HEADER, files_of, key, options_with_value, patterns

_SCRIPT = """\
_waypost() {
    local command= previous=$words[CURRENT-1]
    local -a commands options
    integer i
    for ((i = 2; i < CURRENT; i++)); do
        case "$command $words[i]" in
            (COMMANDS) command+=" $words[i]" ;;
        esac
    done
    if [[ $words[CURRENT] == --*=* ]]; then
        previous=${words[CURRENT]%%=*}
        compset -P '*='
    fi
    case "$command $previous" in
VALUES
    esac
    case $command in
WORDS
    esac
    if [[ $words[CURRENT] == -* ]]; then
        _describe -o option options
    elif (($#commands)); then
        _describe command commands
    else
        case $command in
            (FILES) _files ;;
            (*) _describe -o option options ;;
        esac
    fi
}

if [[ $funcstack[1] == _waypost ]]; then
    _waypost "$@"
else
    compdef _waypost waypost
fi
"""


def zsh_script(root: Node) -> str:
    """Return the script for zsh: a file in `$fpath`, or a text for `source`."""
    commands = patterns(key(node) for node in root.walk() if node.path)
    script = (
        _SCRIPT.replace("COMMANDS)", f"{commands})")
        .replace("FILES)", f"{patterns(files_of(root))})")
        .replace("VALUES", "\n".join(_values(root)))
        .replace("WORDS\n", "\n".join(_words(root)) + "\n")
    )
    return "#compdef waypost\n" + HEADER.format("zsh") + script


def _values(root: Node) -> Iterator[str]:
    free: list[str] = []
    files: list[str] = []
    for command, name, option in options_with_value(root):
        if option.choices:
            choices = " ".join(map(shlex.quote, option.choices))
            yield f"        ({shlex.quote(f'{command} {name}')}) compadd -- {choices}; return ;;"
        else:
            (files if option.takes_file else free).append(f"{command} {name}")
    yield f"        ({patterns(files)}) _files; return ;;"
    yield f"        ({patterns(free)}) _message value; return ;;"


def _words(root: Node) -> Iterator[str]:
    for node in root.walk():
        yield f"        ({shlex.quote(key(node))})"
        yield f"            commands=({_described((c.path[-1], c.summary) for c in node.children)})"
        rows = ((name, option.text) for option in node.options for name in option.names)
        yield f"            options=({_described(rows)}) ;;"


def _described(rows: Iterator[tuple[str, str]]) -> str:
    """Return words with their descriptions; in a word, a colon would begin the description."""
    return " ".join(shlex.quote(word.replace(":", r"\:") + f":{text}") for word, text in rows)
