"""The library renders the golden answers."""

import re

import pytest

from tests.golden.cases import PACC, Case, cases
from waypost import api

RENDERERS = {
    "autoconfig.xml": api.render_autoconfig,
    "autodiscover.xml": api.render_autodiscover,
    "activesync.xml": api.render_activesync,
    "mobileconfig.plist": api.render_mobileconfig,
    PACC: api.render_pacc,
}
OF_DOMAINS = {PACC}


def answers(case: Case, file: str) -> dict[str, bytes]:
    """Return the file of a case for one format, as the library renders it."""
    providers = api.parse_providers((case.folder / "providers.toml").read_text(encoding="utf-8"))
    asked = case.asked()
    wanted: str = asked.get("address") or asked["domain"]
    domain = wanted.rpartition("@")[2]
    try:
        if file == "dns.zone":
            url = "https://waypost.example.net"
            config = api.config_for(providers, domain)  # a redirect is a refusal in this folder
            assert config.address is None
            return {file: api.render_dns(api.dns_records(providers, domain, public_url=url))}
        config = api.config_for(
            providers, domain if file in OF_DOMAINS else wanted, display_name=asked.get("name")
        )
        if file == "mobileconfig.plist":
            return {file: api.render_mobileconfig(config, aliases=case.aliases())}
        return {file: RENDERERS[file](config)}
    except (api.DomainNotServed, api.NoUsableService, api.ServiceNotOffered) as error:
        return {f"{file}.refusal": f"{error.code}\n".encode()}


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_golden(case: Case) -> None:
    """Each format has the same bytes, or the same refusal, as the golden file."""
    for file in [*RENDERERS, "dns.zone"]:
        if stored := case.stored(file):
            assert answers(case, file) == stored, file


def test_every_format_has_golden_answers() -> None:
    """The comparison is not empty for any format."""
    for file in [*RENDERERS, "dns.zone"]:
        names = {name for case in cases() for name in case.stored(file)}
        assert {re.sub(r"\.refusal$", "", name) for name in names} == {file}
        assert file in names
