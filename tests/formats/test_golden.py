"""Every golden answer equals the answer of the format, byte for byte."""

import pytest

from tests.golden.cases import FORMATS, Case, cases

CASES = cases()


@pytest.mark.parametrize("file", FORMATS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_answer(case: Case, file: str) -> None:
    """The answer equals the file in the case's folder; a refusal has a file with its code."""
    assert case.answers(file) == case.stored(file)


def test_there_are_many_kinds_of_providers() -> None:
    """The folders are found, with more than twelve providers."""
    assert len(CASES) > 25


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_unused_file(case: Case) -> None:
    """A folder has the case and its answers, and no unused file."""
    answers = {name for file in FORMATS for name in case.answers(file)}

    assert {path.name for path in case.folder.iterdir()} == answers | {
        "case.toml",
        "providers.toml",
    }
