"""The command line: `waypost`, one module for each group of commands.

Exit codes: 0 success; 1 findings (a domain that is not served, a dry run with differences, a
database that must be upgraded), or a defect of Waypost; 2 wrong use or bad input. Each mistake is
one line on standard error.
A command imports its modules when it runs, so that the other commands start quickly.
"""

import sys
from collections.abc import Sequence

import typer
from typer.main import get_command

from waypost.cli import config, hostnames, profile, serve, version
from waypost.cli.checks import compare, conformance, doctor, lint
from waypost.cli.db import group as db
from waypost.cli.directory import group as directory
from waypost.cli.failures import Defects, explain_usage, misplaced_secrets, usage_error
from waypost.cli.import_ import group as importing
from waypost.cli.output import FAILED, FINDINGS, WRONG, complain, group, note
from waypost.cli.providers import apply, domain, export, pacc
from waypost.cli.show import group as show
from waypost.core.errors import DomainNotServed, NoUsableService, ServiceNotOffered, WaypostError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the arguments after `waypost`; by default those of this process.

    Returns:
        The exit code.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    with Defects(given) as defects:
        return _run(given)
    return FAILED if defects.found else 0


def _run(given: Sequence[str]) -> int:
    command = get_command(build(given))
    try:
        code = command(args=given, prog_name="waypost", standalone_mode=False)
    except usage_error() as error:
        return explain_usage(error, given)
    except typer.Abort:
        note("Aborted!")
        return FAILED
    except (DomainNotServed, NoUsableService, ServiceNotOffered) as error:
        complain(error, misplaced_secrets(given))
        return FINDINGS
    except WaypostError as error:
        complain(error, misplaced_secrets(given))
        return WRONG
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else WRONG
    return code if isinstance(code, int) else 0


def build(arguments: Sequence[str] = ("serve",)) -> typer.Typer:
    """Return the group of all commands.

    Args:
        arguments: the command line; the flags of `serve` are built only if it is `serve`.
    """
    app = group("Configure mail clients automatically: server, checks and tools.")
    # The flags of `serve` come from the table of options, which takes long to import.
    served = serve.command() if "serve" in arguments else serve.placeholder
    app.command("serve", help=serve.HELP, epilog=serve.EXAMPLE)(served)
    app.add_typer(show.build(), name="show")
    app.command("apply", epilog=apply.EXAMPLE)(apply.apply)
    app.command("export", epilog=export.EXAMPLE)(export.export)
    app.add_typer(importing.build(), name="import")
    app.add_typer(db.build(), name="db")
    app.add_typer(domain.build(), name="domain")
    app.add_typer(directory.build(), name="directory")
    app.add_typer(profile.build(), name="profile")
    app.add_typer(pacc.build(), name="pacc")
    app.add_typer(config.build(), name="config")
    app.command("hostnames", epilog=hostnames.EXAMPLE)(hostnames.hostnames)
    app.command("compare", epilog=compare.EXAMPLE)(compare.compare)
    app.command("conformance", epilog=conformance.EXAMPLE)(conformance.conformance)
    app.command("doctor", epilog=doctor.EXAMPLE)(doctor.doctor)
    app.command("lint", epilog=lint.EXAMPLE)(lint.lint)
    app.command("version", epilog=version.EXAMPLE)(version.version)
    return app
