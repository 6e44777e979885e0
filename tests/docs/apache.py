"""Apache with one site, run as an ordinary process."""

from collections.abc import Sequence
from pathlib import Path

from tests.servers.requirements import program

_FOLDER = "/usr/lib/apache2/modules"
_MODULES = (
    *("mpm_event", "authz_core", "authz_host", "access_compat"),
    *("headers", "proxy", "proxy_http", "ssl"),
)


def apache(folder: Path, site: str, places: Sequence[str]) -> list[str]:
    """Write the configuration of a site, and return the command that runs Apache with it.

    Args:
        folder: for its files.
        site: its virtual hosts.
        places: the addresses with ports that Apache listens on.
    """
    lines = [
        *(f"LoadModule {name}_module {_FOLDER}/mod_{name}.so" for name in _MODULES),
        *(f"Listen {place}" for place in places),
        f"DefaultRuntimeDir {folder}",
        f"PidFile {folder}/pid",
        f"ErrorLog {folder}/error.log",
        "ServerName localhost",
        "User www-data",
        "Group www-data",
        site,
    ]
    configuration = folder / "apache.conf"
    configuration.write_text("\n".join(lines), encoding="utf-8")
    return [program("apache2"), "-d", f"{folder}", "-f", f"{configuration}", "-DFOREGROUND"]
