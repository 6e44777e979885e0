"""The command line: `waypost`, one module for each command or group of commands.

Exit codes: 0 success; 1 findings (a domain that is not served, a dry run with differences, a
database that must be upgraded), or a defect of Waypost; 2 wrong use or bad input. Each mistake is
one line on standard error.
"""

import sys
from collections.abc import Sequence

import typer

from waypost.cli.commands import ALL
from waypost.cli.failures import Defects, explain_usage, misplaced_secrets, usage_error
from waypost.cli.lazy import root_group
from waypost.cli.output import EXIT_FAILED, EXIT_FINDINGS, EXIT_USAGE, print_error, print_stderr
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
    return EXIT_FAILED if defects.found else 0


def _run(given: Sequence[str]) -> int:
    command = root_group(ALL)
    try:
        code = command(args=given, prog_name="waypost", standalone_mode=False)
    except usage_error() as error:
        return explain_usage(error, given)
    except typer.Abort:
        print_stderr("Aborted!")
        return EXIT_FAILED
    except (DomainNotServed, NoUsableService, ServiceNotOffered) as error:
        print_error(error, misplaced_secrets(given))
        return EXIT_FINDINGS
    except WaypostError as error:
        print_error(error, misplaced_secrets(given))
        return EXIT_USAGE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_USAGE
    return code if isinstance(code, int) else 0
