"""The mistakes that a providers file can have, and their messages."""

import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from waypost.core.errors import ProvidersError
from waypost.providers_file import document
from waypost.providers_file.document import FileFormat
from waypost.providers_file.load import read_providers, read_providers_path


def problems(text: str, form: FileFormat = "toml") -> tuple[str, ...]:
    """Return what is wrong with a text."""
    with pytest.raises(ProvidersError) as caught:
        read_providers(text, name="f", format=form)
    return caught.value.problems


BAD_SERVICES = [
    # service, path in the service, rule
    ('host = "h.example"', "type", "is missing"),
    ('type = 1, host = "h.example"', "type", "must be a string, not a whole number"),
    ('type = "imapp", host = "h.example"', "type", "unknown service type; did you mean imap?"),
    ('type = "imap"', "host", "is missing"),
    (
        'type = "imap", host = "h.example", url = "https://a.example/"',
        "url",
        "has a host, not a URL",
    ),
    ('type = "caldav"', "url", "is missing"),
    ('type = "caldav", url = "https://a.example/", host = "a.example"', "host", "has only a URL"),
    ('type = "caldav", url = "https://a.example/", port = 443', "port", "has only a URL"),
    ('type = "imap", host = "a", hosst = "b"', "hosst", "unknown key; did you mean host?"),
    ('type = "imap", host = ""', "host", "must not be empty"),
    ('type = "imap", host = "a b.example"', "host", "contains a space"),
    ('type = "imap", host = " h.example"', "host", "begins or ends with a space"),
    ('type = "imap", host = "https://h.example"', "host", "without https:// and without a path"),
    ('type = "imap", host = "h.example/x"', "host", "without https:// and without a path"),
    ('type = "imap", host = "h.example:993"', "host", "write the port as `port = ...`"),
    ('type = "imap", host = "a_b.example"', "host", "letters, digits and inner hyphens"),
    ('type = "imap", host = "192.0.2.256"', "host", "ends in a number"),
    ('type = "imap", host = "fe80::1%eth0"', "host", "write the port"),
    ('type = "imap", host = "%EMAILUSER%.example"', "host", "%EMAILUSER% is not a placeholder"),
    ('type = "imap", host = "%EMAILADDRESS%"', "host", "letters, digits and inner hyphens"),
    (f'type = "imap", host = "{"a." * 64}b"', "host", "is longer than 128 characters"),
    ('type = "imap", host = "h.example\\u0000"', "host", "contains a control character"),
    ('type = "imap", host = "h.example", port = 0', "port", "a whole number from 1 to 65535"),
    ('type = "imap", host = "h.example", port = 65536', "port", "from 1 to 65535"),
    ('type = "imap", host = "h.example", port = "993"', "port", "not a string"),
    ('type = "imap", host = "h.example", port = true', "port", "not true or false"),
    ('type = "imap", host = "h.example", port = 9.5', "port", "not a number with a fraction"),
    ('type = "imap", host = "h.example", port = 2001-01-01', "port", "not a date or a time"),
    ('type = "imap", host = "h.example", security = "ssl"', "security", "use one of tls, starttls"),
    ('type = "smtp", host = "h.example", port = 2525', "security", "port 2525 does not imply"),
    (
        'type = "imap", host = "h.example", port = 993, security = "starttls"',
        "port",
        'port 993 starts with TLS: set security = "tls", or use another port',
    ),
    ('type = "imap", host = "h.example", port = 993, security = "none"', "port", "starts with TLS"),
    ('type = "pop3", host = "h.example", port = 995, security = "none"', "port", "starts with TLS"),
    (
        'type = "pop3", host = "h.example", port = 995, security = "starttls"',
        "port",
        "starts with TLS",
    ),
    ('type = "caldav", url = "/dav"', "url", "must be an absolute URL"),
    ('type = "caldav", url = "ftp://a.example/"', "url", "must be an absolute URL"),
    ('type = "caldav", url = "https:///dav"', "url", "must be an absolute URL"),
    ('type = "caldav", url = "https://u:p@a.example/"', "url", "must not contain a user name"),
    ('type = "caldav", url = "https://u@a.example/"', "url", "must not contain a user name"),
    ('type = "caldav", url = "https://a.example/#x"', "url", "must not have a fragment"),
    ('type = "caldav", url = "https://a.example/#"', "url", "must not have a fragment"),
    ('type = "caldav", url = "https://a.example/ x"', "url", "contains a space"),
    ('type = "caldav", url = "https://a.example/<x>"', "url", "must be percent-encoded"),
    ('type = "caldav", url = "https://a.example/\u00fc"', "url", "must be percent-encoded"),
    ('type = "caldav", url = "https://a.example:99999/"', "url", "is not a URL"),
    ('type = "caldav", url = "https://a.example:0/"', "url", "has port 0"),
    ('type = "caldav", url = "https://[::1/"', "url", "is not a URL"),
    ('type = "caldav", url = "https://a_b.example/"', "url", "a host that is not a host name"),
    (f'type = "caldav", url = "https://a.example/{"x" * 128}"', "url", "longer than 128"),
    ('type = "ldap"', "url", "is missing"),
    ('type = "ldap", url = "ldaps://a.example/dc=x??sub", port = 636', "port", "has only a URL"),
    ('type = "ldap", url = "https://a.example/dc=x"', "url", "begins with ldaps:// or ldap://"),
    ('type = "ldap", url = "ldapi:///dc=x"', "url", "begins with ldaps:// or ldap://"),
    ('type = "ldap", url = "ldaps:///dc=x"', "url", "must be an absolute URL"),
    ('type = "ldap", url = "ldaps://a.example/dc=x??all"', "url", "an unknown scope; use one of"),
    ('type = "ldap", url = "ldaps://a.example/dc=x?cn?sub"', "url", "must not have attributes"),
    ('type = "ldap", url = "ldaps://a.example/dc=x??sub?(a=b)"', "url", "must not have attributes"),
    ('type = "ldap", url = "ldaps://a.example/dc=x????!b=x"', "url", "must not have attributes"),
    ('type = "ldap", url = "ldaps://u@a.example/dc=x"', "url", "must not contain a user name"),
    ('type = "ldap", url = "ldaps://a.example:0/dc=x"', "url", "has port 0"),
    ('type = "ldap", url = "ldaps://a.example/ou=a b"', "url", "contains a space"),
    ('type = "caldav", url = "ldaps://a.example/dc=x"', "url", "begins with https:// or http://"),
    ('type = "imap", host = "h.example", login_name = "a\\nb"', "login_name", "a line break"),
    (
        f'type = "imap", host = "h.example", login_name = "{"x" * 65}"',
        "login_name",
        "longer than 64",
    ),
    (
        'type = "imap", host = "h.example", login_name = "%EMAILLOCALPART%\\u200b"',
        "login_name",
        "contains the invisible character U+200B ZERO WIDTH SPACE",
    ),
    ('type = "imap", host = "h.example", login_name = 5', "login_name", "not a whole number"),
    ('type = "imap", host = "h.example", priority = -1', "priority", "a whole number from 0 to"),
    ('type = "imap", host = "h.example", domain_required = 1', "domain_required", "true or false"),
    (
        'type = "imap", host = "h.example", formats = "dns"',
        "formats",
        "must be a list, not a string",
    ),
    (
        'type = "imap", host = "h.example", formats = []',
        "formats",
        "remove it for all of",
    ),
    (
        'type = "imap", host = "h.example", formats = ["dns", 1]',
        "formats[1]",
        "a string, not a whole",
    ),
    ('type = "imap", host = "h.example", formats = ["dns", ""]', "formats[1]", "unknown format"),
    (
        'type = "imap", host = "h.example", formats = [{}]',
        "formats[0]",
        "must be a string, not a table",
    ),
    ('type = "imap", host = "h.example", formats = ["DNS", "dns"]', "formats[1]", "appears twice"),
    (
        'type = "imap", host = "h.example", formats = ["activesync"]',
        "formats[0]",
        "unknown format; use one of autoconfig, autodiscover, mobileconfig, pacc, dns",
    ),
    ('type = "imap", host = "h.example", authentication = []', "authentication", "is empty"),
    ('type = "imap", host = "h.example", authentication = 1', "authentication", "must be a list"),
    ('type = "imap", host = "h.example", authentication = "magic"', "authentication", "unknown"),
    ('type = "imap", host = "h.example", authentication = [1]', "authentication[0]", "a string"),
    (
        'type = "imap", host = "h.example", authentication = ["ntlm", "NTLM"]',
        "authentication",
        "twice",
    ),
    ('type = "imap", host = "h.example", authentication = "http:a b"', "authentication", "unknown"),
    ('type = "imap", host = "h.example", authentication = "sasl:"', "authentication", "unknown"),
    ('type = "imap", host = "h.example", domains = []', "domains", "is empty"),
    ('type = "imap", host = "h.example", domains = "*"', "domains", "must be a list"),
    ('type = "imap", host = "h.example", domains = [1]', "domains[0]", "must be a string"),
    ('type = "imap", host = "h.example", domains = ["a..b"]', "domains[0]", "empty label"),
    (
        'type = "imap", host = "h.example", domains = ["Example.com", "example.com"]',
        "domains[1]",
        "appears twice",
    ),
    (
        'type = "imap", host = "h.example", domains = ["example.net"]',
        "domains",
        "example.net is not one of this provider's domains",
    ),
]


