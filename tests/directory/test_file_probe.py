"""One lookup in a file, step by step."""

from pathlib import Path

import pytest

from waypost.core.address import EmailAddress
from waypost.core.model import AttributeRule, FileDirectory
from waypost.directory.factory import open_directory
from waypost.directory.probe import probe
from waypost.directory.step import Step

HEAD = "address,login,display_name,mailHost,office\n"
RULES = (AttributeRule("mailhost", allowed=("mx1.example.com",), default="mx1.example.com"),)

NOT_ALLOWED = "the rule of this attribute does not allow the value"
NO_RULE = "the key attributes of the directory does not name it"


def steps(file: Path, text: str | bytes | None, address: str = "ann@x.example") -> list[Step]:
    """Write a file, and return the steps of a lookup in it."""
    if text is not None:
        file.write_bytes(text.encode() if isinstance(text, str) else text)
    directory = FileDirectory("people", str(file), RULES)
    return list(probe(directory, EmailAddress.parse(address)))


CASES: list[tuple[str | bytes | None, list[tuple[str, bool, str]]]] = [
    # the file, the steps: name, whether it succeeded, text
    (None, [("file", False, "cannot be read: No such file or directory")]),
    (b"", [("file", True, "0 bytes"), ("lines", False, "users.csv: is empty")]),
    (
        "address,login\nx\ny\n",
        [
            ("file", True, "18 bytes, changed 20"),
            ("lines", False, "line 2: has 1 cell, but the header has 2 (and 1 more)"),
        ],
    ),
    (
        HEAD + "bob@x.example,u2,,,\n",
        [
            ("file", True, ""),
            ("lines", True, "1 user; columns: login, display_name, mailHost, office"),
            ("entry", False, "no user in the file has this address"),
        ],
    ),
    (
        HEAD + "Ann@x.example,u1,,,\nANN@x.example,u2,,,\n",
        [
            ("file", True, ""),
            ("lines", True, "2 users; "),
            ("entry", False, "ambiguous: lines 2 and 3 differ in case only"),
        ],
    ),
    (
        HEAD + "Ann@x.example,u1,Ann,MX1.example.com,\n",
        [
            ("file", True, ""),
            ("lines", True, "1 user; "),
            ("entry", True, "line 2, as Ann@x.example"),
            ("user", True, "login u1; display_name Ann; mailhost mx1.example.com"),
        ],
    ),
    (
        HEAD + "ann@x.example,,Ann,mx9.example.com,2.01\n",
        [
            ("file", True, ""),
            ("lines", True, ""),
            ("entry", True, ""),
            (
                "user",
                True,
                f"display_name Ann; mailHost not used: {NOT_ALLOWED}; office not used: {NO_RULE}",
            ),
        ],
    ),
    (
        HEAD + "ann@x.example,,,,\n",
        [
            ("file", True, ""),
            ("lines", True, ""),
            ("entry", True, ""),
            ("user", True, "nothing that can be used"),
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_steps(
    tmp_path: Path, text: str | bytes | None, expected: list[tuple[str, bool, str]]
) -> None:
    """Each step shows its result; a failed step is the last one."""
    done = steps(tmp_path / "users.csv", text)
    assert [(step.name, step.ok) for step in done] == [(name, ok) for name, ok, _ in expected]
    for step, (_, _, said) in zip(done, expected, strict=True):
        assert said in step.text
        assert step.seconds > 0


def test_details(tmp_path: Path) -> None:
    """Scripts get each mistake and each result as values."""
    bad = steps(tmp_path / "users.csv", "address,login\nx\ny\n")[-1]
    assert len(bad.details["problems"]) == 2  # type: ignore[arg-type]
    good = steps(tmp_path / "users.csv", HEAD + "ann@x.example,u1,,,7\n")
    assert good[0].details["bytes"] == 64
    assert good[1].details["users"] == 1
    assert good[2].details == {"lines": [2], "entry": {"login": ["u1"], "office": ["7"]}}
    assert good[3].details["used"] == {"login": "u1"}


def test_toml_without_lines(tmp_path: Path) -> None:
    """If the line of a table is not known, the step shows none."""
    text = '"ann@x.example" = { login = "u1" }\n'
    assert steps(tmp_path / "users.toml", text)[2].text == "a table, as ann@x.example"


def test_same_answer_as_a_server(tmp_path: Path) -> None:
    """The steps end with the entry that a server gets."""
    file = tmp_path / "users.csv"
    entry = steps(file, HEAD + "ann@x.example,u1,Ann,,\n")[2].details["entry"]
    directory = open_directory(FileDirectory("people", str(file), RULES))
    assert entry == {
        name: list(values)
        for name, values in (directory.find(EmailAddress.parse("ann@x.example")) or {}).items()
    }
    directory.close()
