"""Build catalogs for hypothesis, with all that a providers file can contain.

As much as possible is built once, and in one draw: a catalog has hundreds of parts.
"""

from datetime import date, datetime, time
from functools import cache
from pathlib import PurePosixPath

from hypothesis import strategies as st

from waypost.core.model import (
    ALL_FORMATS,
    CLIENT_IP_ADDRESS,
    GSSAPI,
    HOST_BASED,
    HTTP_BASIC,
    HTTP_DIGEST,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    AttributeRule,
    Authentication,
    AuthenticationSystem,
    Catalog,
    Directory,
    DirectoryKind,
    DirectoryLimits,
    DirectoryPolicy,
    Documentation,
    Domain,
    DomainPattern,
    FileDirectory,
    Format,
    FormField,
    HostEndpoint,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    LdapServer,
    Logo,
    OAuth2,
    PageSettings,
    Pop3Options,
    ProfileSettings,
    Provider,
    Redirect,
    Secret,
    Security,
    Service,
    ServiceType,
    SigningFiles,
    SqlDirectory,
    UnknownUser,
    UrlEndpoint,
    Webmail,
    WebmailLogin,
)
from waypost.core.text_rules import invisible_in, trimmed
from waypost.providers_file.ports import contradiction


@cache
def texts(max_chars: int) -> st.SearchStrategy[str]:
    """Build texts that formats can carry: no controls, no surrogates, no non-characters."""
    alphabet = st.characters(
        exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"),
        include_characters="\"\\'#[]{}=,%\u00fc\U0001f4ee",
    )
    text = st.text(alphabet, min_size=1, max_size=max_chars)
    return text.filter(lambda value: value == value.strip())


def _label(text: str) -> str:
    """Build a label of letters, digits and hyphens: first a letter, last not a hyphen."""
    return text.rstrip("-") if text[0].isalpha() else f"x{text[1:]}".rstrip("-")


LABELS = (
    st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=10)
    .map(_label)
    .filter(lambda label: label[2:4] != "--")
)
HOSTS = st.one_of(
    st.lists(LABELS, min_size=1, max_size=4).map(".".join),
    st.sampled_from(
        ["imap.%EMAILDOMAIN%", "%EMAILLOCALPART%.example.com", "xn--bcher-kva.example"]
    ),
    st.ip_addresses().map(str).filter(lambda text: "%" not in text),
)
URLS = st.builds(
    "{}://{}{}/{}".format,
    st.sampled_from(["https", "http", "HTTPS"]),
    LABELS,
    st.sampled_from(["", ":8443", ".example.com"]),
    st.sampled_from(["", "dav/%EMAILADDRESS%/", "?user=%EMAILLOCALPART%&a=%20", "~x/(a)"]),
)
LDAP_URLS = st.builds(
    "{}://{}{}{}".format,
    st.sampled_from(["ldaps", "ldap", "LDAPS"]),
    LABELS,
    st.sampled_from(["", ":1389", ".example.com"]),
    st.sampled_from(["", "/", "/ou=a%20b,dc=%EMAILDOMAIN%??sub", "/dc=x", "/dc=x??ONE"]),
)
METHODS = st.one_of(
    st.sampled_from(
        [
            *(PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED, NTLM, GSSAPI, TLS_CLIENT_CERT, OAUTH2),
            *(CLIENT_IP_ADDRESS, NO_AUTHENTICATION, HTTP_BASIC, HTTP_DIGEST),
        ]
    ),
    st.sampled_from(["PLAIN", "SCRAM-SHA-256-PLUS", "X_1"]).map(
        lambda name: Authentication(name, AuthenticationSystem.SASL)
    ),
    st.sampled_from(["Bearer", "Negotiate", "x"]).map(
        lambda name: Authentication(name, AuthenticationSystem.HTTP)
    ),
)
POP3_OPTIONS = st.builds(
    Pop3Options,
    st.none() | st.booleans(),
    st.none() | st.integers(0, 36500),
    st.none() | st.booleans(),
).filter(lambda options: options != Pop3Options())
ANY_POP3_OPTIONS = st.none() | POP3_OPTIONS
URL_TYPES = st.sampled_from(sorted((set(ServiceType) - HOST_BASED) | {ServiceType.XMPP}))
HOST_TYPES = st.sampled_from(sorted(HOST_BASED))
PORTS = st.sampled_from([25, 110, 143, 465, 587, 993, 995, 4190, 5222, 5223, 2525]) | st.integers(
    1, 65535
)
SOME_METHODS = st.lists(METHODS, min_size=1, max_size=3, unique=True).map(tuple)
LOGIN_NAMES = st.sampled_from([None, "%EMAILADDRESS%", "%EMAILLOCALPART%"]) | texts(64).filter(
    lambda text: invisible_in(text) is None and text == trimmed(text)
)
PRIORITIES = st.none() | st.integers(0, 2**31 - 1).filter(lambda number: number != 10)


