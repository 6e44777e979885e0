"""Services in the options of a command, such as `--service imap=imap.example.com`."""

from collections.abc import Sequence

from waypost.core.errors import InvalidObject


def read_services(texts: Sequence[str]) -> list[dict[str, object]]:
    """Return services with the keys of a providers file.

    Args:
        texts: TYPE=HOST, TYPE=HOST:PORT or TYPE=URL. The use case checks the values.

    Raises:
        InvalidObject: all texts of another form.
    """
    services: list[dict[str, object]] = []
    mistakes: list[tuple[str, str]] = []
    for text in texts:
        kind, _, place = text.partition("=")
        if not kind or not place:
            rule = "must have the form TYPE=HOST, TYPE=HOST:PORT or TYPE=URL"
            mistakes.append(("--service", f"{text!r} {rule}, such as imap=imap.example.com"))
            continue
        services.append({"type": kind, **_place(place)})
    if mistakes:
        raise InvalidObject(mistakes)
    return services


def _place(text: str) -> dict[str, object]:
    if "://" in text:
        return {"url": text}
    host, colon, port = text.rpartition(":")
    if not colon:
        return {"host": text}
    # The rule for ports is that of a providers file.
    return {"host": host, "port": int(port) if port.isascii() and port.isdigit() else port}
