"""The page about the API: its commands run in order, and print what the page says."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.cli.administration.test_admin_listener import ADMIN
from tests.docs.nginx import documented
from tests.docs.pages import ROOT, Block, blocks, commands
from tests.docs.shell import run_command
from tests.servers.authority import Authority
from tests.servers.nginx import listens
from tests.servers.patience import PATIENCE_SECONDS
from tests.servers.process import Process
from tests.servers.requirements import require
from tests.servers.waypost import SOURCE, free_port
from waypost.admin.remote.url_names import url_of_name
from waypost.cli.main import main
from waypost.web.admin.api.mount import api_description

GUIDE: Final = ROOT / "docs" / "guide.md"
PAGE: Final = ROOT / "docs" / "api.md"
SHORT: Final = {"names", "lint"}
PLAIN: Final = "server { listen 80; return 404; }\n"
END: Final = "@@ end of a command @@"


def test_each_call_is_in_the_table() -> None:
    """The table of calls has the path of each call."""
    text = PAGE.read_text(encoding="utf-8")
    table = "\n".join(line for line in text.splitlines() if line.startswith(("| `GET", "| `P")))
    for path in api_description()["paths"]:
        plain = re.sub(r"(?<=\{)(token_id|audit_id|link_id)", "id", path.replace(":path", ""))
        last = plain.rpartition("/")[2]
        short = f"/{last}`" if last in SHORT else f"…/{last}`"
        assert plain in table or short in table, path


def outputs(block: Block) -> list[str]:
    """Return what a block says that each of its commands prints."""
    return re.split(r"^\$ .*\n", block.text, flags=re.MULTILINE)[1:]


def expected(text: str) -> str:
    """Return a text of the page as a pattern; `…` is any text."""
    return ".*?".join(map(re.escape, text.strip().split("…")))


class Site:
    """A folder with the sample providers in a database, and programs in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        uri = f"sqlite:///{folder}/waypost.sqlite"
        assert main(["apply", "--demo", "--db-uri", uri]) == 0
        kept = {name: one for name, one in os.environ.items() if not name.startswith("WAYPOST_")}
        self.environment = kept | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
            "HOME": f"{folder}",
            "PYTHONPATH": f"{SOURCE}",
            "WAYPOST_DB_URI": uri,
        }

    @contextmanager
    def serve(self, **settings: str) -> Iterator[int]:
        """Run the admin listener, and yield its port."""
        port = free_port()
        with Process(
            [*ADMIN, "--port", f"{port}"],
            log=self.folder / "admin.log",
            environment=self.environment | settings,
            folder=self.folder,
        ) as process:
            process.wait_until(lambda: listens(port))
            yield port

    def run(self, script: str) -> "subprocess.CompletedProcess[str]":
        """Run a script."""
        return subprocess.run(
            ["bash", "-c", script],
            check=False,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE_SECONDS,  # for many commands
            env=self.environment,
            cwd=self.folder,
        )


@pytest.mark.servers
def test_commands(tmp_path: Path) -> None:
    """Each command of the page prints what the page says; the program in Python runs, too."""
    require(programs=["curl"])
    (example,) = blocks(PAGE, "python")
    site, found = Site(tmp_path), blocks(PAGE, "console")
    shown = [command for block in found for command in commands(block)]
    with site.serve() as port:
        parts = [
            f"{one.replace('127.0.0.1:4244', f'127.0.0.1:{port}')}\necho '{END}'\n" for one in shown
        ]
        done = site.run("".join(parts))
        program = example.text.replace("127.0.0.1:4244", f"127.0.0.1:{port}")
        (tmp_path / "program.py").write_text(program, encoding="utf-8")
        create = "waypost token create --name python --role write"
        python = site.run(f"WAYPOST_TOKEN=$({create}) exec python -W error program.py")
    assert python.returncode == 0, python.stderr
    lines = python.stdout.splitlines()
    assert (lines[0], lines[2:]) == ("(0, 0, 0)", ["text/xml; charset=utf-8", "not_found"])
    assert "'example.com'" in lines[1]
    printed = [text.strip() for text in done.stdout.split(END)]
    texts = [text for block in found for text in outputs(block)]
    assert len(printed) == len(texts) + 1, done.stderr
    for command, text, page in zip(shown, printed, texts, strict=False):
        assert re.fullmatch(expected(page), text, re.DOTALL), f"{command}\n{text}"


@pytest.mark.servers
def test_guide(tmp_path: Path) -> None:
    """The commands of the guide that change one thing work in their order."""
    (block,) = (one for one in blocks(GUIDE, "console") if "domain add" in one.text)
    (tmp_path / "secret.txt").write_text("secret\n", encoding="utf-8")
    table = "domain,provider\none.example,Example Inc.\ntwo.example,Example Inc.\n"
    (tmp_path / "domains.csv").write_text(table, encoding="utf-8")
    site = Site(tmp_path)
    for command in commands(block):
        done = run_command(command, environment=site.environment, folder=tmp_path)
        assert done.returncode == int("--dry-run" in command), f"{command}\n{done.stderr}"


@pytest.mark.servers
def test_from_another_machine(tmp_path: Path) -> None:
    """The site for nginx makes the API available, and nothing else of the admin listener."""
    require(programs=["nginx"])
    (block,) = blocks(PAGE, "nginx")
    authority = Authority.create(tmp_path)
    certificate = authority.issue("admin", ["waypost-admin.example.com"])
    site = Site(tmp_path)
    token = site.run("waypost token create --name panel").stdout.strip()
    path = "/etc/letsencrypt/live/waypost-admin.example.com"
    names = ["x", "x/services", "..", "../../metrics"]
    added = site.run("set -e\n" + "".join(f"waypost provider add {one}\n" for one in names))
    assert added.returncode == 0, added.stderr
    with site.serve(WAYPOST_ADMIN_URL="https://waypost-admin.example.com") as port:
        places = {
            f"{path}/fullchain.pem": f"{certificate.certificate}",
            f"{path}/privkey.pem": f"{certificate.key}",
            "127.0.0.1:4244": f"127.0.0.1:{port}",
        }
        with documented(tmp_path, block.text + PLAIN, places) as (_, https):

            def status(path: str, host: str = "waypost-admin.example.com") -> int:
                return httpx.get(
                    f"https://127.0.0.1:{https}{path}",
                    headers={"Host": host, "Authorization": f"Bearer {token}"},
                    verify=False,  # noqa: S501 -- the certificate is for the name
                    timeout=PATIENCE_SECONDS,
                ).status_code

            assert status("/api/v1/domains") == 200
            assert status("/api/v1/domains", "other.example") == 403
            for name in names:
                assert status(f"/api/v1/providers/{url_of_name(name)}") == 200, name
            assert status("/api/v1/providers/x%2Fservices") == 200
            assert status("/metrics") == 404
            assert status("/healthz") == 404
