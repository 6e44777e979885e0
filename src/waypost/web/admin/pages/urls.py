"""URLs of pages."""

from urllib.parse import urlencode


def url(path: str, **query: object) -> str:
    """Return the URL of a page; parameters that are None or empty are left out."""
    given = {name: value for name, value in query.items() if value is not None and value != ""}
    return f"{path}?{urlencode(given)}" if given else path
