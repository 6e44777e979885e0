"""The keys that providers inherit."""

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.model import HTTP_BASIC, OAUTH2, Domain, Format, Logo, UrlEndpoint, Webmail
from waypost.providers_file.load import read_providers

FILE = """
[defaults]
documentation = [{ url = "https://help.example/" }]
enable = [{ url = "https://enable.example/" }]
update_url = "https://update.example/"
contacts = ["mailto:help@default.example"]
developer_url = "https://developer.example/"
logos = [{ url = "https://logo.example/", content_type = "image/png" }]
webmail = "https://default.example/"
ldapserver = 7
subaddress_separators = "+"
profile = { organization = "Default", days = 30 }
services = [{ type = "imap", host = "default.example" }]

[defaults.service]
login_name = "%EMAILLOCALPART%"
authentication = "OAuth2"
formats = ["autoconfig", "dns"]

[[template]]
name = "Base"
subaddress_separators = ""
webmail = "https://base.example/"
profile = { organization = "Base" }
documentation = []
services = [{ type = "imap", host = "base.example" }, { type = "ews", url = "https://e.example/" }]

[[provider]]
name = "Default"
domains = ["default.example"]

[[provider]]
name = "Heir"
extends = "Base"
domains = ["heir.example", { name = "other.example", ldapserver = 8 }]

[[provider]]
name = "Grandchild"
extends = "Heir"
ldapserver = 8
domains = ["grandchild.example"]

[[provider]]
name = "Own"
extends = "Grandchild"
domains = ["own.example", "own.test"]
services = [
  { type = "imap", host = "own.example", login_name = "", formats = ["pacc"] },
  { type = "imap", host = "own.test", domains = ["own.test"] },
]

[[provider]]
name = "Heir of some"
extends = "Own"
domains = ["some.example"]

[[ldapserver]]
id = 7
name = "a.example"
search_base = ""

[[ldapserver]]
id = 8
name = "b.example"
search_base = ""
"""


def domains() -> dict[str, Domain]:
    """Read the file, by the name of the domain."""
    found = read_providers(FILE, name="f", format="toml").catalog.domains
    return {one.pattern.text: one for one in found}


def hosts(domain: Domain) -> list[str]:
    """Return where the services of a domain are."""
    return [getattr(one.endpoint, "host", "url") for one in domain.services]


INHERITED = [
    # domain, hosts, directory server, pages
    ("default.example", ["default.example"], 7, 1),
    ("heir.example", ["base.example", "url"], 7, 0),
    ("other.example", ["base.example", "url"], 8, 0),
    ("grandchild.example", ["base.example", "url"], 8, 0),
    ("own.example", ["own.example"], 8, 0),
    ("own.test", ["own.example", "own.test"], 8, 0),
    ("some.example", ["own.example"], 8, 0),
]


@pytest.mark.parametrize(("name", "expected", "server", "pages"), INHERITED)
def test_nearest_table_wins(name: str, expected: list[str], server: int, pages: int) -> None:
    """Each key comes as a whole from the provider, what it extends, or the defaults."""
    found = domains()[name]
    assert hosts(found) == expected
    assert found.users is not None
    assert found.users.directory.label == f"ldapserver-{server}"
    assert len(found.provider.documentation) == pages


def test_other_pages_are_inherited() -> None:
    """`enable`, `webmail` and `update_url` come from the nearest table that sets them."""
    default, heir = domains()["default.example"].provider, domains()["heir.example"].provider
    assert (default.subaddress_separators, heir.subaddress_separators) == ("+", "")
    assert default.webmail == Webmail("https://default.example/")
    assert heir.webmail == Webmail("https://base.example/")
    assert (default.profile.organization, default.profile.days) == ("Default", 30)
    assert (heir.profile.organization, heir.profile.days) == ("Base", None), "it comes whole"
    for provider in (default, heir):
        assert [page.url for page in provider.enable] == ["https://enable.example/"]
        assert provider.update_url == "https://update.example/"
        assert provider.contacts == ("mailto:help@default.example",)
        assert provider.developer_url == "https://developer.example/"
        assert provider.logos == (Logo("https://logo.example/", "image/png"),)


