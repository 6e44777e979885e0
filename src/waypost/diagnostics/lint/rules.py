"""The rules of the linter, as a table. docs/lint.md has the same table; a test compares."""

from typing import Final

from waypost.diagnostics.lint import address_books, authentication, checks, pacc
from waypost.diagnostics.lint.clients import (
    AERC,
    APPLE_MAIL,
    AUTOCONFIG,
    CLAWS_MAIL,
    DELTA_CHAT,
    EVERY,
    EVOLUTION,
    FAIREMAIL,
    GEARY,
    HIMALAYA,
    K9,
    KMAIL,
    MAILSPRING,
    MUSTANG,
    NEXTCLOUD_MAIL,
    OUTLOOK,
    PACC,
    SNAPPYMAIL,
    THUNDERBIRD,
    THUNDERBIRD_IOS,
    WITHOUT_ADDRESS,
)
from waypost.diagnostics.lint.mistakes import MISTAKE_RULES
from waypost.diagnostics.lint.rule import Rule
from waypost.diagnostics.lint.rules_authentication import METHOD_RULES
from waypost.diagnostics.lint.rules_dav import DAV_RULES
from waypost.diagnostics.lint.rules_login_names import LOGIN_RULES
from waypost.diagnostics.lint.rules_strict import STRICT_RULES