@pytest.mark.rule("autoconfig-port", "autoconfig-no-space")
@pytest.mark.parametrize(("service", "path", "rule"), BAD_SERVICES)
def test_bad_services(service: str, path: str, rule: str) -> None:
    """A mistake in a service is reported once, with its path and the broken rule."""
    text = (
        '[[provider]]\nname = "X"\n[[provider]]\nname = "Y"\ndomains = ["example.com"]\n'
        f'services = [{{ type = "imap", host = "ok.example" }}, {{ {service} }}]\n'
    )
    (problem,) = problems(text)
    assert problem.startswith(f"f: provider[1].services[1].{path}: ")
    assert rule in problem


P = '[[provider]]\nname = "X"\n'
W = f"{P}webmail = {{ url = 'https://a.example', login = "
L = f"{W}{{ url = 'https://a.example'"
BAD_FILES = [
    # text, problem
    ("", "f: there is no provider; begin with [[provider]]"),
    ("# nothing\n", "f: there is no provider; begin with [[provider]]"),
    ("[provider]\nname = 'X'", "f: provider: must be a list, not a table"),
    ("provider = ['X']", "f: provider[0]: must be a table, not a string"),
    ("[[provider]]", "f: provider[0].name: is missing"),
    ("[[provider]]\nname = ''", "f: provider[0].name: must not be empty"),
    ("[[provider]]\nname = 'X '", "f: provider[0].name: begins or ends with a space"),
    ("[[provider]]\nname = ' '", "f: provider[0].name: must not be empty"),
    (f"[[provider]]\nname = '{'x' * 129}'", "f: provider[0].name: is longer than 128 characters"),
    (f"{P}short_name = '{'x' * 33}'", "f: provider[0].short_name: is longer than 32 characters"),
    ('[[provider]]\nname = "a\\u0007b"', "f: provider[0].name: contains a control character"),
    ('[[provider]]\nname = "a\\uFFFEb"', "f: provider[0].name: contains a control character"),
    ('[[provider]]\nname = "a\\u0085b"', "f: provider[0].name: contains a control character"),
    ("[[providers]]\nname = 'X'\n[[ldapserver]]\nid=1\nname='a'\nsearch_base=''", "f: providers:"),
    (f"{P}domain = ['a']", "f: provider[0].domain: unknown key; did you mean domains?"),
    (f"{P}'a b' = 1", "f: provider[0].'a b': unknown key; use one of name, "),
    (f"{P}domains = 'a'", "f: provider[0].domains: must be a list, not a string"),
    (f"{P}domains = [1]", "f: provider[0].domains[0]: must be a string or a table with a name"),
    (f"{P}domains = ['a..b']", "f: provider[0].domains[0]: the domain has an empty label"),
    (f"{P}domains = ['a.*']", "f: provider[0].domains[0]: a * "),
    (f"{P}domains = ['alice@example.com']", "f: provider[0].domains[0]: a label of the domain"),
    (f"{P}domains = ['{'a.' * 64}b']", "f: provider[0].domains[0]: is longer than 128"),
    (f"{P}domains = [{{}}]", "f: provider[0].domains[0].name: is missing"),
    (f"{P}domains = [{{ name = 'a', ldap = 1 }}]", "f: provider[0].domains[0].ldap: unknown key"),
    (
        f"{P}domains = [{{ name = 'a', ldapserver = 1 }}]",
        "f: provider[0].domains[0].ldapserver: there is no [[ldapserver]] with id = 1",
    ),
    (
        f"{P}domains = ['b\u00fccher.example', 'XN--bcher-kva.example.']",
        "f: provider[0].domains[1]: xn--bcher-kva.example is also at provider[0].domains[0]",
    ),
    (
        f"{P}domains = ['*.a']\n{P}domains = ['*.A']",
        "f: provider[1].domains[0]: *.a is also at provider[0].domains[0]",
    ),
    (f"{P}services = 1", "f: provider[0].services: must be a list, not a whole number"),
    (f"{P}services = ['imap']", "f: provider[0].services[0]: must be a table, not a string"),
    (f"{P}documentation = [{{}}]", "f: provider[0].documentation[0].url: is missing"),
    (
        f"{P}documentation = [{{ url = 'x' }}]",
        "f: provider[0].documentation[0].url: must be an absolute URL",
    ),
    (
        f"{P}documentation = [{{ url = 'https://a.example', descriptions = 'x' }}]",
        "f: provider[0].documentation[0].descriptions: must be a table, not a string",
    ),
    (
        f"{P}documentation = [{{ url = 'https://a.example', descriptions = {{ 'e n' = 'x' }} }}]",
        "f: provider[0].documentation[0].descriptions: has a key that is not a language",
    ),
    (
        f"{P}documentation = [{{ url = 'https://a.example', descriptions = {{ en = 1 }} }}]",
        "f: provider[0].documentation[0].descriptions.en: must be a string",
    ),
    (f"{P}enable = [{{}}]", "f: provider[0].enable[0].url: is missing"),
    (f"{P}enable = 'https://a.example'", "f: provider[0].enable: must be a list"),
    (f"{P}webmail = 'a.example'", "f: provider[0].webmail: must be an absolute URL"),
    (f"{P}webmail = 1", "f: provider[0].webmail: must be a string, not"),
    (f"{P}webmail = {{}}", "f: provider[0].webmail.url: is missing"),
    (f"{P}webmail = {{ page = 'x' }}", "f: provider[0].webmail.page: unknown key"),
    (f"{W}{{}} }}", "f: provider[0].webmail.login.url: is missing"),
    (
        f"{W}{{ url = 'http://a.example' }} }}",
        "f: provider[0].webmail.login.url: must begin with https://",
    ),
    (f"{L}, user = 'x' }} }}", "f: provider[0].webmail.login.user: unknown key"),
    (
        f"{L}, username = '%EMAIL_ADDRESS%' }} }}",
        "f: provider[0].webmail.login.username: %EMAIL_ADDRESS% is not a",
    ),
    (
        f"{L}, username = '%{{uid}}' }} }}",
        "f: provider[0].webmail.login.username: %{uid} cannot be used here",
    ),
    (f"{L}, login_button = 'x' }} }}", "f: provider[0].webmail.login.login_button: must be a"),
    (
        f"{L}, login_button = {{}} }} }}",
        "f: provider[0].webmail.login.login_button: is empty; known keys are id",
    ),
    (
        f"{L}, password_field = {{ id = ' ' }} }} }}",
        "f: provider[0].webmail.login.password_field.id: must not be empty",
    ),
    (f"{P}update_url = 'ftp://a.example'", "f: provider[0].update_url: must be an absolute URL"),
    (f"{P}logos = [{{}}]", "f: provider[0].logos[0].url: is missing"),
    (f"{P}logos = {{}}", "f: provider[0].logos: must be a list"),
    (
        f"{P}logos = [{{ url = 'http://a.example' }}]",
        "f: provider[0].logos[0].url: must begin with",
    ),
    (
        f"{P}logos = [{{ url = 'https://a.example/%EMAILADDRESS%' }}]",
        "f: provider[0].logos[0].url: must begin with https:// and be the same for all users",
    ),
    (
        f"{P}logos = [{{ content_type = 'text/html' }}]",
        "f: provider[0].logos[0].content_type: must be an image type",
    ),
    (
        f"{P}logos = [{{ content_type = 'image/png; q=1' }}]",
        "f: provider[0].logos[0].content_type: must be an image type",
    ),
    (
        f"{P}logos = [{{ width = 0 }}]",
        "f: provider[0].logos[0].width: must be a whole number",
    ),
    (
        f"{P}logos = [{{ height = 10001 }}]",
        "f: provider[0].logos[0].height: must be a whole",
    ),
    (f"{P}logos = [{{ depth = 8 }}]", "f: provider[0].logos[0].depth: unknown key"),
    (f"{P}developer_url = 'http://a.example'", "f: provider[0].developer_url: must begin with"),
    (f"{P}contacts = 'mailto:a@b.example'", "f: provider[0].contacts: must be a list"),
    (f"{P}subaddress_separators = ['+']", "f: provider[0].subaddress_separators: must be a string"),
    (
        f"{P}subaddress_separators = '+.'",
        "f: provider[0].subaddress_separators: each character must",
    ),
    (
        f"{P}subaddress_separators = 'x'",
        "f: provider[0].subaddress_separators: each character must",
    ),
    (
        f"{P}subaddress_separators = '+ -'",
        "f: provider[0].subaddress_separators: each character must",
    ),
    (f"{P}subaddress_separators = ' '", "f: provider[0].subaddress_separators: must not be empty"),
    (f"{P}contacts = [1]", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}contacts = ['a@b.example']", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}contacts = ['mailto:a@b.example?bcc=c']", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}contacts = ['mailto:b.example']", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}contacts = ['tel:030123']", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}contacts = ['http://a.example']", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}contacts = ['javascript:1']", "f: provider[0].contacts[0]: must be mailto:"),
    (f"{P}oauth2 = [{{}}]", "f: provider[0].oauth2[0]: is empty"),
    (
        f"{P}oauth2 = [{{ issuer = 'x' }}]",
        "f: provider[0].oauth2[0].issuer: must be an absolute URL",
    ),
    (f"{P}oauth2 = [{{ scope = 1 }}]", "f: provider[0].oauth2[0].scope: must be a string"),
    (f"{P}oauth2 = [{{ scopes = 'x' }}]", "f: provider[0].oauth2[0].scopes: unknown key; did"),
]


