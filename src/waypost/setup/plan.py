"""The files of a new Waypost for one domain, and the steps after them."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Final

from waypost.core.address import DomainName
from waypost.core.errors import NoUsableService
from waypost.core.model import MAIL_DIRECTIONS, Catalog, ServiceType
from waypost.core.text_rules import printable
from waypost.formats.dns import DnsRecords, records_of
from waypost.lookup.lookup import client_config
from waypost.providers_file.load import read_providers, write_providers
from waypost.setup.files import PlannedFile, local_path
from waypost.setup.search import Discovery
from waypost.setup.web_servers import (
    SetupStep,
    WebServer,
    public_url,
    site_file,
    steps_of,
    web_names,
)

PROVIDERS: Final = PurePosixPath("/etc/waypost/providers.toml")
SETTINGS: Final = PurePosixPath("/etc/waypost/waypost.toml")
UNIT: Final = PurePosixPath("/etc/systemd/system/waypost.service")
USER: Final = "waypost"
_PACKAGE_UNITS: Final = (
    PurePosixPath("/usr/lib/systemd/system/waypost.service"),
    PurePosixPath("/lib/systemd/system/waypost.service"),
)
_USERS: Final = PurePosixPath("/etc/passwd")
_SYSTEMD: Final = PurePosixPath("/etc/systemd")
_PROGRAM: Final = "/opt/waypost/bin/waypost"
_OLD_SETTINGS: Final = ("/etc/automx2.conf", "/etc/automx2/automx2.conf")
_HINTS: Final = {
    ServiceType.IMAP: '{ type = "imap", host = "imap.%s" }',
    ServiceType.SMTP: '{ type = "smtp", host = "smtp.%s" }',
}


@dataclass(frozen=True, slots=True)
class SetupPlan:
    """What a new Waypost needs.

    Attributes:
        files: in the order in which they are written.
        records: the DNS records to publish; None without a mail service.
        steps: the commands after the files are written.
        warnings: about the providers file, and about what the new files change.
    """

    files: tuple[PlannedFile, ...]
    records: DnsRecords | None
    steps: tuple[SetupStep, ...]
    warnings: tuple[str, ...] = ()


def make_plan(
    root: Path, found: Discovery, web_server: WebServer | None, program: str
) -> SetupPlan:
    """Return the files, the records and the steps for a domain.

    Args:
        root: the root of the machine that Waypost is for.
        found: the domain and its mail servers.
        web_server: the one in front of Waypost; None if there is none.
        program: the path of `waypost` on that machine.

    Raises:
        ProvidersError: a provider with these names cannot be written.
    """
    domain = DomainName(found.domain.pattern.text)
    text = providers_text(found)
    read = read_providers(text, name=PROVIDERS.name, format="toml")
    planned = [
        PlannedFile(PROVIDERS, text, "the mail servers of your domain"),
        _settings_file(domain, web_server),
    ]
    steps: list[SetupStep] = []
    if root != Path("/") or local_path(root, _SYSTEMD).is_dir():
        planned.append(_unit_file(program))
        steps += [
            *_user_steps(root),
            SetupStep("systemctl daemon-reload", "let systemd read the unit", can_run=True),
            SetupStep(
                f"systemctl enable --quiet {USER}", "start Waypost with the machine", can_run=True
            ),
            SetupStep(f"systemctl restart {USER}", "start Waypost", can_run=True),
        ]
    records = _records(found, domain)
    if web_server is not None:
        planned.append(site_file(root, web_server, domain))
        steps += steps_of(root, web_server, domain, _published_names(domain, records))
    return SetupPlan(
        tuple(planned), records, tuple(steps), (*map(str, read.warnings), *_old_settings(root))
    )


def _records(found: Discovery, domain: DomainName) -> DnsRecords | None:
    if found.missing is not None:
        return None
    with suppress(NoUsableService):
        return records_of(client_config(found.domain, domain, None), public_url(domain))
    return None


def _published_names(domain: DomainName, records: DnsRecords | None) -> tuple[str, ...]:
    """Return the names for the certificate: no authority accepts a name that DNS does not have."""
    first, *others = web_names(domain)
    published = {record.name for record in records.records} if records is not None else set(others)
    return (first, *(name for name in others if name in published))


def providers_text(found: Discovery) -> str:
    """Return the providers file, with a comment for each mail service that was not found."""
    domain = found.domain.pattern.text
    lines = [f"# Written by `waypost init {domain}`. All keys: waypost schema"]
    lines += [f"# From {printable(source)}" for source in found.sources]
    text = write_providers(Catalog((found.domain,)), "toml")
    if not found.domain.services:
        hints = [
            "# No mail server was found: correct the names, and remove the # of these lines:",
            *("#services = [", *(f"#  {hint % domain}," for hint in _HINTS.values()), "#]"),
        ]
        # In the table of the provider: elsewhere, the lines would be a mistake without the #.
        text = text.replace("[[provider]]\n", "\n".join(["[[provider]]", *hints, ""]), 1)
        return "\n".join(lines) + "\n\n" + text
    for service_type in found.missing_types:
        direction = MAIL_DIRECTIONS[service_type]
        lines += [
            f"# No {direction} mail server was found: correct this line, and add it to services:",
            f"#   {_HINTS[service_type] % domain},",
        ]
    return "\n".join(lines) + "\n\n" + text


def _settings_file(domain: DomainName, web_server: WebServer | None) -> PlannedFile:
    lines = [
        f"# Written by `waypost init {domain}`. All options: waypost config sample",
        f'providers = "{PROVIDERS}"',
        f'public_url = "{public_url(domain)}"',
    ]
    if web_server is None:
        lines += [
            "# If one web server in front sends X-Forwarded-For and X-Forwarded-Proto:",
            "#proxy_count = 1",
        ]
    else:
        lines.append(f"proxy_count = 1  # {web_server} in front")
    text = "\n".join(lines) + "\n"
    return PlannedFile(
        SETTINGS, text, "the settings", mode=0o640, group=USER, extends_comments=True
    )


def _unit_file(program: str) -> PlannedFile:
    text = unit_text().replace(_PROGRAM, program)
    return PlannedFile(UNIT, text, "the service", other_paths=_PACKAGE_UNITS)


def unit_text() -> str:
    """Return the unit of `contrib/`."""
    unit = files("waypost.setup") / "waypost.service"
    return unit.read_text(encoding="utf-8")


def _user_steps(root: Path) -> list[SetupStep]:
    """Return the step that creates the user of the unit, unless the machine has this user."""
    if f"User={USER}\n" not in unit_text() or "DynamicUser=yes" in unit_text():
        return []
    try:
        users = local_path(root, _USERS).read_text(encoding="utf-8", errors="replace")
    except OSError:
        users = ""
    if any(line.startswith(f"{USER}:") for line in users.splitlines()):
        return []
    command = f"useradd --system --home-dir /var/lib/{USER} --create-home {USER}"
    return [SetupStep(command, "create the user of the service", can_run=True)]


def _old_settings(root: Path) -> Sequence[str]:
    return [
        f"{path}: Waypost reads {SETTINGS} now, and not this file; see docs/moving-from-automx2.md"
        for path in _OLD_SETTINGS
        if local_path(root, PurePosixPath(path)).exists()
        and not local_path(root, SETTINGS).exists()
    ]
