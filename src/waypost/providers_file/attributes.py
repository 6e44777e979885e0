"""Check the attributes of users that services contain as `%{name}`."""

from collections.abc import Sequence

from waypost.core.model import Directory, DirectoryPolicy, Service, UrlEndpoint
from waypost.core.placeholders import LOGIN_NAME, attributes_in
from waypost.providers_file.validation import Mistakes


def check_attributes(
    report: Mistakes, path: str, service: Service, policies: Sequence[DirectoryPolicy | None]
) -> None:
    """Report each attribute of users that a service needs and that their directory lacks.

    Args:
        report: receives the mistakes.
        path: where the service is in the file.
        service: the service.
        policies: the directories of the domains that may have this service.
    """
    endpoint = service.endpoint
    endpoint_key = "url" if isinstance(endpoint, UrlEndpoint) else "host"
    template = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    references = [(endpoint_key, name) for name in attributes_in(template)]
    references += [("login_name", name) for name in attributes_in(service.login_name or "")]
    if not references:
        return
    unique = dict.fromkeys(None if policy is None else policy.directory for policy in policies)
    directories = [directory for directory in unique if directory is not None]
    for key, name in references:
        if key == "host" and name == LOGIN_NAME:
            rules = [f"%{{{name}}} can be used only in URLs and login names"]
        elif name == LOGIN_NAME:
            continue
        elif not directories:
            rules = [f"%{{{name}}} requires a directory, but no directory is set"]
        else:
            rules = [_missing_attribute(directory, key, name) for directory in directories]
        for rule in filter(None, rules):
            report.problem(f"{path}.{key}", rule)


def _missing_attribute(directory: Directory, key: str, name: str) -> str:
    """Return why a directory cannot supply an attribute for a key; "" if it can."""
    rule = next((rule for rule in directory.rules if rule.name == name), None)
    if rule is None:
        return f"directory {directory.label} does not list {name} in its attributes"
    if rule.default is None and key != "login_name":
        # Without a default, the answer for unknown users would differ from that for known users.
        return f"attribute {name} of directory {directory.label} requires a default"
    return ""