@pytest.mark.parametrize(("text", "problem"), BAD_FILES)
def test_bad_files(text: str, problem: str) -> None:
    """A mistake in a provider is reported with its path and the broken rule."""
    assert any(one.startswith(problem) for one in problems(text)), problems(text)


L = "[[ldapserver]]\nid = 1\nname = 'ldap.example.com'\nsearch_base = 'dc=x'\n"
BAD_SERVERS = [
    # text, problem
    ("[[ldapserver]]\nname = 'a'\nsearch_base = 'x'", "f: ldapserver[0].id: is missing"),
    ("[[ldapserver]]\nid = 1\nsearch_base = 'x'", "f: ldapserver[0].name: is missing"),
    ("[[ldapserver]]\nid = 1\nname = 'a'", "f: ldapserver[0].search_base: is missing"),
    (f"{L}{L}", "f: ldapserver[1].id: 1 is also at ldapserver[0].id; ids must be unique"),
    (f"{L}port = 0", "f: ldapserver[0].port: must be a whole number from 1 to 65535"),
    (f"{L}use_ssl = 'yes'", "f: ldapserver[0].use_ssl: must be true or false, not a string"),
    (f"{L}search_filter = '(mail=x)'", "f: ldapserver[0].search_filter: must contain {0}"),
    (f"{L}attr_uid = 'a b'", "f: ldapserver[0].attr_uid: is not an attribute name"),
    (f"{L}attr_cn = 'a=b'", "f: ldapserver[0].attr_cn: is not an attribute name"),
    (f"{L}bind_pasword = 'x'", "f: ldapserver[0].bind_pasword: unknown key; did you mean bind_pa"),
]


