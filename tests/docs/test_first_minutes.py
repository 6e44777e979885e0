"""The first three minutes: from an empty machine to the first answer over TLS, in three commands.

The commands are those of the guide, run as root on a separate machine with its own network: a name
server, a mail server, and an authority for certificates. `apt install` is replaced by what the
packages leave, and `systemctl` by a script that starts the same programs.
"""

import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, blocks
from tests.docs.test_guide_walk import LONGEST_SECONDS, PIP, lines_of, machine, run_in_network
from tests.docs.test_unit import UNIT, options
from tests.servers.accounts import let_others_enter
from tests.servers.mail_network import DOMAIN, MailNetwork, mail_network
from tests.servers.requirements import require

pytestmark = [pytest.mark.servers, pytest.mark.timeout(LONGEST_SECONDS + 60)]
GUIDE = ROOT / "docs" / "guide.md"
MINUTES = 3
ASKED = f"https://autoconfig.{DOMAIN}/mail/config-v1.1.xml?emailaddress=alice@{DOMAIN}"
# Folders that the packages need, apart from those of this machine.
PACKAGES = """
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/log
mkdir -p /run/lock /run/apache2 /var/log/nginx /var/log/apache2 /var/lib/nginx /var/lib/apache2
mkdir -p /var/lib/caddy
rm -f /etc/resolv.conf
printf 'nameserver 127.0.0.1\\noptions timeout:2 attempts:1\\n' > /etc/resolv.conf
printf 'hosts: files dns\\npasswd: files\\ngroup: files\\n' > /etc/nsswitch.conf
printf '127.0.0.1 localhost\\n' > /etc/hosts
rm -rf /etc/letsencrypt && mkdir -p /etc/letsencrypt
cat > /etc/letsencrypt/cli.ini <<'END'
{certbot}END
export REQUESTS_CA_BUNDLE={trust} SSL_CERT_FILE={trust}
cat > /usr/local/bin/systemctl <<'SCRIPT'
{systemctl}
SCRIPT
chmod 755 /usr/local/bin/systemctl
export PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
"""
# What `systemctl` does for the units of this test; the unit's own options are applied by systemd.
SYSTEMCTL = """#!/bin/bash
set -eu
case "$*" in
"daemon-reload" | "enable --quiet waypost") ;;
"restart waypost")
    test -e /etc/systemd/system/waypost.service
    if [ -e /run/waypost.pid ]; then kill "$(cat /run/waypost.pid)" || true; fi
    (cd / && exec env -i PATH="$PATH" HOME={home} STATE_DIRECTORY=/var/lib/{state} \\
        runuser -u {user} -- {command}) </dev/null >/run/waypost.log 2>&1 &
    echo $! > /run/waypost.pid
    for i in $(seq 300); do
        kill -0 "$(cat /run/waypost.pid)" 2>/dev/null || break
        grep -q '"listening"' /run/waypost.log && exit 0
        sleep 0.1
    done
    cat /run/waypost.log >&2
    exit 1 ;;
"reload-or-restart nginx")
    if [ -e /run/nginx.pid ]; then nginx -s reload; else nginx; fi ;;
"reload-or-restart apache2")
    if [ -e /run/apache2/apache2.pid ]; then apache2ctl graceful; else apache2ctl start; fi ;;
"reload-or-restart caddy")
    if [ -e /run/caddy ]; then caddy reload --config /etc/caddy/Caddyfile >/run/caddy.log 2>&1
    else
        touch /run/caddy
        export HOME=/var/lib/caddy
        caddy run --config /etc/caddy/Caddyfile >/run/caddy.log 2>&1 </dev/null &
    fi ;;
*) echo "systemctl $*: not on this machine" >&2; exit 1 ;;
esac
"""
FIRST_ANSWER = """
for i in $(seq 300); do
    code=$(curl --silent --cacert {ca} --output /run/answer --write-out '%{{http_code}}' \\
        '{asked}') || true
    test "$code" = 200 && break
    sleep 0.1
done
echo "status $code after $SECONDS s"
cat /run/answer
"""
# What the guide does afterwards; the service of the monitor is part of the test of the package.
LATER = """
echo == conformance
{conformance} || test $? = 1
echo == doctor
{doctor} || test $? = 1
echo == link
{upgrade} && {link}
echo == database
{apply}
sed -i '/^providers = /d' /etc/waypost/waypost.toml
{restart}
{add}
for i in $(seq 300); do
    code=$(curl --silent --output /run/answer --write-out '%{{http_code}}' '{asked}') || true
    test "$code" = 200 && break
    sleep 0.1
done
echo "other domain $code"
{export}
"""
# Caddy's own authority, instead of a public one.
CADDYFILE = r"{\n\tlocal_certs\n\tskip_install_trust\n}\n"
INSTALLED = {
    # web server: programs, what its package leaves
    "nginx": (("nginx", "certbot"), "nginx"),
    "apache": (("apache2", "a2enmod", "certbot"), "apache2ctl start"),
    "caddy": (("caddy",), f"printf '{CADDYFILE}' > /etc/caddy/Caddyfile"),
}


