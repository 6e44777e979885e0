"""The rules of the linter, as a table. `make docs` writes the table in docs/lint.md from it."""

from typing import Final

from waypost.core.clients import (
    AERC,
    APPLE_MAIL,
    CLAWS_MAIL,
    DELTA_CHAT,
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
)
from waypost.diagnostics.client_groups import (
    ALL_CLIENTS,
    AUTOCONFIG_CLIENTS,
    CLIENTS_WITHOUT_ADDRESS,
)
from waypost.diagnostics.lint import address_books, authentication, checks, pacc
from waypost.diagnostics.lint.likely_mistakes import MISTAKE_RULES
from waypost.diagnostics.lint.rule import Rule
from waypost.diagnostics.lint.rules_authentication import METHOD_RULES
from waypost.diagnostics.lint.rules_dav import DAV_RULES
from waypost.diagnostics.lint.rules_login_names import LOGIN_RULES
from waypost.diagnostics.lint.rules_strict import STRICT_RULES

RULES: Final = (
    Rule(
        "no-incoming",
        "error",
        "there is no way to fetch mail, so clients cannot set up a mail account",
        "add an IMAP service",
        ALL_CLIENTS,
        check=checks.no_incoming,
    ),
    Rule(
        "no-outgoing",
        "error",
        "there is no way to send mail, so clients cannot set up a mail account",
        "add an SMTP service",
        ALL_CLIENTS,
        check=checks.no_outgoing,
    ),
    Rule(
        "modern-only",
        "error",
        "there is no IMAP or POP3, or no SMTP, in addition to this service: these clients set up "
        "no account, and some of them stop searching at such a document",
        "add an IMAP and an SMTP service",
        AUTOCONFIG_CLIENTS,
        check=checks.modern_only,
    ),
    Rule(
        "pop3-only",
        "error",
        "these clients read mail with IMAP only",
        "add an IMAP service",
        (
            *(K9, THUNDERBIRD_IOS, DELTA_CHAT, FAIREMAIL, AERC, NEXTCLOUD_MAIL, HIMALAYA),
            *(SNAPPYMAIL, GEARY, MAILSPRING, MUSTANG),
        ),
        check=checks.pop3_only,
    ),
    Rule(
        "pop3-first",
        "warning",
        "POP3 comes before IMAP: Thunderbird, Outlook and Mustang use the first service (Mustang "
        "does not support POP3 yet); FairEmail, SnappyMail and Geary then use none",
        "give IMAP a smaller priority number",
        (THUNDERBIRD, OUTLOOK, FAIREMAIL, SNAPPYMAIL, GEARY, MUSTANG),
        check=checks.pop3_first,
    ),
    Rule(
        "other-first",
        "warning",
        "this service comes before IMAP, and these clients read only the first incoming service",
        "give IMAP a smaller priority number",
        (FAIREMAIL, SNAPPYMAIL, GEARY),
        check=checks.other_first,
    ),
    Rule(
        "no-tls",
        "error",
        "passwords and mail can be read on the network, and no protected service is offered",
        "offer TLS",
        ALL_CLIENTS,
        check=checks.no_tls,
    ),
    Rule(
        "plain-section",
        "error",
        "one IMAP or SMTP service without TLS makes these clients refuse the whole document",
        "remove the service, protect it with TLS, or exclude it from Autoconfig: formats = "
        '["autodiscover", "mobileconfig", "dns"]',
        (K9, THUNDERBIRD_IOS),
        check=checks.plain_section,
    ),
    Rule(
        "plain-last",
        "error",
        "the last service of its type has no TLS, and these clients use it (aerc: of SMTP only)",
        "remove the service, or protect it with TLS",
        (EVOLUTION, AERC),
        check=checks.plain_last,
    ),
    Rule(
        "last-host",
        "warning",
        "Evolution uses the last service of a type, and so this host instead of the preferred one",
        "offer only one host for each type if that matters",
        (EVOLUTION,),
        check=checks.last_host,
    ),
    Rule(
        "last-smtp-host",
        "warning",
        "aerc uses the last SMTP service, and so this host instead of the preferred one",
        "offer only one host for SMTP if that matters",
        (AERC,),
        check=checks.last_smtp_host,
    ),
    Rule(
        "starttls-only",
        "note",
        "PACC cannot describe STARTTLS, so the domain has no PACC document",
        "also offer TLS from the start: port 993 for IMAP, 995 for POP3, 465 for SMTP",
        (PACC,),
        check=checks.starttls_only,
    ),
    Rule(
        "pacc-port",
        "note",
        "PACC allows only the ports 993, 995 and 465, so the domain has no PACC document",
        "also offer TLS on the registered port",
        (PACC,),
        check=checks.pacc_port,
    ),
    Rule(
        "pacc-login-name",
        "note",
        "PACC requires the whole address as login name, so the domain has no PACC document",
        "make the mail server accept the address as login name too, and offer that",
        (PACC,),
        check=checks.pacc_login_name,
    ),
    Rule(
        "pacc-directory",
        "note",
        "users are looked up in a directory, but PACC has one document for all users, so the "
        "domain has no PACC document",
        "change nothing unless your users need PACC",
        (PACC,),
        check=checks.pacc_directory,
    ),
    Rule(
        "pacc-authentication",
        "note",
        "PACC knows only passwords and OAuth2, so the domain has no PACC document",
        "also offer a password or OAuth2",
        (PACC,),
        check=authentication.pacc_authentication,
    ),
    Rule(
        "pacc-none",
        "note",
        "the domain has no PACC document",
        "change nothing unless your users need PACC",
        (PACC,),
        check=pacc.missing_document,
    ),
    Rule(
        "url-port",
        "note",
        "a PACC document cannot contain a URL with a port",
        "serve it on port 443",
        (PACC,),
        check=checks.url_port,
    ),
    Rule(
        "dav-origin",
        "note",
        "the part of the URL that all users share is only the host, and few servers show at the "
        "path / where the calendars or address books are",
        "use a URL with the path where they begin, such as https://HOST/dav/%EMAILADDRESS%/",
        (PACC,),
        check=checks.dav_origin,
    ),
    Rule(
        "http-url",
        "warning",
        "passwords can be read on the network; PACC omits such a URL, Autodiscover omits it for "
        "ActiveSync and EWS, and Thunderbird finds calendars and address books over https only",
        "serve it over https",
        (THUNDERBIRD, PACC),
        check=checks.http_url,
    ),
    Rule(
        "odd-starttls-port",
        "warning",
        "these clients use TLS from the start on such a port (Thunderbird: only with Autodiscover)",
        "use port 143, 110 or 587 for STARTTLS",
        (THUNDERBIRD, APPLE_MAIL),
        check=checks.odd_starttls_port,
    ),
    Rule(
        "u-label-host",
        "error",
        "Thunderbird refuses a host name with non-ASCII letters",
        "write the host as an A-label (xn--...)",
        (THUNDERBIRD,),
        check=checks.u_label_host,
    ),
    Rule(
        "ip-host",
        "warning",
        "an SRV record cannot contain an IP address, and few certificates are for one; Geary and "
        "Mustang refuse an IPv6 address",
        "use a host name",
        (FAIREMAIL, AERC, CLAWS_MAIL, GEARY, MUSTANG, PACC),
        check=checks.ip_host,
    ),
    Rule(
        "local-part-host",
        "warning",
        "the host differs from user to user; for a local part such as a+b or a_b there is no "
        "host, so the service is missing; DNS and PACC cannot contain such a host",
        "use one host for all users of a domain",
        ALL_CLIENTS,
        check=checks.local_part_host,
    ),
    Rule(
        "directory-host",
        "warning",
        "if a client asks without the address, as Evolution 3.46 does, Waypost does not ask the "
        "directory, and the service is missing",
        "give the attribute a default in the directory's rules",
        (*CLIENTS_WITHOUT_ADDRESS, PACC),
        check=checks.directory_host,
    ),
    Rule(
        "directory-login-name",
        "warning",
        "a client that asks without the address, as Evolution 3.46 does, gets the address as the "
        "login name",
        "make the mail server accept the address as login name too",
        (*CLIENTS_WITHOUT_ADDRESS, PACC),
        check=checks.directory_login_name,
    ),
    Rule(
        "directory-by-address",
        "warning",
        "users are looked up by their address, which these clients do not send (Delta Chat: at "
        "one URL; Evolution: in 3.46), so they get the login name that is configured here",
        "make the mail server accept that login name too",
        CLIENTS_WITHOUT_ADDRESS,
        check=checks.directory_by_address,
    ),
    Rule(
        "subaddress-login-name",
        "warning",
        "a client that asks without the address makes the login name from the whole address, "
        "including its detail; PACC would do the same, so the domain has no PACC document",
        "make the mail server accept the address with its detail too",
        (K9, KMAIL, DELTA_CHAT, SNAPPYMAIL, GEARY, MAILSPRING, PACC),
        check=checks.subaddress_login_name,
    ),
    Rule(
        "no-login-name",
        "error",
        "no login name is configured: K-9 and Thunderbird for iOS refuse the whole document, "
        "Thunderbird such an SMTP service, Delta Chat and Mustang any such service",
        "configure a login name",
        (THUNDERBIRD, K9, THUNDERBIRD_IOS, DELTA_CHAT, MUSTANG),
        check=checks.no_login_name,
    ),
    *MISTAKE_RULES,
    *LOGIN_RULES,
    *METHOD_RULES,
    *DAV_RULES,
    *STRICT_RULES,
    Rule(
        "ldap-port",
        "warning",
        "a profile cannot contain a port for LDAP, so the LDAP address book is not in the profile",
        "serve it on port 636 (ldaps) or 389 (ldap)",
        (APPLE_MAIL,),
        check=address_books.ldap_port,
    ),
    Rule(
        "ldap-base",
        "warning",
        "the search has no base, or it has the scope base, which is the default and finds no "
        "entry below the base",
        "write the base and the scope into the URL: ldaps://HOST/ou=people,dc=example??sub",
        (APPLE_MAIL,),
        check=address_books.ldap_base,
    ),
    Rule(
        "long-name",
        "note",
        "the name is longer than 60 characters, the limit of Autoconfig and PACC",
        "shorten it; 30 characters or fewer are better",
        (PACC,),
        check=checks.long_name,
    ),
    Rule(
        "long-short-name",
        "note",
        "the short_name is longer than 20 characters, the limit of Autoconfig and PACC",
        "set a short_name; 12 characters or fewer are better",
        (PACC,),
        check=checks.long_short_name,
    ),
)