@pytest.mark.parametrize(("text", "problem"), BAD_SERVERS)
def test_bad_directory_servers(text: str, problem: str) -> None:
    """A mistake in a directory server is reported once, with its path and the broken rule."""
    (found,) = problems(text)
    assert found.startswith(problem)


BAD_SYNTAX: list[tuple[FileFormat, str, str]] = [
    # format, text, problem
    ("toml", "[[provider]]\nname = \n", "f: line 2, column 8: not TOML: Invalid value"),
    ("toml", "[[provider]]\nname = 'X", "f: line 2: not TOML: "),
    ("toml", "a = 1\na = 2\n", "f: line 2, column 6: not TOML: Cannot overwrite a value"),
    ("json", '{"provider": [}', "f: line 1, column 15: not JSON: Expecting value"),
    ("json", "", "f: line 1, column 1: not JSON: Expecting value"),
    ("json", "[]", "f: the top level must be a table"),
    ("json", "null", "f: the top level must be a table"),
    ("json", '{"provider": [{"name": "X", "name": "Y"}]}', "f: the key 'name' appears twice"),
    ("json", '{"provider": NaN}', "f: NaN is not JSON"),
    ("json", f'{{"a": {"9" * 5000}}}', "f: not JSON: a number is too long"),
    ("toml", ".".join("a" * 15_000) + " = 1", "f: line 1, column 1: not TOML: a key has more than"),
    ("toml", "".join(f"[a{n}]\n" for n in range(300_000)), "f: line 20001, column 2: not TOML: th"),
    (
        "json",
        "{" + ", ".join(f'"a{n}": 1' for n in range(100_000)) + ', "a99999": 1}',
        "f: the key 'a99999' appears twice",
    ),
    ("json", '{"a": ' * 100_000, "f: tables or lists are nested too deeply"),
    ("json", "[" * 100_000, "f: tables or lists are nested too deeply"),
    ("toml", f"a = {'[' * 100_000}", "f: line 1, column 69: not TOML: tables or lists"),
]


