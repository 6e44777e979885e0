"""Write the expected results again; check the differences before you keep them."""

from pathlib import Path

from waypost.importers.ispdb.document import read_ispdb
from waypost.providers_file.load import write_providers


def main() -> None:
    """Write a providers file and a list of notes next to each document."""
    for path in sorted(Path(__file__).parent.glob("*.xml")):
        found = read_ispdb(path.read_bytes(), name=path.name)
        path.with_suffix(".toml").write_text(write_providers(found.catalog, "toml"), "utf-8")
        notes = [f"left out: {one}\n" for one in found.left_out]
        notes += [f"warning: {one}\n" for one in found.warnings]
        path.with_suffix(".txt").write_text("".join(notes), "utf-8")


if __name__ == "__main__":
    main()