@pytest.fixture(name="network", scope="module")
def _network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailNetwork]:
    require(programs=["unshare", "mount", "runuser", "useradd", "curl"])
    folder = tmp_path_factory.mktemp("network")
    let_others_enter(folder)
    with mail_network(folder) as network:
        yield network


def guide_blocks() -> dict[str, list[str]]:
    """Return the commands of each way of the guide, by its web server."""
    ways: dict[str, list[str]] = {}
    for block in blocks(GUIDE, "console"):
        is_first = "waypost init" in block.text and "apt install" in block.text
        if is_first or block.text.startswith("# certbot "):
            commands = list(lines_of(block))
            ways.setdefault(re.findall(r"nginx|apache|caddy", commands[0])[0], []).extend(commands)
    return ways


def later_commands() -> str:
    """Return the script with the commands of the guide for after the first answer."""
    text = GUIDE.read_text(encoding="utf-8")
    section = text.partition("### After the first three minutes\n")[2].partition("\n## ")[0]
    inline = re.findall(r"`((?:runuser|systemctl) [^`]+)`", section)
    check = [c for b in blocks(GUIDE, "console") for c in lines_of(b) if " conformance " in c]
    asked = "http://127.0.0.1:4243/mail/config-v1.1.xml?emailaddress=a@example.net"

    def one(word: str) -> str:
        command: str
        (command,) = (line for line in inline if word in line)
        return command

    return LATER.format(
        conformance=check[0],
        doctor=one(" doctor "),
        upgrade=one(" db upgrade"),
        link=one(" admin link"),
        apply=one(" apply "),
        restart=one("restart waypost"),
        add=one(" domain add example.net "),
        export="runuser -u waypost -- waypost domain list",
        asked=asked,
    )


def machine_script(tmp: Path, network: MailNetwork) -> str:
    """Return the script that creates a machine on which the packages have been installed."""
    unit = dict(options(UNIT.read_text(encoding="utf-8")))
    version = sys.version_info
    systemctl = SYSTEMCTL.format(
        home=f"/var/lib/{unit['StateDirectory']}",
        state=unit["StateDirectory"],
        user=unit["User"],
        command=unit["ExecStart"],
    )
    packages = PACKAGES.format(trust="/opt/trust.pem", certbot=network.certbot, systemctl=systemctl)
    return "\n".join(
        [
            machine(tmp),
            f"cp {network.trust} /opt/trust.pem",
            packages,
            PIP.format(interpreter=f"python{version.major}.{version.minor}"),
            "ln -s /opt/waypost/bin/waypost /usr/local/bin/waypost",
            "mkdir -p /etc/systemd/system; rm -f /etc/systemd/system/waypost.service",
        ]
    )


@pytest.mark.parametrize("web_server", INSTALLED)
def test_three_commands(web_server: str, network: MailNetwork, tmp_path: Path) -> None:
    """The guide's three commands give an answer over TLS that names the mail servers."""
    programs, installed = INSTALLED[web_server]
    require(programs=programs)
    let_others_enter(tmp_path)
    first, *others = guide_blocks()[web_server]
    assert first.startswith("apt install ./waypost.deb ")
    assert len(others) == 2
    ca = "/opt/trust.pem"
    if web_server == "caddy":
        ca = "/var/lib/caddy/.local/share/caddy/pki/authorities/local/root.crt"
    others = [with_web_server(command, web_server) for command in others]
    script = [machine_script(tmp_path, network), installed, *others]
    cpu_before = children_cpu_seconds()
    script += [FIRST_ANSWER.format(ca=ca, asked=ASKED)]
    script += [later_commands()] if web_server == "nginx" else []
    script += ["kill $(cat /run/waypost.pid)"]
    said = run_in_network(tmp_path, "\n".join(script))
    assert "status 200" in said, said
    answer, _, later = said.partition("status 200")[2].partition("== conformance")
    assert f"<hostname>imap.{DOMAIN}</hostname>" in answer
    assert f"<hostname>smtp.{DOMAIN}</hostname>" in answer
    cpu_seconds = children_cpu_seconds() - cpu_before
    seconds = answer.partition(" after ")[2].partition("\n")[0]
    print(f"\n{web_server}: {seconds} to the first answer")  # noqa: T201 -- a figure
    # Together with other tests it takes longer, but uses the processor no longer.
    assert cpu_seconds < MINUTES * 60
    if web_server == "nginx":
        check_later(later)


def check_later(said: str) -> None:
    """Check what the commands for after the first answer have printed."""
    conformance, _, rest = said.partition("== doctor")
    doctor, _, rest = rest.partition("== link")
    link, _, database = rest.partition("== database")
    for report in (conformance, doctor):
        assert "Thunderbird" in report, said
    assert "http://127.0.0.1:4244/admin/sign-in?link=" in link
    assert "other domain 200" in database
    assert {"example.com", "example.net"} <= set(database.split()), said


def children_cpu_seconds() -> float:
    """Return for how long the programs of this process used the processor, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def with_web_server(command: str, web_server: str) -> str:
    """Return a command of the guide with its web server: this machine has several."""
    if command.startswith("waypost init"):
        return f"{command} --web-server {web_server}"
    return command