@pytest.mark.slow
def test_very_many_unknown_keys() -> None:
    """Very many unknown keys are all counted, and only the first get a suggestion."""
    text = "".join(f"a{number} = 1\n" for number in range(100_000))
    found = problems(text, "toml")
    assert len(found) == 1001
    assert found[0].startswith("f: a0: unknown key; use one of provider, ")
    assert found[-1] == "f: and 99001 more mistakes"


@pytest.mark.parametrize(("form", "text", "problem"), BAD_SYNTAX)
def test_bad_syntax(form: FileFormat, text: str, problem: str) -> None:
    """A mistake in the syntax is reported with line and column if they are known."""
    (found,) = problems(text, form)
    assert found.startswith(problem)


def test_all_mistakes_at_once() -> None:
    """Mistakes of several kinds in several places are reported together, in order."""
    text = f"""
        colour = "red"
        {P} short_name = 5
        domains = ["a..b", "example.com"]
        services = [{{ type = "imap" }}, {{ type = "x", host = "a" }}]
        {P} domains = ["example.com"]
    """
    assert [problem.split(": ")[1] for problem in problems(text)] == [
        "colour",
        "provider[0].short_name",
        "provider[0].domains[0]",
        "provider[0].services[0].host",
        "provider[0].services[1].type",
        "provider[1].domains[0]",
    ]


