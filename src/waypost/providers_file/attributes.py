"""Check the attributes of users that services contain as `%{name}`."""

from collections.abc import Sequence

from waypost.core.model import Directory, DirectoryPolicy, Service, UrlEndpoint
from waypost.core.placeholders import LOGIN_NAME, attributes_in
from waypost.providers_file.validation import Mistakes


def check_attributes(
    report: Mistakes, path: str, service: Service, asked: Sequence[DirectoryPolicy | None]
) -> None:
    """Report each attribute of users that a service needs and that their directory lacks.

    Args:
        report: receives the mistakes.
        path: where the service is in the file.
        service: the service.
        asked: the directories of the domains that may have this service.
    """
    endpoint = service.endpoint
    key = "url" if isinstance(endpoint, UrlEndpoint) else "host"
    place = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    wanted = [(key, name) for name in attributes_in(place)]
    wanted += [("login_name", name) for name in attributes_in(service.login_name or "")]
    if not wanted:
        return
    known = dict.fromkeys(None if one is None else one.directory for one in asked)
    directories = [one for one in known if one is not None]
    for at, name in wanted:
        if at == "host" and name == LOGIN_NAME:
            rules = [f"%{{{name}}} can be used only in URLs and login names"]
        elif name == LOGIN_NAME:
            continue
        elif not directories:
            rules = [f"%{{{name}}} requires a directory, but no directory is set"]
        else:
            rules = [_lacking(directory, at, name) for directory in directories]
        for rule in filter(None, rules):
            report.problem(f"{path}.{at}", rule)


def _lacking(directory: Directory, at: str, name: str) -> str:
    """Return why a directory cannot supply an attribute for a key; "" if it can."""
    rule = next((rule for rule in directory.rules if rule.name == name), None)
    if rule is None:
        return f"directory {directory.label} does not list {name} in its attributes"
    if rule.default is None and at != "login_name":
        # Without a default, the answer for unknown users would differ from that for known users.
        return f"attribute {name} of directory {directory.label} requires a default"
    return ""
