"""Completion in real shells: what a user gets for the start of a command line."""

import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.servers.requirements import program, require
from waypost.cli.command_tree import command_tree
from waypost.cli.commands import ALL

SHELLS = ("bash", "zsh", "fish")
ALL_COMMANDS = [child.path[-1] for child in command_tree(ALL).children]
# The word list is that of a shell: the last word is incomplete.
LINES = [
    # command line, what a shell offers among others, what it does not offer
    (["waypost", ""], ALL_COMMANDS, ["autoconfig", "stage"]),
    (["waypost", "--"], ["--version", "--help"], ["serve", "--providers"]),
    (["waypost", "sho"], ["show"], ["serve", "--help"]),
    (["waypost", "show", ""], ["autoconfig", "dns"], ["serve", "sqlite"]),
    (["waypost", "show", "dns", "--f"], ["--format"], ["--providers"]),
    (["waypost", "show", "dns", "--format", ""], ["zone", "nsupdate"], ["--format", "caddy"]),
    (["waypost", "hostnames", "--format", "c"], ["certbot", "caddy"], ["lego", "zone"]),
    (["waypost", "apply", "mai"], ["mail.toml"], ["serve"]),
    (["waypost", "apply", "--dry-run", "mai"], ["mail.toml"], ["serve"]),
    (["waypost", "serve", "--providers", "mai"], ["mail.toml"], ["--port"]),
    (["waypost", "serve", "--port", ""], [], ["mail.toml", "--host", "apply"]),
    (["waypost", "serve", "--no-d"], ["--no-demo", "--no-db-echo"], ["--demo"]),
    (["waypost", "pacc", "pin", "--js"], ["--json"], ["--force"]),
    (["waypost", "pacc", "s"], ["status"], ["stage", "switch"]),
]
BASH = """
source "$SCRIPT"
# Called outside of a completion, compopt fails: the stand-in notes that bash adds file names.
compopt() { files=yes; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) files=
_waypost waypost
printf '%s\\n' "${COMPREPLY[@]}"
[[ -z $files ]] || compgen -f -- "${!#}"
"""
# zsh completes in a terminal only: zpty is one, and this key lists the choices.
ZSH = r"""
zmodload zsh/zpty
TERM=dumb zpty shell zsh -f -i
wait_for() {
    local text
    printed=
    while zpty -r shell text; do
        printed+=$text
        [[ $printed == *$1* ]] && return
    done
}
zpty -w shell "PS1= RPS1=; stty -echo; autoload -Uz compinit; compinit -u -D"
zpty -w shell "zstyle ':completion:*' verbose no; LISTMAX=1000; setopt no_always_last_prompt"
zpty -w shell "source ${(q)SCRIPT}; compdef _waypost waypost; bindkey '^T' list-and-tell"
zpty -w shell "list-and-tell() { zle list-choices; zle -R; print '\nLIS''TED' > \$TTY; }"
zpty -w shell "zle -N list-and-tell; print RE''ADY"
wait_for READY
# Nothing more is sent before the list is shown: zsh shows no list while keys wait.
zpty -w -n shell "${(j: :)@}"$'\C-t'
wait_for LISTED
# Without the lines that show the command line itself.
print -rl -- ${${(f)printed}:#*waypost *}
"""
FISH = 'source $SCRIPT; complete --do-complete "$argv"'


def offered(shell: str, words: list[str], folder: Path) -> set[str]:
    """Return the words that a shell offers for the last one of a command line."""
    arguments = {
        "bash": ["--norc", "-c", BASH, "bash", *words],
        "zsh": ["-f", "-c", ZSH, "zsh", *words],
        "fish": ["--no-config", "-c", FISH, " ".join(words)],
    }[shell]
    done = subprocess.run(
        [program(shell), *arguments],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "SCRIPT": f"{folder / shell}", "HOME": f"{folder}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.stderr == ""
    if shell == "fish":  # A description is after a tabulator.
        return {line.partition("\t")[0] for line in done.stdout.splitlines()}
    return set(done.stdout.split())


@pytest.fixture(name="scripts", scope="module")
def _scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the three scripts and a file for arguments."""
    require(programs=SHELLS)
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "mail.toml").touch()
    return folder


@pytest.mark.parametrize(("words", "among", "without"), LINES, ids=" ".join)
@pytest.mark.parametrize("shell", SHELLS)
def test_offered_words(
    waypost: Waypost,
    scripts: Path,
    shell: str,
    words: list[str],
    among: list[str],
    without: list[str],
) -> None:
    """Each shell offers commands, options, choices and files where they are allowed."""
    (scripts / shell).write_text(waypost("completion", shell).out, encoding="utf-8")
    found = offered(shell, words, scripts)
    assert set(among) <= found
    assert not found & set(without)


@pytest.mark.parametrize("words", [["--format", "=", "c"], ["--format", "="]], ids=" ".join)
def test_value_after_an_equals_sign_in_bash(
    waypost: Waypost, scripts: Path, words: list[str]
) -> None:
    """Bash splits `--format=c` into three words, and offers the values of the option."""
    (scripts / "bash").write_text(waypost("completion", "bash").out, encoding="utf-8")
    assert {"certbot", "caddy"} <= offered("bash", ["waypost", "hostnames", *words], scripts)