LINES = [
    # text, end of the message about the second provider
    (f"{P}[[provider]]\n", " (this provider begins on line 3)"),
    (f"# x\n\n{P}\n  [[ provider ]] # y\n", " (this provider begins on line 6)"),
    (f'{P}domains = [\n"""\n[[provider]]\n"""]\n[[provider]]\n', "is missing"),
    ("provider = [{ name = 'X' }, {}]", "is missing"),
]


@pytest.mark.parametrize(("text", "end"), LINES)
def test_lines_of_providers(text: str, end: str) -> None:
    """A mistake in a provider has the line where the provider begins, if that is certain."""
    (found,) = [problem for problem in problems(text) if "provider[1].name" in problem]
    assert found.endswith(end)


def test_list_of_mistakes_is_bounded() -> None:
    """A file full of mistakes results in a bounded list with the number of further mistakes."""
    found = problems(json.dumps({"provider": [{}] * 5000}), "json")
    assert len(found) == 1001
    assert found[-1] == "f: and 4000 more mistakes"


def test_mistakes_never_show_passwords() -> None:
    """A message about a bind password does not contain the password."""
    assert "hunter2" not in "".join(problems(f'{L}bind_password = "hunter2\\u0007"'))


BAD_BYTES = [
    # bytes, problem
    (b"name = '\xff'", "line 1: is not UTF-8; save it as UTF-8"),
    ("# \u00fc\n".encode() + "# \u00fc".encode("latin-1"), "line 2: is not UTF-8"),
    ("[[provider]]".encode("utf-16"), "line 1: is not UTF-8"),
    (b"#\n# \0", "line 2: contains a NUL character"),
]


