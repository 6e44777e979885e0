"""The QR code of a link."""

from waypost.setup_links.qr_code import for_terminal


def test_border_of_the_code() -> None:
    """Four light squares surround the code (ISO/IEC 18004 s6.3.8), and the colors are set."""
    plain = for_terminal("https://a.example/setup/#x")
    lines = plain.splitlines()
    assert {line[:4] + line[-4:] for line in lines[:-1]} == {"█" * 8}
    assert set(lines[0] + lines[1]) == {"█"}
    colored = for_terminal("https://a.example/setup/#x", has_colors=True).splitlines()
    assert colored == [f"\x1b[38;5;231;48;5;16m{line}\x1b[0m" for line in lines]
