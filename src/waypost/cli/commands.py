"""The table of all commands. The module of a command is imported when the command is used."""

from typing import Final

from waypost.cli.administration.commands import ADMIN, AUDIT, PROVIDER, SERVICE, TOKEN
from waypost.cli.lazy import Command, Group

_SHOW: Final = Group(
    "Print what a client receives, without a running server. "
    "Exit code 1 if the domain is not served, if the format cannot express its services, or "
    "if its directory does not know the user and the domain declines unknown users. Then "
    "autodiscover, activesync and autodiscover-json print the refusal that a client receives.",
    {
        "autoconfig": Command(
            "waypost.cli.show.autoconfig:autoconfig",
            "Print an Autoconfig document, for Thunderbird.",
            "Example: waypost show autoconfig alice@example.com --demo",
        ),
        "autodiscover": Command(
            "waypost.cli.show.exchange:autodiscover",
            "Print an Autodiscover answer (POX), for Outlook.",
            "Example: waypost show autodiscover alice@example.com --demo",
        ),
        "mobileconfig": Command(
            "waypost.cli.show.mobileconfig:mobileconfig",
            "Print a configuration profile, for Apple devices.",
            'Example: waypost show mobileconfig alice@example.com --name "Alice" --demo',
        ),
        "activesync": Command(
            "waypost.cli.show.exchange:activesync",
            "Print an Autodiscover answer for ActiveSync phones.",
            "Example: waypost show activesync alice@example.com",
        ),
        "autodiscover-json": Command(
            "waypost.cli.show.exchange:autodiscover_json",
            "Print an Autodiscover V2 answer (JSON), for Outlook.",
            "Example: waypost show autodiscover-json alice@example.com --protocol ActiveSync",
        ),
        "pacc": Command(
            "waypost.cli.show.pacc:pacc",
            "Print a PACC document, byte for byte.",
            "Example: waypost show pacc example.com --demo",
        ),
        "dns": Command(
            "waypost.cli.show.dns:dns",
            "Print all DNS records that a domain should publish.",
            "Example: waypost show dns example.com --public-url https://waypost.example.net --demo",
        ),
        "outlook-reg": Command(
            "waypost.cli.show.outlook:outlook_reg",
            "Print a .reg file for classic Outlook.",
            "Example: waypost show outlook-reg > outlook.reg",
        ),
    },
)
_IMPORT: Final = Group(
    "Import providers from other sources.",
    {
        "ispdb": Command(
            "waypost.cli.import_.ispdb:ispdb",
            "Import providers from Autoconfig documents.",
            "Example: waypost import ispdb example.com.xml --print > mail.toml",
        ),
        "automx1": Command(
            "waypost.cli.import_.automx1:automx1",
            "Import the static settings of automx 1.x.",
            "Example: waypost import automx1 /etc/automx.conf --dry-run",
        ),
        "automx2": Command(
            "waypost.cli.import_.automx2:automx2",
            "Copy the database of automx2.",
            "Example: waypost import automx2 --from-uri sqlite:////var/lib/automx2/db.sqlite "
            "--dry-run",
        ),
    },
)
_DB: Final = Group(
    "Manage the database schema.",
    {
        "upgrade": Command(
            "waypost.cli.db.commands:upgrade",
            "Upgrade the schema, or create the tables.",
            "Example: waypost db upgrade",
        ),
        "downgrade": Command(
            "waypost.cli.db.downgrade:downgrade",
            "Return the schema to an earlier revision.",
            "Example: waypost db downgrade --dry-run",
        ),
        "status": Command(
            "waypost.cli.db.commands:status",
            "Show whether the schema is up to date.",
            "Example: waypost db status --json",
        ),
        "check": Command(
            "waypost.cli.db.commands:check",
            "List rows that Waypost cannot serve as they are.",
            "Example: waypost db check --json",
        ),
    },
)
_DOMAIN: Final = Group(
    "List, show and change the served domains.",
    {
        "list": Command(
            "waypost.cli.providers.domain_list:list_domains",
            "List the domains and their providers, sorted by name.",
            "Example: waypost domain list --demo",
        ),
        "show": Command(
            "waypost.cli.providers.domain_show:show_domain",
            "Show the entry and the services of a domain.",
            "Example: waypost domain show example.com --demo --json",
        ),
        "add": Command(
            "waypost.cli.administration.domains:add",
            "Add a domain, or all domains of a CSV file.",
            'Example: waypost domain add new.example --provider "Example Inc."',
        ),
        "rename": Command(
            "waypost.cli.administration.domains:rename",
            "Give a domain another name; provider, services and users stay.",
            "Example: waypost domain rename old.example new.example --dry-run",
        ),
        "move": Command(
            "waypost.cli.administration.domains:move",
            "Move a domain to the services of another provider.",
            'Example: waypost domain move new.example --provider "Example Network"',
        ),
        "set": Command(
            "waypost.cli.providers.domain_change:set_domain",
            "Add one domain to the database, or change its provider.",
            'Example: waypost domain set new.example --provider "Example Inc."',
        ),
        "remove": Command(
            "waypost.cli.providers.domain_change:remove_domain",
            "Remove one domain from the database.",
            "Example: waypost domain remove old.example --dry-run",
        ),
    },
)
_DIRECTORY: Final = Group(
    "List, change and test the user directories.",
    {
        "list": Command(
            "waypost.cli.directory.list_directories:list_directories",
            "List the directories, and how many domains use each.",
            "Example: waypost directory list --providers mail.toml",
        ),
        "show": Command(
            "waypost.cli.administration.objects:show_directory",
            "Print a directory as JSON, without its secret.",
            "Example: waypost directory show people",
        ),
        "add": Command(
            "waypost.cli.administration.objects:add_directory",
            "Add a directory.",
            "Example: waypost directory add people kind=file path=/etc/waypost/people.csv",
        ),
        "set": Command(
            "waypost.cli.administration.objects:set_directory",
            "Change keys of a directory.",
            "Example: waypost directory set people bind_password=@password.txt",
        ),
        "remove": Command(
            "waypost.cli.administration.objects:remove_directory",
            "Remove a directory.",
            "Example: waypost directory remove people --dry-run",
        ),
        "test": Command(
            "waypost.cli.directory.lookup_check:check_lookup",
            "Test the lookup of one user, step by step.",
            "Example: waypost directory test alice@example.com --directory people",
        ),
    },
)
_PROFILE: Final = Group(
    "Verify configuration profiles for Apple devices.",
    {
        "verify": Command(
            "waypost.cli.profile:verify",
            "Check the signature of a profile, and print its content.",
            "Example: waypost profile verify example.com.mobileconfig --ca root.pem",
        )
    },
)
_LINK: Final = Group(
    "Create, list and revoke one-time links that set up a device.",
    {
        "create": Command(
            "waypost.cli.link.create:create",
            "Create a one-time link for a person and a device.",
            'Example: waypost link create alice@example.com --name "Alice" --device phone',
        ),
        "list": Command(
            "waypost.cli.link.manage:list_links",
            "List the links, the newest first.",
            "Example: waypost link list --json",
        ),
        "revoke": Command(
            "waypost.cli.link.manage:revoke",
            "Remove a link, with its password.",
            "Example: waypost link revoke 17",
        ),
    },
)
_PACC_PIN: Final = Command(
    "waypost.cli.providers.pacc:pin",
    "Pin the current document, so that it does not change.",
    "Example: waypost pacc pin example.com",
)
_PACC_UNPIN: Final = Command(
    "waypost.cli.providers.pacc:unpin",
    "Unpin the document, once DNS has the new digest.",
    "Example: waypost pacc unpin example.com --resolver 192.0.2.53",
)
_PACC: Final = Group(
    "Change a PACC document together with its DNS digest.",
    {
        "pin": _PACC_PIN,
        "status": Command(
            "waypost.cli.providers.pacc:status",
            "Show the documents, and whether DNS has their digests.",
            "Example: waypost pacc status example.com --json",
        ),
        "unpin": _PACC_UNPIN,
    },
    old_names={"stage": _PACC_PIN, "switch": _PACC_UNPIN},
)
_SCHEMA: Final = Command(
    "waypost.cli.providers.schema:schema",
    "Print the JSON Schema of providers files.",
    "Example: waypost schema > providers.schema.json",
)
_CONFIG: Final = Group(
    "Show the settings, and where each value comes from.",
    {
        "sample": Command(
            "waypost.cli.config:sample",
            "Print a settings file that explains every option.",
            "Example: waypost config sample > waypost.toml",
        ),
        "show": Command(
            "waypost.cli.config:show",
            "Print the current settings and their sources.",
            "Example: waypost config show --json",
        ),
        "path": Command(
            "waypost.cli.config:path",
            "Print the path of the settings file.",
            "Example: waypost config path",
        ),
    },
    old_names={"schema": _SCHEMA},
)

