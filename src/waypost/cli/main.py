"""The command line: `waypost`, one module for each command or group of commands.

Exit codes: 0 success; 1 findings (a domain that is not served, a dry run with differences, a
database that must be upgraded), or a defect of Waypost; 2 wrong use or bad input. Each mistake is
one line on standard error.
"""

import sys
from collections.abc import Sequence

import typer

from waypost.cli.commands import ALL
from waypost.cli.failures import (
    DefectReporter,
    misplaced_secrets,
    report_usage_error,
    usage_error_type,
)
from waypost.cli.lazy import root_group
from waypost.cli.output import EXIT_FAILED, EXIT_FINDINGS, EXIT_USAGE, print_error, print_stderr
from waypost.core.errors import (
    AdminError,
    ConfirmationNeeded,
    DomainNotServed,
    NoUsableService,
    ServiceNotOffered,
    WaypostError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the arguments after `waypost`; by default those of this process.

    Returns:
        The exit code.
    """
    argument_list = list(sys.argv[1:] if arguments is None else arguments)
    with DefectReporter(argument_list) as reporter:
        return _run(argument_list)
    return EXIT_FAILED if reporter.has_defect else 0


def _run(argument_list: Sequence[str]) -> int:
    command = root_group(ALL)
    try:
        code = command(args=argument_list, prog_name="waypost", standalone_mode=False)
    except usage_error_type() as error:
        return report_usage_error(error, argument_list)
    except typer.Abort:
        print_stderr("Aborted!")
        return EXIT_FAILED
    except (AdminError, DomainNotServed, NoUsableService, ServiceNotOffered) as error:
        print_error(error, misplaced_secrets(argument_list))
        if isinstance(error, ConfirmationNeeded):
            more = error.count - len(error.affected)
            names = [*error.affected, *([f"{more} more"] if more else [])]
            if error.affected:
                print_stderr(f"would change, too: {', '.join(names)}")
            print_stderr("nothing was changed; --yes confirms the change")
        return EXIT_FINDINGS
    except WaypostError as error:
        print_error(error, misplaced_secrets(argument_list))
        return EXIT_USAGE
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else EXIT_USAGE
    return code if isinstance(code, int) else 0
