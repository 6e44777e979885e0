"""Write the golden answers: `python -m tests.golden`."""

from tests.golden.cases import FORMATS, cases

for case in cases():
    for file in FORMATS:
        for name in case.stored(file):
            (case.folder / name).unlink()
        for name, content in case.answers(file).items():
            (case.folder / name).write_bytes(content)
