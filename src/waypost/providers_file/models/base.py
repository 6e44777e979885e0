"""What all tables of a providers file have in common: mistakes, warnings, conversion."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, Final, Self, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic.functional_validators import ModelWrapValidatorHandler  # as in pydantic 2.10

from waypost.providers_file.models.rules import (
    FileContext,
    KeyRule,
    Location,
    Problem,
    validation_error,
)
from waypost.providers_file.validation import Mistakes, printable_key, type_name, unknown_keys

_TYPES: Final = {
    "list_type": "a list",
    "dict_type": "a table",
    "model_type": "a table",
    "bool_type": "true or false",
    "string_type": "a string",
}


class TableModel(BaseModel):
    """A table of a providers file. All of its mistakes are found at once."""

    model_config = ConfigDict(
        defer_build=True,
        strict=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,  # It may be a password.
    )

    value_type: ClassVar[type | None] = None
    """The class of the model in `core`, whose attributes have the names of the keys."""

    @classmethod
    def key_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield the mistakes that only depend on which keys are present: a key, or "", and a rule.

        Args:
            data: the table as it is written.
        """
        del data
        yield from ()

    def value_mistakes(self) -> Iterator[tuple[str, str]]:
        """Yield the mistakes of values that are valid alone, but not together."""
        yield from ()

    def value_warnings(self) -> Iterator[tuple[str, str]]:
        """Yield a key, or "", and a text for each value that is perhaps not intended."""
        yield from ()

    def build(self) -> Any:
        """Return the table as a value of the model in `core`."""
        if self.value_type is None:
            raise TypeError(type(self).__name__)
        return self.value_type(**self.values_for(self.value_type))

    @classmethod
    def empty_mistakes(cls, data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        """Yield a mistake if a table has none of the keys."""
        if not any(key in data for key in cls.model_fields):
            yield "", f"is empty; known keys are {', '.join(cls.model_fields)}"

    def values_for(self, value_type: Any, *, without: Sequence[str] = ()) -> dict[str, Any]:
        """Return the values of the keys that are also attributes of a class of `core`."""
        return {
            name: build_value(getattr(self, name)) if is_compound else getattr(self, name)
            for name, is_compound in shared_keys(type(self), value_type)
            if name not in without
        }

    def value_of(self, key: str) -> Any:
        """Return the value of one key as a value of the model in `core`."""
        return build_value(getattr(self, key))

    @classmethod
    def serialize(cls, value: Any) -> object:
        """Return a value of `core` as plain data of a providers file; the inverse of `build`."""
        return serialize_keys(cls, value)

    @model_validator(mode="wrap")
    @classmethod
    def _collect_mistakes(cls, data: object, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(data, dict):
            raise validation_error([((), f"must be a table, not {type_name(data)}")])
        known = known_keys(cls)
        unknown: list[Problem] = []
        table = data
        if not data.keys() <= known.keys() and cls.model_config["extra"] == "forbid":
            unknown = [((printable_key(key),), rule) for key, rule in unknown_keys(data, known)]
            table = {key: data[key] for key in data if key in known}
        model, problems = None, []
        try:
            model = handler(table)
        except ValidationError as error:
            problems = problems_of(error)
        problems += [_problem(*mistake) for mistake in cls.key_mistakes(data)]
        if model is not None and not problems:
            problems += [_problem(*mistake) for mistake in model.value_mistakes()]
        if model is None or unknown or problems:
            raise validation_error([*unknown, *problems])
        return model


_Table = TypeVar("_Table", bound=TableModel)


def read_table(
    model: type[_Table], data: object, report: Mistakes, path: str, context: FileContext
) -> _Table | None:
    """Read a table, report its mistakes and its warnings, and return None if it has mistakes.

    Args:
        model: the class of the table.
        data: plain data.
        report: receives the mistakes.
        path: the path of the table in the file, for example `provider[0]`.
        context: what the table needs to know about the rest of the file.
    """
    try:
        table = model.model_validate(data, context=context)
    except ValidationError as error:
        for location, rule in problems_of(error):
            report.problem(join_path(path, location), rule)
        return None
    if isinstance(data, Mapping):
        for location, text in warnings_of(table, data):
            report.warn(join_path(path, location), text)
    return table


def problems_of(error: ValidationError) -> list[Problem]:
    """Return the mistakes of Pydantic in Waypost's words. A value is in none of them."""
    return [(tuple(detail["loc"]), _rule(detail)) for detail in error.errors(include_url=False)]


def _rule(error: Any) -> str:
    name, context = error["type"], error.get("ctx", {})
    if name == "rule":
        return str(context["rule"])
    if name == "value_error":
        return str(context["error"])
    if name == "missing":
        return "is missing"
    if name in _TYPES:
        return f"must be {_TYPES[name]}, not {type_name(error['input'])}"
    return "cannot be used here"


def join_path(path: str, location: Location) -> str:
    """Return the path of a place in a table: `provider[0]` and `domains`, 2: `….domains[2]`."""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}" if path else step
    return path


def _problem(key: str, rule: str) -> Problem:
    return ((key,) if key else ()), rule


@cache
def known_keys(model: type[TableModel]) -> dict[str, None]:
    """Return the keys of a table, in order."""
    return dict.fromkeys(model.model_fields)


@cache
def shared_keys(model: type[TableModel], value_type: type) -> tuple[tuple[str, bool], ...]:
    """Return the keys of a table that are also attributes of a class of `core`.

    Each key comes with whether its value is a table or a list, which `build_value` must convert.
    """
    names = {field.name for field in fields(value_type)}
    return tuple(
        (name, table_type_in(info.annotation) is not None or get_origin(info.annotation) is list)
        for name, info in model.model_fields.items()
        if name in names
    )


def warnings_of(table: TableModel, data: Mapping[str, object]) -> Iterator[Problem]:
    """Yield the warnings of a table without mistakes, and of the tables in it."""
    for name, rule in _warning_keys(type(table)):
        if name not in data:
            continue
        raw, value = data[name], getattr(table, name)
        warnings: Iterable[Problem] = ()
        if rule is not None:
            warnings = rule.warnings(raw)
        elif isinstance(value, TableModel) and isinstance(raw, Mapping):
            warnings = warnings_of(value, raw)
        elif isinstance(value, list) and isinstance(raw, list):
            warnings = (
                ((index, *location), text)
                for index, (item, raw_item) in enumerate(zip(value, raw, strict=True))
                for location, text in warnings_of(item, raw_item)
            )
        yield from (((name, *location), text) for location, text in warnings)
    yield from (_problem(*warning) for warning in table.value_warnings())


@cache
def _warning_keys(model: type[TableModel]) -> tuple[tuple[str, KeyRule | None], ...]:
    """Return the keys that can have warnings, each with its rule, or None for tables."""
    keys: list[tuple[str, KeyRule | None]] = []
    for name, info in model.model_fields.items():
        rule, inner = rule_of(info), table_type_in(info.annotation)
        if (rule is not None and rule.can_warn) or (rule is None and inner and _can_warn(inner)):
            keys.append((name, rule))
    return tuple(keys)


def _can_warn(model: type[TableModel]) -> bool:
    has_own_warnings = model.value_warnings is not TableModel.value_warnings
    return has_own_warnings or bool(_warning_keys(model))


def rule_of(info: FieldInfo) -> KeyRule | None:
    """Return the rule of a key, or None if Pydantic reads it by its type alone."""
    return next((rule for rule in info.metadata if isinstance(rule, KeyRule)), None)


def build_value(value: object) -> Any:
    """Return a value of a table as a value of the model in `core`."""
    if isinstance(value, TableModel):
        return value.build()
    return tuple(build_value(item) for item in value) if isinstance(value, list) else value


def serialize_keys(
    model: type[TableModel], value: object, *, without: Sequence[str] = ()
) -> dict[str, object]:
    """Return the keys of a table that a value sets, in the order of the table, without defaults."""
    data, defaults = {}, _defaults(model)
    for name, info in model.model_fields.items():
        if name in without or not hasattr(value, name):
            continue
        attribute = getattr(value, name)
        if attribute != defaults[name]:
            data[name] = _serialize_value(info, attribute)
    return data


@cache
def _defaults(model: type[TableModel]) -> Mapping[str, object]:
    """Return the default of each key as a value of the model in `core`; only to be compared.

    Pydantic copies a default each time, which takes as long as all the rest of `serialize_keys`.
    """
    return {
        # pydantic 2.10 requires the data, although no factory here takes it.
        name: build_value(info.get_default(call_default_factory=True, validated_data={}))
        for name, info in model.model_fields.items()
    }


def in_key_order(model: type[TableModel], data: Mapping[str, object]) -> dict[str, object]:
    """Return plain data in the order of the keys of a table."""
    return {name: data[name] for name in model.model_fields if name in data}


def _serialize_value(info: FieldInfo, value: object) -> object:
    if (rule := rule_of(info)) is not None:
        return rule.serialize(value)
    inner = table_type_in(info.annotation)
    if inner is not None and isinstance(value, tuple):
        return [inner.serialize(item) for item in value]
    if inner is not None and is_dataclass(value):
        return inner.serialize(value)
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, StrEnum) else value


def table_type_in(annotation: object) -> type[TableModel] | None:
    """Return the table that an annotation names, for example in `list[LogoTable]`."""
    if isinstance(annotation, type) and issubclass(annotation, TableModel):
        return annotation
    return next(filter(None, map(table_type_in, get_args(annotation))), None)
