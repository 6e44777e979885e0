"""The architecture rules, as tables and as functions that yield what breaks them."""

import ast
import sys
from collections.abc import Iterator

from tests.architecture.source import Module, is_below

VALUES = {"errors", "characters", "address", "model", "preference", "placeholders"}

# Which part of Waypost may import which other part. Each part must be in this table.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "characters": set(),
    "redaction": set(),
    "address": {"errors", "characters"},
    "model": {"errors", "characters", "address"},
    "preference": {"errors", "address", "model"},
    "sharing": {"errors", "address", "model"},
    "keeping": set(),
    "demand": set(),
    "backoff": set(),
    "bounded_toml": set(),
    "regular_file": set(),
    "threads": set(),
    "lanes": {"errors", "threads"},
    "signature": set(),
    "seldom": set(),
    "shared_numbers": set(),
    "database": {"errors", "redaction"},
    "placeholders": {"errors", "address", "model", "preference"},
    "settings": {"errors", "characters", "redaction", "bounded_toml", "regular_file"},
    "log_writer": set(),
    "standard_error": {"characters", "log_writer"},
    "logs": {"errors", "characters", "address", "redaction", "log_writer", "standard_error"},
    "untrusted_xml": set(),
    "net": {"errors", "redaction", "threads"},
    "metrics": set(),
    "formats": {*VALUES, "untrusted_xml"},
    "store": {"errors", "characters", "address", "model", "metrics", "sharing", "keeping", "lanes"}
    | {"database", "seldom", "redaction"},
    "directory": {"errors", "characters", "address", "model", "metrics", "keeping", "lanes"}
    | {"database", "signature", "seldom", "redaction", "net", "bounded_toml", "regular_file"}
    | {"threads"},
    "transfer": {*VALUES, "sharing", "untrusted_xml", "redaction", "net", "bounded_toml"}
    | {"regular_file"},
    "demo": {*VALUES, "transfer"},
    "lookup": {*VALUES, "store", "directory"},
    "documents": {"address", "keeping", "lookup", "model", "placeholders"},
    "host_names": {"errors", "address", "model"},
    "seeding": {*VALUES, "store", "transfer", "demo", "database"},
    "reloading": {*VALUES, "metrics", "store", "transfer", "signature", "demand", "backoff"}
    | {"shared_numbers"},
    "profiles": {"errors", "model", "formats", "signature", "seldom", "demand", "backoff"}
    | {"regular_file"},
    "check": {*VALUES, "formats", "lookup", "untrusted_xml", "redaction", "net"},
    "wiring": {*VALUES, "settings", "logs", "store", "directory", "transfer", "demo", "lookup"}
    | {"seeding", "reloading", "metrics", "check", "database", "formats", "profiles"},
    "web": {*VALUES, "settings", "logs", "metrics", "formats", "lookup", "seeding", "check"}
    | {"reloading", "profiles", "wiring", "host_names", "documents", "seldom"}
    | {"shared_numbers", "standard_error", "__version__", "bounded_toml", "threads"},
    "cli": {*VALUES, "settings", "logs", "formats", "store", "directory", "transfer", "demo"}
    | {"lookup", "seeding", "check", "metrics", "wiring", "web", "database", "__version__"}
    | {"host_names", "redaction", "net", "standard_error"},
    "__main__": {"cli"},
    "__version__": set(),
}

# Which part may import which library. No part may import a library that is not in this table.
LIBRARIES: dict[str, set[str]] = {
    "alembic": {"store.sql", "store.migrations"},
    "cryptography": {"formats.signing", "profiles", "check.cms", "check.profile"},
    "fastapi": {"web.admin"},
    "idna": {"address"},
    "jinja2": {"web"},
    "ldap": {"directory.ldap"},
    "dns": {"formats.dns", "check.name_servers", "check.resolving", "check.text_records"},
    "lxml": {"untrusted_xml", "formats", "transfer", "check"},
    "prometheus_client": {"metrics"},
    "pydantic": {"settings", "transfer"},
    "pydantic_core": {"settings", "transfer"},
    "rich": {"cli"},
    "segno": {"web.public.qr"},
    "sqlalchemy": {"database", "store.sql", "store.migrations", "directory.sql"},
    "structlog": {
        "logs",
        "store.cache",
        "store.sql",
        "directory",
        "reloading",
        "profiles",
        "cli",
        "web",
        "wiring",
    },
    "typer": {"cli"},
    "uvicorn": {"web"},
    "httptools": {"web"},
}

