"""The table of the commands that change one thing, or say who may change something."""

from typing import Final

from waypost.cli.lazy import Command, Group

AUDIT: Final = Group(
    "List and undo changes of the database.",
    {
        "list": Command(
            "waypost.cli.administration.audit:list_changes",
            "List the changes in the audit log, the newest first.",
            "Example: waypost audit list --object example.com --since 2026-11-01",
        ),
        "undo": Command(
            "waypost.cli.administration.audit:undo",
            "Undo a change.",
            "Example: waypost audit undo 17 --dry-run",
        ),
    },
)
PROVIDER: Final = Group(
    "List, show and change the providers in the database.",
    {
        "list": Command(
            "waypost.cli.administration.objects:list_providers",
            "List the providers, and how many domains each has.",
            "Example: waypost provider list --json",
        ),
        "show": Command(
            "waypost.cli.administration.objects:show_provider",
            "Print a provider as JSON, with the keys of a providers file.",
            'Example: waypost provider show "Example Inc."',
        ),
        "add": Command(
            "waypost.cli.administration.objects:add_provider",
            "Add a provider.",
            'Example: waypost provider add "Example Inc." short_name=Example',
        ),
        "set": Command(
            "waypost.cli.administration.objects:set_provider",
            "Change keys of a provider, and so the answers for all its domains.",
            'Example: waypost provider set "Example Inc." subaddress_separators=+ --yes',
        ),
        "rename": Command(
            "waypost.cli.administration.objects:rename_provider",
            "Give a provider another name.",
            'Example: waypost provider rename "Example Inc." "Example AG" --dry-run',
        ),
        "remove": Command(
            "waypost.cli.administration.objects:remove_provider",
            "Remove a provider.",
            'Example: waypost provider remove "Example Inc."',
        ),
    },
)
SERVICE: Final = Group(
    "List and change the services of a domain in the database.",
    {
        "list": Command(
            "waypost.cli.administration.services:list_services",
            "List the services of a domain, each with its number and its keys.",
            "Example: waypost service list example.com",
        ),
        "add": Command(
            "waypost.cli.administration.services:add_service",
            "Add a service to one domain.",
            "Example: waypost service add example.com imap host=imap.example.com",
        ),
        "set": Command(
            "waypost.cli.administration.services:set_service",
            "Change keys of one service of one domain.",
            "Example: waypost service set example.com imap port=143 security=starttls",
        ),
        "remove": Command(
            "waypost.cli.administration.services:remove_service",
            "Remove one service of one domain.",
            "Example: waypost service remove example.com pop3",
        ),
        "copy": Command(
            "waypost.cli.administration.services:copy_services",
            "Give all domains of a provider the services of one domain.",
            'Example: waypost service copy example.com --to-provider "Example Inc." --yes',
        ),
    },
)
TOKEN: Final = Group(
    "Create, list and revoke the tokens of the API.",
    {
        "create": Command(
            "waypost.cli.token.commands:create",
            "Create a token for the API, and print it.",
            "Example: waypost token create --name panel --role write --domains '*.example.com'",
        ),
        "list": Command(
            "waypost.cli.token.commands:list_tokens",
            "List the tokens, without their secrets.",
            "Example: waypost token list --json",
        ),
        "revoke": Command(
            "waypost.cli.token.commands:revoke",
            "Revoke a token at once.",
            "Example: waypost token revoke abcdefghjkmn",
        ),
    },
)
ADMIN: Final = Group(
    "Sign in to the admin pages, or run only the admin listener.",
    {
        "link": Command(
            "waypost.cli.token.admin_link:link",
            "Print a link that signs one person in to the admin pages.",
            "Example: waypost admin link --name alice --role read",
        ),
        "serve": Command(
            "waypost.cli.administration.admin_listener:serve",
            "Start only the listener for operators and certificate tools.",
            "Example: waypost admin serve --port 4244",
        ),
    },
)