def test_defaults_of_services() -> None:
    """A service inherits missing keys; a service with a URL keeps HTTP's authentication."""
    host, url = domains()["heir.example"].services
    assert (host.login_name, host.authentication) == ("%EMAILLOCALPART%", (OAUTH2,))
    assert isinstance(url.endpoint, UrlEndpoint)
    assert (url.login_name, url.authentication) == ("%EMAILLOCALPART%", (HTTP_BASIC,))
    own = domains()["own.example"].services[0]
    assert own.login_name is None
    assert (host.formats, url.formats, own.formats) == (
        frozenset({Format.AUTOCONFIG, Format.DNS}),
        frozenset({Format.AUTOCONFIG, Format.DNS}),
        frozenset({Format.PACC}),
    )


P = '[[provider]]\nname = "P"\n'
BAD = [
    # text, the only problem
    (f'{P}extends = "Q"', "f: provider[0].extends: no template or provider has this name"),
    (
        f'[[template]]\nname = "Hosted"\n{P}extends = "Hoted"',
        'f: provider[0].extends: no template or provider has this name; did you mean "Hosted"?',
    ),
    (
        f'{P}extends = "P"',
        "f: provider[0].extends: forms a loop, because provider[0] extends this one",
    ),
    (f'{P}{P}[[provider]]\nname = "X"\nextends = "P"', "f: provider[2].extends: several have"),
    (f"{P}extends = 1", "f: provider[0].extends: must be a string"),
    ('[[template]]\nname = "T"\ndomains = []', "f: template[0].domains: unknown key"),
    ("[[template]]\nservices = []", "f: template[0].name: is missing"),
    (
        '[[template]]\nname = "T"\n[[template]]\nname = "T"',
        "f: template[1].name: is also the name of template[0]; names must be unique",
    ),
    (
        f'[[template]]\nname = "T"\nservices = [{{ type = "imap" }}]\n{P}extends = "T"',
        "f: template[0].services[0].host: is missing",
    ),
    ('[defaults]\nservices = [{ type = "imap" }]', "f: defaults.services[0].host: is missing"),
    ("[defaults]\nname = 'X'", "f: defaults.name: unknown key"),
    ("[defaults]\nservice = 1", "f: defaults.service: must be a table, not a whole number"),
    ("[defaults]\nldapserver = 3", "f: defaults.ldapserver: there is no [[ldapserver]]"),
    ("[defaults.service]\nhost = 'x'", "f: defaults.service.host: unknown key"),
    (
        f'[defaults.service]\npriority = "x"\n{P}services = [{{ type = "imap", host = "a" }}]',
        "f: defaults.service.priority: must be a whole number",
    ),
    (
        f'[defaults.service]\nformats = ["x"]\n{P}services = [{{ type = "imap", host = "a" }}]',
        "f: defaults.service.formats[0]: unknown format; use one of autoconfig",
    ),
]


@pytest.mark.parametrize(("text", "problem"), BAD)
def test_mistakes(text: str, problem: str) -> None:
    """A mistake is reported once, at its own path, however many providers inherit it."""
    with pytest.raises(ProvidersError) as caught:
        read_providers(text, name="f", format="toml")
    (found,) = caught.value.problems
    assert found.startswith(problem)


def test_loop_of_three() -> None:
    """A loop is reported at each of its entries, and does not stop the reading."""
    text = "".join(
        f'[[provider]]\nname = "{name}"\nextends = "{other}"\n'
        for name, other in (("A", "B"), ("B", "C"), ("C", "A"))
    )
    with pytest.raises(ProvidersError) as caught:
        read_providers(text, name="f", format="toml")
    assert len(caught.value.problems) == 3
    assert all("forms a loop" in problem for problem in caught.value.problems)
