"""From the groups of a person to what the person may read or change."""

from collections.abc import Iterable, Mapping

from waypost.admin.access.scope import AccessScope
from waypost.admin.principal import Role
from waypost.settings.role_text import parse_role_text


def scope_of_groups(groups: Iterable[str], roles: Mapping[str, str]) -> AccessScope | None:
    """Return what the groups of a person allow together, and never more than that.

    One scope has one role. So `write` comes before `read`, even if it is for fewer domains. Then a
    role without limits comes before others, and the domains of several groups are added up. A limit
    to a provider cannot be added to another limit: the first one in `roles` counts.

    Args:
        groups: of the person.
        roles: the option `oidc_roles`.

    Returns:
        None if no group has a role.
    """
    known = set(groups)
    scopes = [_scope(text) for group, text in roles.items() if group in known]
    if not scopes:
        return None
    role = Role.WRITE if any(one.role is Role.WRITE for one in scopes) else Role.READ
    scopes = [one for one in scopes if one.role is role]
    unlimited = [one for one in scopes if not one.is_limited]
    if unlimited:
        return unlimited[0]
    # Those with the same provider, or all without one, differ in their domains alone.
    provider = scopes[0].provider
    same = [one for one in scopes if one.provider == provider]
    if any(not one.domains for one in same):
        return AccessScope(role, (), provider)
    domains = dict.fromkeys(pattern for one in same for pattern in one.domains)
    return AccessScope(role, tuple(domains), provider)


def _scope(text: str) -> AccessScope:
    found = parse_role_text(text)
    return AccessScope(Role(found.role), found.domains, found.provider)
