"""The rules of the linter, as a table. docs/lint.md says the same for people; a test compares."""

from typing import Final

from waypost.check import lint_address_books, lint_methods, lint_pacc
from waypost.check import lint_checks as checks
from waypost.check.lint_clients import (
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
from waypost.check.lint_mistakes import MISTAKE_RULES
from waypost.check.lint_rule import Rule
from waypost.check.lint_rules_dav import DAV_RULES
from waypost.check.lint_rules_logins import LOGIN_RULES
from waypost.check.lint_rules_methods import METHOD_RULES
from waypost.check.lint_rules_strict import STRICT_RULES

RULES: Final = (
    Rule(
        "no-incoming",
        EVERY,
        checks.no_incoming,
        "there is no way to fetch mail, so no mail account can be set up",
        "add an IMAP service",
        "error",
    ),
    Rule(
        "no-outgoing",
        EVERY,
        checks.no_outgoing,
        "there is no way to send mail, so no mail account can be set up",
        "add an SMTP service",
        "error",
    ),
    Rule(
        "modern-only",
        AUTOCONFIG,
        checks.modern_only,
        "IMAP, POP3 or SMTP is missing beside it, so they make no account of it, and for some of "
        "them such a document ends the search",
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
        "they read mail with IMAP alone",
        "add an IMAP service",
        "error",
    ),
    Rule(
        "pop3-first",
        (THUNDERBIRD, OUTLOOK, FAIREMAIL, SNAPPYMAIL, GEARY, MUSTANG),
        checks.pop3_first,
        "it stands before IMAP; Thunderbird, Outlook and Mustang take the first (Mustang cannot do "
        "POP3 yet), FairEmail, SnappyMail and Geary take none then",
        "give IMAP the smaller priority number",
    ),
    Rule(
        "other-first",
        (FAIREMAIL, SNAPPYMAIL, GEARY),
        checks.other_first,
        "it stands before IMAP, and they look at the first incoming service only",
        "give IMAP the smaller priority number",
    ),
    Rule(
        "no-tls",
        EVERY,
        checks.no_tls,
        "passwords and mail can be read on the way, and there is no protected service instead",
        "offer TLS",
        "error",
    ),
    Rule(
        "plain-section",
        (K9, THUNDERBIRD_IOS),
        checks.plain_section,
        "one IMAP or SMTP service without TLS makes them refuse the whole document",
        "take the service out, protect it, or keep it out of Autoconfig: "
        'formats = ["autodiscover", "mobileconfig", "dns"]',
        "error",
    ),
    Rule(
        "plain-last",
        (EVOLUTION, AERC),
        checks.plain_last,
        "it is not protected, and the last service of a type is taken (by aerc of SMTP alone)",
        "take the service out, or protect it",
        "error",
    ),
    Rule(
        "last-host",
        (EVOLUTION,),
        checks.last_host,
        "it is taken instead of the preferred one, because the last service of a type wins",
        "offer one host for each type if that matters",
    ),
    Rule(
        "last-smtp-host",
        (AERC,),
        checks.last_smtp_host,
        "it is taken instead of the preferred one, because the last SMTP service wins",
        "offer one host for SMTP if that matters",
    ),
    Rule(
        "starttls-only",
        (PACC,),
        checks.starttls_only,
        "PACC cannot say STARTTLS, so the domain has no PACC document",
        "offer TLS from the start as well: 993 for IMAP, 995 for POP3, 465 for SMTP",
    ),
    Rule(
        "pacc-port",
        (PACC,),
        checks.pacc_port,
        "PACC knows the ports 993, 995 and 465 alone, so the domain has no PACC document",
        "offer TLS on the registered port as well",
    ),
    Rule(
        "pacc-login-name",
        (PACC,),
        checks.pacc_login_name,
        "the login name is not the whole address as in PACC, so the domain has no PACC document",
        "let the server take the address as well, and offer that",
    ),
    Rule(
        "pacc-directory",
        (PACC,),
        checks.pacc_directory,
        "users are looked up, and PACC has one document for all of them, so there is none",
        "leave it, unless your users need PACC",
    ),
    Rule(
        "pacc-authentication",
        (PACC,),
        lint_methods.pacc_authentication,
        "PACC knows passwords and OAuth2 alone, so the domain has no PACC document",
        "offer one of them as well",
    ),
    Rule(
        "pacc-none",
        (PACC,),
        lint_pacc.no_document,
        "the domain has no PACC document",
        "leave it, unless your users need PACC",
    ),
    Rule(
        "url-port",
        (PACC,),
        checks.url_port,
        "a URL with a port cannot stand in a PACC document",
        "serve it on port 443",
    ),
    Rule(
        "dav-origin",
        (PACC,),
        checks.dav_origin,
        "what all users share of the URL is the bare origin, and at the path / few servers say "
        "where the calendars or address books are",
        "let the URL have the path at which they begin, as https://HOST/dav/%EMAILADDRESS%/",
    ),
    Rule(
        "http-url",
        (THUNDERBIRD, PACC),
        checks.http_url,
        "passwords can be read on the way; neither PACC nor, of ActiveSync and EWS, Autodiscover "
        "tells such a URL, and Thunderbird looks for calendars and address books by https alone",
        "serve it by https",
    ),
    Rule(
        "odd-starttls-port",
        (THUNDERBIRD, APPLE_MAIL),
        checks.odd_starttls_port,
        "such a port means TLS from the start, to Thunderbird where it has to use Autodiscover",
        "use 143, 110 or 587 for STARTTLS",
    ),
    Rule(
        "u-label-host",
        (THUNDERBIRD,),
        checks.u_label_host,
        "a host name with other letters than those of ASCII is refused",
        "write the host as an A-label (xn--...)",
        "error",
    ),
    Rule(
        "ip-host",
        (FAIREMAIL, AERC, CLAWS_MAIL, GEARY, MUSTANG, PACC),
        checks.ip_host,
        "an IP address cannot stand in an SRV record, and hardly any certificate names one; Geary "
        "and Mustang refuse an IPv6 address",
        "give the host a name",
    ),
    Rule(
        "local-part-host",
        EVERY,
        checks.local_part_host,
        "the host differs from user to user, and for a local part such as a+b or a_b there is "
        "none, so the service is missing; DNS and PACC cannot name it at all",
        "use a host that is the same for all users of a domain",
    ),
    Rule(
        "directory-host",
        (*WITHOUT_ADDRESS, PACC),
        checks.directory_host,
        "the service is missing where a client asks without the address, as Evolution 3.46 does, "
        "because the directory is not asked then",
        "give the attribute a default in the directory's rules",
    ),
    Rule(
        "directory-login-name",
        (*WITHOUT_ADDRESS, PACC),
        checks.directory_login_name,
        "a client that asks without the address, as Evolution 3.46 does, gets the address as the "
        "login name",
        "let the server take the address as well",
    ),
    Rule(
        "directory-by-address",
        WITHOUT_ADDRESS,
        checks.directory_by_address,
        "users are looked up by their address, which these do not tell (Delta Chat at one of its "
        "URLs, Evolution in 3.46), so they get the login name that stands here",
        "let the server take that login name as well",
    ),
    Rule(
        "subaddress-login-name",
        (K9, KMAIL, DELTA_CHAT, SNAPPYMAIL, GEARY, MAILSPRING, PACC),
        checks.subaddress_login_name,
        "a client that asks without the address makes the login name of the whole address, its "
        "detail included; PACC would as well, so the domain has no PACC document",
        "let the server take the address with its detail as well",
    ),
    Rule(
        "no-login-name",
        (THUNDERBIRD, K9, THUNDERBIRD_IOS, DELTA_CHAT, MUSTANG),
        checks.no_login_name,
        "there is no login name; K-9 and Thunderbird for iOS refuse the whole document, "
        "Thunderbird such an SMTP service, Delta Chat and Mustang any such service",
        "say a login name",
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
        lint_address_books.ldap_port,
        "a profile has no word for a port, so the LDAP address book is not in it",
        "serve it on 636 (ldaps) or 389 (ldap)",
    ),
    Rule(
        "ldap-base",
        (APPLE_MAIL,),
        lint_address_books.ldap_base,
        "the search has no base, or a scope that finds nothing below it, which is the default",
        "write the base and the scope into the URL: ldaps://HOST/ou=people,dc=example??sub",
    ),
    Rule(
        "long-name",
        (PACC,),
        checks.long_name,
        "it is longer than 60 characters, the limit of Autoconfig and PACC",
        "shorten it; 30 or fewer are better",
    ),
    Rule(
        "long-short-name",
        (PACC,),
        checks.long_short_name,
        "it is longer than 20 characters, the limit of Autoconfig and PACC",
        "set a short_name; 12 or fewer are better",
    ),
)