# Parts with pure functions: no clock, no randomness, no files, no network, no processes.
PURE = {
    *VALUES,
    "redaction",
    "keeping",
    "sharing",
    "untrusted_xml",
    "bounded_toml",
    "formats",
    "lookup",
    "host_names",
}
PURE |= {"documents"}
PURE |= {"check.answers", "check.texts", "check.difference", "check.recorded"}
PURE |= {
    "check.lint_clients",
    "check.lint",
    "check.lint_address_books",
    "check.lint_checks",
    "check.lint_methods",
    "check.lint_rule",
    "check.lint_rules",
    "check.lint_rules_methods",
    "check.lint_rules_strict",
    "check.lint_strict",
    "check.offered",
}
IMPURE = {
    *("asyncio", "datetime", "http", "logging", "multiprocessing", "os", "pathlib", "random"),
    *("secrets", "shutil", "socket", "sqlite3", "ssl", "subprocess", "tempfile", "threading"),
    *("time", "urllib.request"),
}

# What a module may call while it is imported: functions that return a value without an effect.
QUIET_CALLS = {
    *("frozenset", "tuple", "dict", "set", "list", "range", "sorted", "len", "object", "type"),
    *("str", "int", "zip", "enumerate", "min", "max", "dict.fromkeys", "str.maketrans"),
    *("re.compile", "ipaddress.ip_network", "uuid.uuid5", "UUID", "uuid.UUID", "TypeVarTuple"),
    *("TypeVar", "NewType", "ParamSpec", "MappingProxyType", "types.MappingProxyType"),
    *("field", "Field", "ConfigDict", "AfterValidator", "BeforeValidator", "enum.auto", "auto"),
    *("TypeAdapter", "structlog.get_logger", "etree.QName", "importlib.metadata.version"),
}
# The same for methods, which only texts and mappings have.
QUIET_METHODS = {
    *("lower", "upper", "strip", "split", "join", "encode", "casefold"),
    *("items", "keys", "values", "union"),
}

# The parsing functions of lxml. Only one part may call them, so only one part needs protection.
XML_PARSER = "untrusted_xml"
XML_PARSING = {"XMLParser", "XMLPullParser", "HTMLParser", "fromstring", "fromstringlist"}
XML_PARSING |= {"parse", "iterparse", "XML", "XMLID", "HTML"}
# The same for TOML.
TOML_PARSER = "bounded_toml"
# Python's own functions for it. Other parts may use only the name of an error.
PYTHON_XML = ("xml", "pyexpat")
PYTHON_XML_ERROR = "xml.parsers.expat.ExpatError"
# lxml keeps each name in memory, so only parts for commands may parse with it.
XML_KEPT = f"waypost.{XML_PARSER}.parse"
XML_KEEPING = ("check", "transfer")

# Modules that describe tables.
DESCRIBING = {"store.sql.schema", "store.sql.scratch", "store.sql.revision"}

