"""A test machine: its folders and its environment, for loading settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from waypost.core.errors import SettingsError
from waypost.settings import LoadedSettings, load


@dataclass
class Machine:
    """Folders below one temporary folder, and environment variables."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def cwd(self) -> Path:
        return self.root / "work"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def etc(self) -> Path:
        return self.root / "etc"

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o640)  # Otherwise a secret in it has a warning.
        return path

    def load(self, flags: Mapping[str, object] | None = None) -> LoadedSettings:
        return load(self.environ, flags or {}, self.cwd, self.home, self.etc)

    def problems(self, flags: Mapping[str, object] | None = None) -> tuple[str, ...]:
        try:
            loaded = self.load(flags)
        except SettingsError as error:
            return tuple(
                problem.replace(str(self.root), "ROOT")  # so that tables can hold the whole text
                for problem in error.problems
            )
        message = f"was accepted: {loaded}"
        raise AssertionError(message)