FORMATS = st.just(ALL_FORMATS) | st.frozensets(st.sampled_from(list(Format)), min_size=1)


@cache
def _securities(port: int) -> st.SearchStrategy[Security]:
    return st.sampled_from([one for one in Security if contradiction(port, one) is None])


@st.composite
def services(draw: st.DrawFn) -> Service:
    """Build a valid service."""
    endpoint: HostEndpoint | UrlEndpoint
    if draw(st.booleans()):
        kind = draw(HOST_TYPES)
        port = draw(PORTS)
        endpoint = HostEndpoint(draw(HOSTS), port, draw(_securities(port)))
    else:
        kind = draw(URL_TYPES)
        endpoint = UrlEndpoint(draw(LDAP_URLS if kind is ServiceType.LDAP else URLS))
    return Service(
        kind,
        endpoint,
        draw(SOME_METHODS),
        draw(LOGIN_NAMES),
        draw(PRIORITIES),
        draw(st.booleans()),
        draw(ANY_POP3_OPTIONS) if kind is ServiceType.POP3 else None,
        draw(FORMATS),
    )


LANGUAGES = st.sampled_from([None, "en", "de", "pt-BR", "zh-Hant-TW"])
DOCUMENTATION = st.builds(
    Documentation,
    URLS,
    st.lists(st.tuples(LANGUAGES, texts(40)), max_size=3, unique_by=lambda pair: pair[0]).map(
        tuple
    ),
)
OAUTH2_DATA = st.builds(
    OAuth2,
    st.none() | URLS,
    st.none() | URLS,
    st.none() | URLS,
    st.none() | texts(30),
    st.none() | texts(30),
    st.none() | texts(30),
).filter(lambda oauth2: oauth2 != OAuth2())
FORM_FIELDS = st.builds(FormField, st.none() | texts(30), st.none() | texts(30)).filter(
    lambda field: field != FormField()
)
WEBMAILS = st.builds(
    Webmail,
    URLS,
    st.none()
    | st.builds(
        WebmailLogin,
        URLS.filter(lambda url: url.startswith("https:")),
        st.sampled_from([None, "%EMAILADDRESS%", "x.%EMAILLOCALPART%", "<&>"]),
        st.none() | FORM_FIELDS,
        st.none() | FORM_FIELDS,
        st.none() | FORM_FIELDS,
    ),
)
LOGOS = st.builds(
    Logo,
    st.sampled_from(["https://a.example/l.png", "HTTPS://b.example:8443/l?a=%20&b"]),
    st.sampled_from(["image/png", "image/svg+xml"]),
    st.none() | st.integers(1, 10_000),
    st.none() | st.integers(1, 10_000),
)
CONTACTS = st.sampled_from(["mailto:help@a.example", "tel:+49-30-1(2)3", "https://a.example/?q"])
# In the form that Waypost writes, without duplicates.
PATHS = texts(30).map(lambda text: f"{PurePosixPath('/etc/waypost', text.lstrip('/'))}")
PROFILES = st.just(ProfileSettings()) | st.builds(
    ProfileSettings,
    st.none() | st.builds(SigningFiles, PATHS, PATHS, st.none() | PATHS),
    st.none() | texts(128),
    st.none() | texts(40).map("{0}\n{0}".format),
    st.dictionaries(st.sampled_from(["default", "de", "pt-BR"]), texts(40)).map(
        lambda texts: tuple(sorted(texts.items()))
    ),
    st.none() | st.booleans(),
    st.none() | st.integers(1, 36_500),
    st.none() | st.dates(date(1900, 1, 1)).map(lambda day: datetime.combine(day, time())),
)
PAGE_TEXTS = st.dictionaries(st.sampled_from(["", "de", "pt-BR"]), texts(40)).map(
    lambda texts: tuple((language or None, text) for language, text in sorted(texts.items()))
)
PAGES = st.just(PageSettings()) | st.builds(
    PageSettings,
    st.sampled_from([None, "#0a5cad", "#ffffff"]),
    st.sampled_from([None, "data:image/gif;base64,R0lGODlh"]),
    PAGE_TEXTS,
    PAGE_TEXTS,
)
PROVIDERS = st.builds(
    Provider,
    texts(128),
    texts(32),
    st.lists(DOCUMENTATION, max_size=2).map(tuple),
    st.lists(OAUTH2_DATA, max_size=2).map(tuple),
    st.lists(DOCUMENTATION, max_size=2).map(tuple),
    st.none() | WEBMAILS,
    st.none() | URLS,
    st.lists(LOGOS, max_size=2).map(tuple),
    st.none() | st.just("https://developer.example/"),
    st.lists(CONTACTS, max_size=2).map(tuple),
    PROFILES,
    st.sampled_from(["", "+", "+-", "%'`"]),
    PAGES,
)
PATTERNS = st.one_of(
    st.lists(LABELS, min_size=1, max_size=3).map(".".join),
    st.lists(LABELS, min_size=1, max_size=3).map(lambda labels: f"*.{'.'.join(labels)}"),
    st.sampled_from(["*", "xn--bcher-kva.example"]),
).map(DomainPattern)
LDAPSERVERS = st.builds(
    LdapServer,
    id=st.integers(0, 2**31 - 1),
    name=st.lists(LABELS, min_size=1, max_size=3).map(".".join),
    port=st.sampled_from([389, 636]) | st.integers(1, 65535),
    use_ssl=st.booleans(),
    search_base=st.just("") | texts(128),
    search_filter=st.sampled_from(["(mail={0})", "(|(mail={0})(alias={0}))"]),
    attr_uid=st.sampled_from(["uid", "sAMAccountName", "0.9.2342.19200300.100.1.1"]),
    attr_cn=st.sampled_from([None, "cn", "displayName"]),
    bind_user=st.none() | texts(128),
)


