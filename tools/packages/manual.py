"""Writes the manual pages and the completion scripts, from the commands and the options themselves.

`make manual` runs this module. The packages install what it writes.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from waypost import __version__
from waypost.cli.command_tree import CommandOption, Node, command_tree
from waypost.cli.commands import ALL
from waypost.cli.completion.bash import bash_script
from waypost.cli.completion.fish import fish_script
from waypost.cli.completion.zsh import zsh_script
from waypost.settings import options
from waypost.settings.option import Option

SCRIPTS: Final = {
    "bash-completion/completions/waypost": bash_script,
    "fish/vendor_completions.d/waypost.fish": fish_script,
    "zsh/vendor-completions/_waypost": zsh_script,
}
_SETTINGS_FILE: Final = "/etc/waypost/waypost.toml"
_EXIT_CODES: Final = (
    ("0", "Success."),
    ("1", "Findings, such as a domain that is not served or a change that --dry-run shows."),
    ("2", "Wrong use or bad input; the message names the option, or the file and its line."),
)
_FILES: Final = (
    (_SETTINGS_FILE, "The settings of the service and of all commands, waypost.toml(5)."),
    ("/etc/waypost/providers.toml", "The usual place of the providers file."),
    ("/var/lib/waypost/", "The SQLite database, which belongs to the user of the service."),
)
_ENVIRONMENT: Final = (
    ("WAYPOST_CONFIG", f"The settings file to read, instead of {_SETTINGS_FILE}."),
    ("WAYPOST_OPTION", "An option of waypost.toml(5) in upper case, such as WAYPOST_DB_URI."),
)


def write(folder: Path) -> list[Path]:
    """Write all pages and scripts.

    Args:
        folder: the equivalent of `/usr/share`.

    Returns:
        the files.
    """
    root = command_tree(ALL)
    texts = {f"man/man1/{page_name(node)}.1": page(node) for node in root.walk()}
    texts["man/man5/waypost.toml.5"] = settings_page()
    texts |= {name: script(root) for name, script in SCRIPTS.items()}
    for name, text in texts.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


def page_name(node: Node) -> str:
    """Return the name of a command's page: `waypost-show-dns` for `waypost show dns`."""
    return "-".join(["waypost", *node.path])


def page(node: Node) -> str:
    """Return the manual page of a command, in the language of man(7)."""
    command = " ".join(["waypost", *node.path])
    lines = [
        *_head(page_name(node), "1", node.summary),
        ".SH SYNOPSIS",
        f".B {escape(command)}",
        escape(node.usage),
        ".SH DESCRIPTION",
        *_paragraphs(node.text),
    ]
    if node.children:
        lines.append(".SH COMMANDS")
        for child in node.children:
            lines += [".TP", f".BR {escape(page_name(child))} (1)", f"{escape(child.summary)}."]
    if node.arguments:
        lines.append(".SH ARGUMENTS")
        lines += _rows((one.name, one.text) for one in node.arguments)
    lines.append(".SH OPTIONS")
    lines += _options(node.options)
    if not node.path:
        lines += [".SH EXIT STATUS", *_rows(_EXIT_CODES), ".SH FILES", *_rows(_FILES)]
        lines += [".SH ENVIRONMENT", *_rows(_ENVIRONMENT)]
    if node.example:
        lines += [".SH EXAMPLE", ".EX", escape(node.example.removeprefix("Example: ")), ".EE"]
    return "\n".join([*lines, *_see_also(node), ""])


def settings_page() -> str:
    """Return the manual page of the settings file."""
    lines = [
        *_head("waypost.toml", "5", "Settings of Waypost"),
        ".SH DESCRIPTION",
        *_paragraphs(
            "A file in TOML with the settings of the service and of all commands. A variable of "
            "the environment overrides the file, and a flag of waypost-serve(1) overrides both."
            f"\n\nWaypost reads one file: the one that WAYPOST_CONFIG names, or {_SETTINGS_FILE}. "
            "waypost-config-show(1) prints the values and their sources."
        ),
    ]
    section = ""
    for option in options():
        if option.info.section != section:
            section = option.info.section
            lines.append(f".SH {escape(section.upper())}")
        lines += [".TP", f".B {escape(option.name)}"]
        text = f"{option.info.help} It must be {option.info.allowed}. {_default(option)}"
        lines += [escape(text), ".br", f"Variable: {escape(option.variable)}"]
    return "\n".join([*lines, ".SH SEE ALSO", ".BR waypost (1),", ".BR waypost\\-serve (1)", ""])


def escape(text: str) -> str:
    """Return a text as one line for man(7); hyphens stay hyphens when a reader copies them."""
    line = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    line = line.replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha")
    line = line.replace("~", "\\(ti").replace('"', "\\(dq")
    return f"\\&{line}" if line.startswith(".") else line


def _head(name: str, section: str, summary: str) -> list[str]:
    title = f'.TH {escape(name.upper())} {section} "" "Waypost {__version__}" "Waypost"'
    return [title, ".SH NAME", f"{escape(name)} \\- {escape(summary)}"]


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text)):
        if number:
            yield ".PP"
        yield escape(paragraph)


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        yield from (".TP", f".B {escape(name)}", escape(text))


def _options(rows: tuple[CommandOption, ...]) -> Iterator[str]:
    section = ""
    for option in rows:
        if option.section != section:
            section = option.section
            yield f".SS {escape(section or 'Other options')}"
        names = ", ".join(f"\\fB{escape(name)}\\fR" for name in option.names)
        value = f" \\fI{escape(option.value)}\\fR" if option.value else ""
        yield from (".TP", f"{names}{value}", escape(option.text))


def _default(option: Option) -> str:
    if option.default in (None, "", [], {}):
        return "Not set by default."
    value = f"{option.default}".lower() if isinstance(option.default, bool) else option.default
    return f"Default: {value}."


def _see_also(node: Node) -> list[str]:
    names = ["waypost-" + "-".join(node.path[:-1]) if node.path[1:] else "waypost"]
    pages = [f".BR {escape(name)} (1)," for name in names if node.path]
    return [".SH SEE ALSO", *pages, ".BR waypost.toml (5)"]


def main() -> int:
    """Write the files to the folder of the first argument; return the exit code."""
    folder = Path(sys.argv[1])
    write(folder)
    print(f"the manual pages and the completion scripts are in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
