"""An option, and its texts for people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OptionInfo:
    """The texts about an option.

    `allowed` completes "must be ..."; `example` is a TOML value for an option without a default;
    `masked` means that the value, or a part of it, must not be shown; `automx2_variable` is a
    variable of automx2 that also sets the option; `unit` is the unit of a number, such as
    "seconds", and empty for a count or a rate.
    """

    section: str
    help: str
    allowed: str
    example: str = ""
    masked: bool = False
    automx2_variable: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """One line of the table.

    `kind` is bool, int, float, str, Path, list (of texts) or dict (of texts by language);
    `choices` is empty if more values are allowed than a list can have; `default` is None if the
    option is off by default or, for `db_uri`, depends on the user (`default_db_uri`).
    """

    name: str
    kind: type
    default: object
    info: OptionInfo
    choices: tuple[str, ...] = ()

    @property
    def is_database(self) -> bool:
        """Whether the value is the URI of a database: only its secrets are masked."""
        return self.name in {"db_uri", "db_read_uri"}

    @property
    def variable(self) -> str:
        """The environment variable that sets the option."""
        return f"WAYPOST_{self.name.upper()}"

    @property
    def flag(self) -> str:
        """The flag of `waypost serve` that sets the option."""
        return f"--{self.name.replace('_', '-')}"