RULES = st.lists(
    st.builds(
        AttributeRule,
        st.sampled_from(["mailHost", "shard", "cn;lang-de"]),
        st.lists(st.sampled_from(["a.example", "b.example"]), min_size=1, unique=True).map(tuple),
        st.none(),
        st.none() | st.sampled_from(["", "a.example"]),
    )
    | st.builds(
        AttributeRule,
        st.sampled_from(["home", "server_2"]),
        st.none(),
        st.sampled_from([r"mx[0-9]+\.example", ".*"]),
        st.none() | texts(20),
    ),
    max_size=2,
    unique_by=lambda rule: rule.name,
).map(tuple)
LIMITS = st.builds(
    DirectoryLimits,
    st.sampled_from([0.25, 2.0, 10.0]),
    st.sampled_from([0.5, 2.0, 60.0]),
    st.integers(1, 256),
    st.sampled_from([0.0, 60.0, 0.5, 86_400.0]),
)
# Secrets outside of the providers file, because an export omits those inside.
SECRETS = st.one_of(
    st.just(Secret()),
    st.builds(Secret, st.none(), st.just("/etc/waypost/secret")),
    st.builds(Secret, st.none(), st.none(), st.just("PEOPLE_PASSWORD")),
)


@st.composite
def ldap_directories(draw: st.DrawFn, label: str) -> LdapDirectory:
    """Build valid LDAP servers."""
    urls = draw(
        st.lists(
            st.sampled_from(["ldaps://a.example", "ldap://b.example:1389", "ldapi://%2Frun%2Fl"]),
            min_size=1,
            unique=True,
        )
    )
    plain = any(url.startswith("ldap:") for url in urls)
    bind = draw(st.sampled_from(LdapBind))
    files = draw(st.sampled_from([(None, None), ("/c.pem", "/k.pem")]))
    return LdapDirectory(
        label=label,
        urls=tuple(urls),
        search_base=draw(st.just("") | texts(60)),
        search_filter=draw(st.sampled_from(["(mail={0})", "(&(uid={local_part})(o={domain}))"])),
        attr_uid=draw(st.sampled_from(["uid", "sAMAccountName"])),
        attr_cn=draw(st.sampled_from([None, "cn", "displayName"])),
        scope=draw(st.sampled_from(LdapScope)),
        security=draw(st.sampled_from(LdapSecurity)) if plain else LdapSecurity.STARTTLS,
        bind=bind,
        bind_user=draw(texts(60)) if bind is LdapBind.SIMPLE else None,
        bind_password=draw(SECRETS),
        login_pattern=draw(st.sampled_from([None, "[a-z]+"])),
        ca_file=draw(st.sampled_from([None, "/ca.pem"])),
        tls_verify=draw(st.booleans()),
        cert_file=files[0],
        key_file=files[1],
        rules=draw(RULES),
        limits=draw(LIMITS),
    )