ALL: Final = Group(
    "Configure mail clients automatically: server, checks and tools.",
    {
        "serve": Command(
            "waypost.cli.serve:command",
            "Start the server for mail clients.",
            "Example: waypost serve --demo --port 8080",
            is_built=True,
        ),
        "init": Command(
            "waypost.cli.init.command:init",
            "Set up Waypost for a domain.",
            "Example: waypost init example.com --dry-run",
        ),
        "apply": Command(
            "waypost.cli.providers.apply:apply",
            "Write a providers file to the database.",
            "Example: waypost apply mail.toml --dry-run",
        ),
        "export": Command(
            "waypost.cli.providers.export:export",
            "Print all providers as a providers file.",
            "Example: waypost export > mail.toml",
        ),
        "schema": _SCHEMA,
        "hostnames": Command(
            "waypost.cli.hostnames:hostnames",
            "Print the host names that need certificates.",
            "Example: waypost hostnames --format certbot --demo",
        ),
        "compare": Command(
            "waypost.cli.checks.compare:compare",
            "Compare the answers of two servers.",
            "Example: waypost compare --old http://127.0.0.1:4243 --new http://127.0.0.1:4343",
        ),
        "conformance": Command(
            "waypost.cli.checks.conformance:conformance",
            "Test a server with all simulated mail clients.",
            "Example: waypost conformance http://127.0.0.1:4243 example.com",
        ),
        "doctor": Command(
            "waypost.cli.checks.doctor:doctor",
            "Check which mail clients work for an address, and why not.",
            "Example: waypost doctor alice@example.com",
        ),
        "monitor": Command(
            "waypost.cli.monitor.command:monitor",
            "Check certificates, DNS and mail servers, again and again.",
            'Example: waypost monitor --once --provider "Example Inc."',
        ),
        "lint": Command(
            "waypost.cli.checks.lint:lint",
            "Find configuration that breaks mail clients.",
            "Example: waypost lint --providers mail.toml --domain example.com",
        ),
        "explain": Command(
            "waypost.cli.checks.explain:explain",
            "Describe a code of the checks, or a mail client.",
            "Example: waypost explain plain-section",
        ),
        "completion": Command(
            "waypost.cli.completion.command:completion",
            "Print the completion script of a shell.",
            "Example: waypost completion bash > ~/.local/share/bash-completion/completions/waypost",
        ),
        "version": Command(
            "waypost.cli.version:version",
            "Print the version.",
            "Example: waypost version --json",
        ),
        "show": _SHOW,
        "import": _IMPORT,
        "db": _DB,
        "domain": _DOMAIN,
        "provider": PROVIDER,
        "service": SERVICE,
        "directory": _DIRECTORY,
        "audit": AUDIT,
        "token": TOKEN,
        "admin": ADMIN,
        "profile": _PROFILE,
        "link": _LINK,
        "pacc": _PACC,
        "config": _CONFIG,
    },
)