RULES: Final = (
    Rule(
        "no-incoming",
        EVERY,
        checks.no_incoming,
        "there is no way to fetch mail, so clients cannot set up a mail account",
        "add an IMAP service",
        "error",
    ),
    Rule(
        "no-outgoing",
        EVERY,
        checks.no_outgoing,
        "there is no way to send mail, so clients cannot set up a mail account",
        "add an SMTP service",
        "error",
    ),
    Rule(
        "modern-only",
        AUTOCONFIG,
        checks.modern_only,
        "there is no IMAP or POP3, or no SMTP, in addition to this service: these clients set up "
        "no account, and some of them stop searching at such a document",
        "add an IMAP and an SMTP service",
        "error",
    ),
    Rule(
        "pop3-only",
        (
            *(K9, THUNDERBIRD_IOS, DELTA_CHAT, FAIREMAIL, AERC, NEXTCLOUD_MAIL, HIMALAYA),
            *(SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG),
        ),
        checks.pop3_only,
        "these clients read mail with IMAP only",
        "add an IMAP service",
        "error",
    ),
    Rule(
        "pop3-first",
        (THUNDERBIRD, OUTLOOK, FAIREMAIL, SNAPPYMAIL, GEARY, MUSTANG),
        checks.pop3_first,
        "POP3 comes before IMAP: Thunderbird, Outlook and Mustang use the first service (Mustang "
        "does not support POP3 yet); FairEmail, SnappyMail and Geary then use none",
        "give IMAP a smaller priority number",
    ),
    Rule(
        "other-first",
        (FAIREMAIL, SNAPPYMAIL, GEARY),
        checks.other_first,
        "this service comes before IMAP, and these clients read only the first incoming service",
        "give IMAP a smaller priority number",
    ),
    Rule(
        "no-tls",
        EVERY,
        checks.no_tls,
        "passwords and mail can be read on the network, and no protected service is offered",
        "offer TLS",
        "error",
    ),
    Rule(
        "plain-section",
        (K9, THUNDERBIRD_IOS),
        checks.plain_section,
        "one IMAP or SMTP service without TLS makes these clients refuse the whole document",
        "remove the service, protect it with TLS, or exclude it from Autoconfig: formats = "
        '["autodiscover", "mobileconfig", "dns"]',
        "error",
    ),
    Rule(
        "plain-last",
        (EVOLUTION, AERC),
        checks.plain_last,
        "the last service of its type has no TLS, and these clients use it (aerc: of SMTP only)",
        "remove the service, or protect it with TLS",
        "error",
    ),
    Rule(
        "last-host",
        (EVOLUTION,),
        checks.last_host,
        "Evolution uses the last service of a type, and so this host instead of the preferred one",
        "offer only one host for each type if that matters",
    ),
    Rule(
        "last-smtp-host",
        (AERC,),
        checks.last_smtp_host,
        "aerc uses the last SMTP service, and so this host instead of the preferred one",
        "offer only one host for SMTP if that matters",
    ),
    Rule(
        "starttls-only",
        (PACC,),
        checks.starttls_only,
        "PACC cannot describe STARTTLS, so the domain has no PACC document",
        "also offer TLS from the start: port 993 for IMAP, 995 for POP3, 465 for SMTP",
    ),
    Rule(
        "pacc-port",
        (PACC,),
        checks.pacc_port,
        "PACC allows only the ports 993, 995 and 465, so the domain has no PACC document",
        "also offer TLS on the registered port",
    ),
    Rule(
        "pacc-login-name",
        (PACC,),
        checks.pacc_login_name,
        "PACC requires the whole address as login name, so the domain has no PACC document",
        "make the mail server accept the address as login name too, and offer that",
    ),
    Rule(
        "pacc-directory",
        (PACC,),
        checks.pacc_directory,
        "users are looked up in a directory, but PACC has one document for all users, so the "
        "domain has no PACC document",
        "change nothing unless your users need PACC",
    ),
    Rule(
        "pacc-authentication",
        (PACC,),
        authentication.pacc_authentication,
        "PACC knows only passwords and OAuth2, so the domain has no PACC document",
        "also offer a password or OAuth2",
    ),
    Rule(
        "pacc-none",
        (PACC,),
        pacc.no_document,
        "the domain has no PACC document",
        "change nothing unless your users need PACC",
    ),
    Rule(
        "url-port",
        (PACC,),
        checks.url_port,
        "a PACC document cannot contain a URL with a port",
        "serve it on port 443",
    ),
    Rule(
        "dav-origin",
        (PACC,),
        checks.dav_origin,
        "the part of the URL that all users share is only the host, and few servers show at the "
        "path / where the calendars or address books are",
        "use a URL with the path where they begin, such as https://HOST/dav/%EMAILADDRESS%/",
    ),
    Rule(
        "http-url",
        (THUNDERBIRD, PACC),
        checks.http_url,
        "passwords can be read on the network; PACC omits such a URL, Autodiscover omits it for "
        "ActiveSync and EWS, and Thunderbird finds calendars and address books over https only",
        "serve it over https",
    ),
    Rule(
        "odd-starttls-port",
        (THUNDERBIRD, APPLE_MAIL),
        checks.odd_starttls_port,
        "these clients use TLS from the start on such a port (Thunderbird: only with Autodiscover)",
        "use port 143, 110 or 587 for STARTTLS",
    ),
    Rule(
        "u-label-host",
        (THUNDERBIRD,),
        checks.u_label_host,
        "Thunderbird refuses a host name with non-ASCII letters",
        "write the host as an A-label (xn--...)",
        "error",
    ),
    Rule(
        "ip-host",
        (FAIREMAIL, AERC, CLAWS_MAIL, GEARY, MUSTANG, PACC),
        checks.ip_host,
        "an SRV record cannot contain an IP address, and few certificates are for one; Geary and "
        "Mustang refuse an IPv6 address",
        "use a host name",
    ),
    Rule(
        "local-part-host",
        EVERY,
        checks.local_part_host,
        "the host differs from user to user; for a local part such as a+b or a_b there is no "
        "host, so the service is missing; DNS and PACC cannot contain such a host",
        "use one host for all users of a domain",
    ),
    Rule(
        "directory-host",
        (*WITHOUT_ADDRESS, PACC),
        checks.directory_host,
        "if a client asks without the address, as Evolution 3.46 does, Waypost does not ask the "
        "directory, and the service is missing",
        "give the attribute a default in the directory's rules",
    ),
    Rule(
        "directory-login-name",
        (*WITHOUT_ADDRESS, PACC),
        checks.directory_login_name,
        "a client that asks without the address, as Evolution 3.46 does, gets the address as the "
        "login name",
        "make the mail server accept the address as login name too",
    ),
    Rule(
        "directory-by-address",
        WITHOUT_ADDRESS,
        checks.directory_by_address,
        "users are looked up by their address, which these clients do not send (Delta Chat: at "
        "one URL; Evolution: in 3.46), so they get the login name that is configured here",
        "make the mail server accept that login name too",
    ),
    Rule(
        "subaddress-login-name",
        (K9, KMAIL, DELTA_CHAT, SNAPPYMAIL, GEARY, MAILSPRING, PACC),
        checks.subaddress_login_name,
        "a client that asks without the address makes the login name from the whole address, "
        "including its detail; PACC would do the same, so the domain has no PACC document",
        "make the mail server accept the address with its detail too",
    ),
    Rule(
        "no-login-name",
        (THUNDERBIRD, K9, THUNDERBIRD_IOS, DELTA_CHAT, MUSTANG),
        checks.no_login_name,
        "no login name is configured: K-9 and Thunderbird for iOS refuse the whole document, "
        "Thunderbird such an SMTP service, Delta Chat and Mustang any such service",
        "configure a login name",
        "error",
    ),
    *MISTAKE_RULES,
    *LOGIN_RULES,
    *METHOD_RULES,
    *DAV_RULES,
    *STRICT_RULES,
    Rule(
        "ldap-port",
        (APPLE_MAIL,),
        address_books.ldap_port,
        "a profile cannot contain a port for LDAP, so the LDAP address book is not in the profile",
        "serve it on port 636 (ldaps) or 389 (ldap)",
    ),
    Rule(
        "ldap-base",
        (APPLE_MAIL,),
        address_books.ldap_base,
        "the search has no base, or it has the scope base, which is the default and finds no "
        "entry below the base",
        "write the base and the scope into the URL: ldaps://HOST/ou=people,dc=example??sub",
    ),
    Rule(
        "long-name",
        (PACC,),
        checks.long_name,
        "the name is longer than 60 characters, the limit of Autoconfig and PACC",
        "shorten it; 30 characters or fewer are better",
    ),
    Rule(
        "long-short-name",
        (PACC,),
        checks.long_short_name,
        "the short_name is longer than 20 characters, the limit of Autoconfig and PACC",
        "set a short_name; 12 characters or fewer are better",
    ),
)
