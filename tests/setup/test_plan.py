"""The files of a new Waypost for one domain."""

from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from waypost.core.model import (
    PASSWORD_CLEARTEXT,
    Domain,
    DomainPattern,
    HostEndpoint,
    Provider,
    Security,
    Service,
    ServiceType,
)
from waypost.providers_file.load import read_providers
from waypost.settings.loading import load
from waypost.setup.files import write_file
from waypost.setup.plan import make_plan, providers_text, unit_text
from waypost.setup.search import Discovery
from waypost.setup.web_servers import WebServer

PROGRAM = "/usr/bin/waypost"
IMAP = Service(
    ServiceType.IMAP,
    HostEndpoint("imap.example.com", 993, Security.TLS),
    (PASSWORD_CLEARTEXT,),
)
SMTP = Service(
    ServiceType.SMTP,
    HostEndpoint("smtp.example.com", 587, Security.STARTTLS),
    (PASSWORD_CLEARTEXT,),
)


def found(*services: Service, name: str = "Example") -> Discovery:
    """Return what a search has found."""
    domain = Domain(DomainPattern("example.com"), Provider(name, name[:8] or "x"), services)
    return Discovery(domain, ("a source\nwith two lines",))


def test_files_are_used_together(tmp_path: Path) -> None:
    """`waypost` reads the settings, and the settings name the providers file."""
    plan = make_plan(tmp_path, found(IMAP, SMTP), WebServer.NGINX, PROGRAM)
    for file in plan.files:
        write_file(tmp_path, file)
    settings = load({}, {}, tmp_path, tmp_path, etc=tmp_path / "etc").settings
    assert settings.providers == Path("/etc/waypost/providers.toml")
    assert settings.public_url == "https://autoconfig.example.com"
    assert settings.proxy_count == 1
    text = (tmp_path / "etc/waypost/providers.toml").read_text()
    read = read_providers(text, name="providers.toml", format="toml")
    assert [domain.services for domain in read.catalog.domains] == [(IMAP, SMTP)]
    assert read.warnings == ()


def test_without_a_web_server(tmp_path: Path) -> None:
    """Without a web server no proxy is trusted, and a comment says what to do."""
    plan = make_plan(tmp_path, found(IMAP, SMTP), None, PROGRAM)
    settings = next(file for file in plan.files if file.path.name == "waypost.toml")
    assert "\n#proxy_count = 1\n" in settings.text
    assert len(plan.files) == 3


MISSING = [
    # the services that were found, the comments of the file
    ((), ["No mail server was found"]),
    ((IMAP,), ["No outgoing mail server was found"]),
    ((SMTP,), ["No incoming mail server was found"]),
    ((IMAP, SMTP), []),
]


@pytest.mark.parametrize(("services", "comments"), MISSING)
def test_what_was_not_found(
    tmp_path: Path, services: tuple[Service, ...], comments: list[str]
) -> None:
    """Each missing service is a comment with the line to add, and the file is valid."""
    discovery = found(*services)
    text = providers_text(discovery)
    lines = text.splitlines()
    assert [line[2:].partition(":")[0] for line in lines if line.startswith("# No ")] == comments
    read = read_providers(text, name="providers.toml", format="toml")
    assert read.catalog.domains[0].services == services
    plan = make_plan(tmp_path, discovery, WebServer.CADDY, PROGRAM)
    assert (plan.records is None) is bool(comments)


def test_lines_to_correct() -> None:
    """Without the #, the lines for servers that were not found are services of the provider."""
    text = providers_text(found()).replace("\n#services", "\nservices")
    text = text.replace("\n#  {", "\n  {").replace("\n#]", "\n]")
    (entry,) = read_providers(text, name="mail.toml", format="toml").catalog.domains
    assert [f"{service.type}" for service in entry.services] == ["imap", "smtp"]


def test_sources_are_comments() -> None:
    """A source with line breaks cannot add a line to the file."""
    assert "# From a source?with two lines\n" in providers_text(found(IMAP, SMTP))


def test_unit(tmp_path: Path) -> None:
    """The unit is that of contrib/, with the path of this program; the package's unit is kept."""
    assert unit_text() == (ROOT / "contrib" / "waypost.service").read_text(), "run `make docs`"
    plan = make_plan(tmp_path, found(IMAP, SMTP), None, PROGRAM)
    unit = plan.files[-1]
    assert f"\nExecStart={PROGRAM} serve\n" in unit.text
    packaged = tmp_path / "usr/lib/systemd/system/waypost.service"
    packaged.parent.mkdir(parents=True)
    packaged.touch()
    assert not write_file(tmp_path, unit).is_other_content
    assert not (tmp_path / "etc/systemd").exists()


def test_user_of_the_service(tmp_path: Path) -> None:
    """The step that creates the user is there only if the machine has no such user."""
    users = tmp_path / "etc/passwd"
    users.parent.mkdir()
    users.write_text("root:x:0:0::/root:/bin/sh\n")
    commands = [s.command for s in make_plan(tmp_path, found(), None, PROGRAM).steps]
    assert any(command.startswith("useradd ") for command in commands)
    users.write_text("waypost:x:999:999::/var/lib/waypost:/usr/sbin/nologin\n")
    commands = [s.command for s in make_plan(tmp_path, found(), None, PROGRAM).steps]
    assert not any(command.startswith("useradd ") for command in commands)


def test_settings_of_automx2(tmp_path: Path) -> None:
    """A settings file of automx2, which Waypost would not read any more, is a warning."""
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/automx2.conf").touch()
    (warning,) = make_plan(tmp_path, found(IMAP, SMTP), None, PROGRAM).warnings
    assert warning.startswith("/etc/automx2.conf: Waypost reads /etc/waypost/waypost.toml now")


def test_names_of_the_certificate(tmp_path: Path) -> None:
    """The certificate has only names that DNS should have: PACC does not describe STARTTLS."""
    steps = make_plan(tmp_path, found(IMAP, SMTP), WebServer.NGINX, PROGRAM).steps
    assert steps[-1].command.endswith("-d autoconfig.example.com -d autodiscover.example.com")
