"""Catalogs for hypothesis: all that a providers file can say.

Whatever can be is made once, and in one draw: a catalog has hundreds of parts.
"""

from functools import cache

from hypothesis import strategies as st

from waypost.model import (
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
    Authentication,
    AuthenticationSystem,
    Catalog,
    Documentation,
    Domain,
    DomainPattern,
    HostEndpoint,
    LdapServer,
    OAuth2,
    Pop3Options,
    Provider,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.transfer.ports import contradiction


@cache
def texts(max_chars: int) -> st.SearchStrategy[str]:
    """Make texts that formats can carry: no controls, no surrogates, no non-characters."""
    alphabet = st.characters(
        exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn"),
        include_characters="\"\\'#[]{}=,%\u00fc\U0001f4ee",
    )
    text = st.text(alphabet, min_size=1, max_size=max_chars)
    return text.filter(lambda value: value == value.strip())


def _label(text: str) -> str:
    """Make a label of letters, digits and hyphens that begins with a letter and ends with none."""
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
LOGIN_NAMES = st.sampled_from([None, "%EMAILADDRESS%", "%EMAILLOCALPART%"]) | texts(64)
PRIORITIES = st.none() | st.integers(0, 2**31 - 1).filter(lambda number: number != 10)


@cache
def _securities(port: int) -> st.SearchStrategy[Security]:
    return st.sampled_from([one for one in Security if contradiction(port, one) is None])


@st.composite
def services(draw: st.DrawFn) -> Service:
    """Make a service that keeps the rules."""
    endpoint: HostEndpoint | UrlEndpoint
    if draw(st.booleans()):
        kind = draw(HOST_TYPES)
        port = draw(PORTS)
        endpoint = HostEndpoint(draw(HOSTS), port, draw(_securities(port)))
    else:
        kind = draw(URL_TYPES)
        endpoint = UrlEndpoint(draw(URLS))
    return Service(
        kind,
        endpoint,
        draw(SOME_METHODS),
        draw(LOGIN_NAMES),
        draw(PRIORITIES),
        draw(st.booleans()),
        draw(ANY_POP3_OPTIONS) if kind is ServiceType.POP3 else None,
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
PROVIDERS = st.builds(
    Provider,
    texts(128),
    texts(32),
    st.lists(DOCUMENTATION, max_size=2).map(tuple),
    st.lists(OAUTH2_DATA, max_size=2).map(tuple),
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


SOME_LDAPSERVERS = st.lists(LDAPSERVERS, max_size=2, unique_by=lambda server: server.id)
SOME_PROVIDERS = st.lists(PROVIDERS, min_size=1, max_size=3)
SOME_SERVICES = st.lists(services(), min_size=1, max_size=5)
SOME_PATTERNS = st.lists(PATTERNS, max_size=6, unique=True)
IDLE_PROVIDERS = st.lists(PROVIDERS, max_size=2).map(tuple)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """Make a catalog that keeps the rules, without bind passwords."""
    ldapservers = draw(SOME_LDAPSERVERS)
    numbers = st.sampled_from([None, *(server.id for server in ldapservers)])
    providers = st.sampled_from(draw(SOME_PROVIDERS))
    some = st.lists(st.sampled_from(draw(SOME_SERVICES)), max_size=5).map(tuple)
    domains = tuple(
        Domain(pattern, draw(providers), draw(some), draw(numbers))
        for pattern in draw(SOME_PATTERNS)
    )
    return Catalog(domains, tuple(ldapservers), draw(IDLE_PROVIDERS))