@pytest.mark.parametrize(("raw", "problem"), BAD_BYTES)
def test_bad_bytes(tmp_path: Path, raw: bytes, problem: str) -> None:
    """A file that is not UTF-8 text is refused with its path and the line."""
    path = tmp_path / "mail.toml"
    path.write_bytes(raw)
    with pytest.raises(ProvidersError) as caught:
        read_providers_path(path)
    assert str(caught.value).startswith(f"{path}: {problem}")
    with pytest.raises(ProvidersError) as by_line:
        document.check_text(raw, f"{path}")
    assert str(by_line.value) == str(caught.value)


def test_check_by_line() -> None:
    """Text is checked without a copy of the whole of it; a byte order mark is text, too."""
    raw = b"\xef\xbb\xbf" + "example.com,\u00fc\n".encode() * 50_000
    tracemalloc.start()
    try:
        document.check_text(raw, "x.csv")
        assert tracemalloc.get_traced_memory()[1] < len(raw) // 10
    finally:
        tracemalloc.stop()


def test_huge_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file over the limit is refused before it is parsed."""
    monkeypatch.setattr(document, "MAX_BYTES", 2 * 1024 * 1024)
    path = tmp_path / "mail.toml"
    path.write_bytes(b"#" * (2 * 1024 * 1024 + 1))
    with pytest.raises(ProvidersError, match="is larger than 2 MiB; split it"):
        read_providers_path(path)


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_unreadable_file(tmp_path: Path, name: str) -> None:
    """A file that cannot be read is reported with its path and the system's reason."""
    path = tmp_path / name
    with pytest.raises(ProvidersError, match=r"cannot be read: (No such file|Is a directory)"):
        read_providers_path(path)


GOOD_FILES = [
    # name, text
    ("mail.toml", P),
    ("mail.json", '{"provider": [{"name": "X"}]}'),
    ("MAIL.JSON", '{"provider": [{"name": "X"}]}'),
    ("mail", '\n {"provider": [{"name": "X"}]}'),
    ("mail", P),
    ("mail.toml", f"\ufeff{P}"),
]


@pytest.mark.parametrize(("name", "text"), GOOD_FILES)
def test_formats_of_files(tmp_path: Path, name: str, text: str) -> None:
    """The suffix of a file, or its first character, selects the format; a BOM is ignored."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    (provider,) = read_providers_path(path).catalog.unused_providers
    assert provider.name == "X"


ANY_VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "provider",
                    "ldapserver",
                    "name",
                    "domains",
                    "services",
                    "type",
                    "host",
                    "url",
                    "id",
                ]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(data=ANY_VALUE)
@example(data={"provider": [{"name": "X", "services": [{"type": "imap", "host": "%%"}]}]})
@example(data={"ldapserver": [{"id": True}, {"id": 1}]})
def test_any_data_is_read_or_refused(data: object) -> None:
    """Any plain data result in a catalog or in a list of mistakes, and in nothing else."""
    found: tuple[str, ...] = ("f: none",)
    try:
        read_providers(json.dumps(data), name="f", format="json")
    except ProvidersError as error:
        found = error.problems
    assert found
    assert all(problem.startswith("f: ") for problem in found)


MANY = [
    # text, format, what is said
    ('{"a": [' + "[]," * 1_000_001 + "1]}", "json", "more than 1,000,000 lists and tables"),
    ('{"a": [' + "1," * 4_000_001 + "1]}", "json", "more than 4,000,000 commas"),
    ("a = [" + "{}," * 1_000_001 + "]", "toml", "more than 1,000,000 lists and tables"),
    ("[[a]]\n" * 500_001, "toml", "more than 1,000,000 lists and tables"),
]


@pytest.mark.parametrize(("text", "form", "said"), MANY, ids=[one[2] + one[1] for one in MANY])
def test_very_many_values(text: str, form: FileFormat, said: str) -> None:
    """A file with more values than any provider needs is refused before it is parsed."""
    with pytest.raises(ProvidersError, match=said):
        document.parse(text, "mail", form)
