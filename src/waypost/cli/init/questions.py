"""Questions of `waypost init`, which are asked on a terminal only."""

import sys
from collections.abc import Iterable, Sequence

import typer

from waypost.cli.init.servers import read_server_flag
from waypost.cli.output import print_stderr
from waypost.core.errors import SettingsError
from waypost.core.model import Service, ServiceType
from waypost.setup.web_servers import WebServer


def is_interactive() -> bool:
    """Return whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask_missing_servers(missing: Iterable[ServiceType], domain: str) -> tuple[Service, ...]:
    """Ask for the mail servers that were not found; an empty answer leaves one out.

    Args:
        missing: the types of the missing services.
        domain: for the example in the question.
    """
    services: list[Service] = []
    for service_type in missing:
        services += _ask_server(service_type, f"{service_type}.{domain}")
    return tuple(services)


def _ask_server(service_type: ServiceType, example: str) -> list[Service]:
    question = f"Host of the {service_type.upper()} server, such as {example} (empty: leave it out)"
    while True:
        text = typer.prompt(question, default="", show_default=False, err=True)
        if not text.strip():
            return []
        try:
            return [read_server_flag(service_type, text)]
        except SettingsError as error:
            print_stderr(f"{error}")


def ask_web_server(servers: Sequence[WebServer]) -> WebServer:
    """Ask which of the installed web servers is in front of Waypost."""
    names = [server.value for server in servers]
    while True:
        question = f"Web server in front ({', '.join(names)})"
        answer = typer.prompt(question, default=names[0], err=True).strip().lower()
        if answer in names:
            return WebServer(answer)
        print_stderr(f"the answer must be one of: {', '.join(names)}")


def confirm(question: str) -> bool:
    """Ask a question whose usual answer is yes."""
    return typer.confirm(question, default=True, err=True)