@st.composite
def directories(draw: st.DrawFn, label: str) -> Directory:
    """Build a directory of any kind that automx2 does not have."""
    kind = draw(st.sampled_from(DirectoryKind))
    if kind is DirectoryKind.LDAP:
        return draw(ldap_directories(label))
    if kind is DirectoryKind.FILE:
        path = draw(st.sampled_from(["/srv/people.csv", "/srv/ä b.toml"]))
        return FileDirectory(label, path, draw(RULES), draw(LIMITS))
    query = "SELECT username AS login\nFROM mailbox WHERE username = :address"
    exists = draw(st.sampled_from([None, "SELECT 1 FROM domain WHERE domain = :domain"]))
    secret = draw(SECRETS.filter(bool))
    return SqlDirectory(label, secret, query, exists, draw(RULES), draw(LIMITS))


ANY_AWAY = st.none() | st.sampled_from(
    [
        *(
            Redirect(),
            Redirect("moved.to.example"),
            Redirect("xn--bcher-kva.somewhere-else.example"),
        ),
        Redirect(url="https://autodiscover.example/autodiscover/autodiscover.xml"),
        Redirect(url="HTTPS://a.example:8443/?a=%20&b"),
    ]
)
SOME_LDAPSERVERS = st.lists(LDAPSERVERS, max_size=2, unique_by=lambda server: server.id)
SOME_LABELS = st.lists(st.sampled_from(["people", "a.b_c-1", "x"]), max_size=2, unique=True)
SOME_PROVIDERS = st.lists(PROVIDERS, min_size=1, max_size=3)
SOME_SERVICES = st.lists(services(), min_size=1, max_size=5)
SOME_PATTERNS = st.lists(PATTERNS, max_size=6, unique=True)
IDLE_PROVIDERS = st.lists(PROVIDERS, max_size=2).map(tuple)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Build a valid catalog without secrets."""
    ldapservers = draw(SOME_LDAPSERVERS)
    known: list[Directory] = [*ldapservers, *(draw(directories(one)) for one in draw(SOME_LABELS))]
    users = st.none() | (
        st.builds(
            DirectoryPolicy, st.sampled_from(known), st.sampled_from(UnknownUser), st.booleans()
        )
        if known
        else st.none()
    )
    providers = st.sampled_from(draw(SOME_PROVIDERS))
    some = st.lists(st.sampled_from(draw(SOME_SERVICES)), max_size=5).map(tuple)
    domains = tuple(
        Domain(pattern, draw(providers), draw(some), draw(users), draw(ANY_AWAY))
        for pattern in draw(SOME_PATTERNS)
    )
    return Catalog(domains, tuple(known), draw(IDLE_PROVIDERS))
