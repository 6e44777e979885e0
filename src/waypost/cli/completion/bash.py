"""The completion for bash."""

import shlex
from collections.abc import Iterator

from waypost.cli.command_tree import Node
from waypost.cli.completion.words import HEADER, files_of, key, options_with_value, patterns

_SCRIPT = """\
_waypost() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= words= i
    COMPREPLY=()
    # bash splits --option=value into three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $previous == = ]]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$command ${COMP_WORDS[i]}" in
            COMMANDS) command+=" ${COMP_WORDS[i]}" ;;
        esac
    done
    case "$command $previous" in
VALUES
    esac
    case $command in
WORDS
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
    [[ $word == -* ]] && return
    case $command in
        FILES) compopt -o default ;;
    esac
}

complete -F _waypost waypost
"""


def bash_script(root: Node) -> str:
    """Return the script for bash 4.4 or newer."""
    commands = patterns(key(node) for node in root.walk() if node.path)
    script = (
        _SCRIPT.replace("COMMANDS)", f"{commands})")
        .replace("FILES)", f"{patterns(files_of(root))})")
        .replace("VALUES\n", "".join(f"{line}\n" for line in _values(root)))
        .replace("WORDS\n    esac", f"{_words(root)}\n    esac")
    )
    return HEADER.format("bash") + script


def _values(root: Node) -> Iterator[str]:
    free: list[str] = []
    files: list[str] = []
    for command, name, option in options_with_value(root):
        if option.choices:
            choices = shlex.quote(" ".join(option.choices))
            yield f"        {shlex.quote(f'{command} {name}')})"
            yield f'            COMPREPLY=($(compgen -W {choices} -- "$word")); return ;;'
        else:
            (files if option.takes_file else free).append(f"{command} {name}")
    yield f"        {patterns(files)})"
    yield "            compopt -o default; return ;;"
    yield f"        {patterns(free)}) return ;;"


def _words(root: Node) -> str:
    lines = []
    for node in root.walk():
        words = [child.path[-1] for child in node.children]
        words += [name for option in node.options for name in option.names]
        lines.append(f"        {shlex.quote(key(node))}) words={shlex.quote(' '.join(words))} ;;")
    return "\n".join(lines)