# The only modules that write to a terminal for commands: they escape what they write.
WRITING = {"cli.reporting", "cli.layout"}
WRITERS = {"print", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write"}
WRITERS |= {"console.print", "sys.stdout.buffer.write", "sys.stderr.buffer.write", "os.write"}

MAX_LINES = 300
MAX_FUNCTION_LINES = 50
# Longer modules, each with the reason.
LONG: dict[str, str] = {}


def layer_findings(module: Module) -> Iterator[str]:
    """Yield the imports of Waypost's own parts that point upwards or sideways."""
    own = module.name.partition(".")[0]
    if own and own not in LAYERS:
        yield f"{module.name}: the part {own} is not in the table of layers"
        return
    for line, name in module.imports():
        if not is_below(name, "waypost"):
            continue
        part = name.split(".")[1] if "." in name else ""
        if part != own and part not in LAYERS.get(own, set()):
            yield f"{module.name}:{line}: {own or 'the package'} must not import {part or name}"


def library_findings(module: Module) -> Iterator[str]:
    """Yield the imports of libraries outside the parts that may import them."""
    for line, name in module.imports():
        library = name.partition(".")[0]
        if library == "waypost" or library in sys.stdlib_module_names:
            continue
        allowed = LIBRARIES.get(library)
        if allowed is None:
            yield f"{module.name}:{line}: {library} is not in the table of libraries"
        elif not any(is_below(module.name, part) for part in allowed):
            yield f"{module.name}:{line}: {library} may be imported only in {sorted(allowed)}"


def purity_findings(module: Module) -> Iterator[str]:
    """Yield the imports of a pure part that allow an effect."""
    if not any(is_below(module.name, part) for part in PURE):
        return
    for line, name in module.imports():
        if any(is_below(name, impure) for impure in IMPURE):
            yield f"{module.name}:{line}: {name} has no place in a part that must be pure"


def parsing_findings(module: Module) -> Iterator[str]:
    """Yield the lines that parse XML with other settings than `untrusted_xml`."""
    if module.name == XML_PARSER:
        return
    banned = {f"lxml.etree.{name}" for name in XML_PARSING} | {"lxml.html", "lxml.objectify"}
    for line, name in module.imports():
        if is_below(name, "tomllib") and module.name != TOML_PARSER:
            yield f"{module.name}:{line}: TOML is parsed in {TOML_PARSER} alone"
        own = any(is_below(name, part) for part in PYTHON_XML) and name != PYTHON_XML_ERROR
        if name in banned or own:
            yield f"{module.name}:{line}: XML is parsed in {XML_PARSER} alone"
        if name == XML_KEPT and not _is_for_commands(module):
            yield f"{module.name}:{line}: use {XML_PARSER}.read, which keeps no names"
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Attribute):
            continue
        used = ast.unparse(node)
        if f"lxml.{used}" in banned:
            yield f"{module.name}:{node.lineno}: XML is parsed in {XML_PARSER} alone"
        if f"waypost.{used}" == XML_KEPT and not _is_for_commands(module):
            yield f"{module.name}:{node.lineno}: use {XML_PARSER}.read, which keeps no names"


def writing_findings(module: Module) -> Iterator[str]:
    """Yield the lines that write to a terminal without the module that escapes the text."""
    if module.name in WRITING or not is_below(module.name, "cli"):
        return
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS:
            yield f"{module.name}:{node.lineno}: write by cli.reporting, which escapes"


def _is_for_commands(module: Module) -> bool:
    return any(is_below(module.name, part) for part in XML_KEEPING)


def size_findings(module: Module) -> Iterator[str]:
    """Yield files and functions that are too long; the docstring of a function does not count."""
    lines = module.text.count("\n")
    if lines > MAX_LINES and module.name not in LONG:
        yield f"{module.name}: {lines} lines; split it, {MAX_LINES} are allowed"
    for function in module.functions():
        first = function.body[0]
        has_docstring = ast.get_docstring(function, clean=False) is not None
        docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
        length = (function.end_lineno or 0) - function.lineno + 1 - docstring
        if length > MAX_FUNCTION_LINES:
            yield (
                f"{module.name}:{function.lineno}: {function.name} has {length} lines; "
                f"{MAX_FUNCTION_LINES} are allowed"
            )


def except_findings(module: Module) -> Iterator[str]:
    """Yield the lines that catch every exception."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {ast.unparse(one) if one else "everything" for one in caught}
        if names & {"everything", "Exception", "BaseException"}:
            yield f"{module.name}:{node.lineno}: name what you catch"


def effect_findings(module: Module) -> Iterator[str]:
    """Yield the statements of a module that have an effect while it is imported."""
    if module.name == "store.migrations.env":
        return  # A script that Alembic runs, and no module imports.
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Global):
            yield f"{module.name}:{node.lineno}: global state"
    for statement in module.tree.body:
        yield from _effects(module, statement)


def _effects(module: Module, statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if isinstance(statement, ast.ClassDef):
        for inner in statement.body:
            yield from _effects(module, inner)
        return
    if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
        return
    if isinstance(statement, ast.For | ast.While | ast.With | ast.Delete):
        yield f"{module.name}:{statement.lineno}: a statement that runs at import"
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and not _quiet(module, ast.unparse(node.func)):
            yield f"{module.name}:{node.lineno}: {ast.unparse(node.func)} is called at import"


def _quiet(module: Module, called: str) -> bool:
    if called in QUIET_CALLS or called.rpartition(".")[2] in QUIET_METHODS:
        return True
    if module.name in {
        "store.sql.schema",
        "store.sql.scratch",
        "store.sql.revision",
    } and called.startswith("sa."):
        return True  # It describes tables and opens nothing.
    if is_below(module.name, "cli") and called in {"typer.Typer", "typer.Option", "typer.Argument"}:
        return True
    # A value of the package's own classes (a name in CamelCase) is a constant.
    return called.isidentifier() and called[:1].isupper() and not called.isupper()
