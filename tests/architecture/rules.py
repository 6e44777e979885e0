"""The architecture rules, as tables and as functions that yield what breaks them."""

import ast
import sys
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

from tests.architecture.source import Module, is_below

# Which part of Waypost may import which other part. A name with a dot is a module or a folder in a
# part; the longest name that fits a module counts. Each part must be in this table.
LAYERS: dict[str, set[str]] = {
    "core": set(),
    "parsing": set(),
    "runtime": {"core"},
    "runtime.metrics": {"core", "__version__"},
    "database": {"core"},
    "net": {"core", "runtime.threads"},
    "settings": {"core", "parsing", "runtime.regular_file"},
    "formats": {"core", "parsing"},
    "providers_file": {"core", "parsing", "runtime.regular_file"},
    "importers": {"core", "parsing", "providers_file"},
    "importers.download": {"core", "net"},
    "demo": {"core", "providers_file"},
    "store": {"core", "runtime", "database", "diagnostics.diagnostic", "diagnostics.row_codes"},
    "store.sql.setup_link_rows": {"core", "database", "setup_links.link"},
    "store.initdb": {"core", "database", "providers_file", "importers", "demo"},
    "store.reload": {"core", "runtime", "providers_file"},
    "setup_links": {"core"},
    "app_passwords": {"core", "net"} | {"setup_links.app_password", "setup_links.link"},
    "setup_links.service": {"core", "runtime.worker_pool", "runtime.limits.query_charges"},
    "setup_links.password_service": {"core", "runtime.worker_pool"},
    "sign_in": {"core", "net", "setup_links.link"},
    "sign_in.limits": {"core", "runtime.limits", "runtime.worker_pool"},
    "sign_in.service": {"core", "runtime.limits.shared_ratelimit"},
    "sign_in.openid": {"oidc", "setup_links.link"},
    "sign_in.openid_service": {"core", "runtime.limits.shared_ratelimit", "setup_links.link"},
    "sign_in.proof": {"core", "setup_links.keys", "setup_links.link", "setup_links.token"},
    "oidc": {"core", "net", "settings.validators"},
    "directory": {"core", "parsing", "runtime", "database"}
    | {"net.deadline", "net.name_lookup", "net.tcp"},
    "lookup": {"core", "runtime.lru"},
    "profiles": {"core", "runtime", "formats.mobileconfig.signing"},
    "diagnostics": {"core", "parsing", "formats", "net"},
    "diagnostics.diagnostic": {"core"},
    "diagnostics.row_codes": {"core"},
    "diagnostics.lint": {"core", "formats", "store.interning"},
    "monitor": {"core", "runtime", "formats", "lookup", "diagnostics"},
    "setup": {"core", "parsing.bounded_toml", "runtime.regular_file", "formats", "lookup"}
    | {"providers_file", "importers", "diagnostics"},
    "api": {"core", "formats", "lookup", "profiles", "providers_file", "settings.validators"}
    | {"store.memory", "web.public.responder"},
    "asgi": {"core", "runtime.logs", "settings", "web.public.app", "web.public.request"},
    "wsgi": {"asgi", "formats.autodiscover.request"},
    "wiring.timed_parts": {"core", "runtime.part_times", "lookup.lookup", "profiles.signers"},
    "wiring.directories": {"runtime.metrics", "settings", "directory"},
    "wiring.profiles": {"core", "settings", "store", "profiles", "formats.mobileconfig.signing"},
    "wiring.links": {"core", "app_passwords", "runtime.regular_file", "settings", "setup_links"}
    | {"sign_in", "oidc"},
    "wiring.database": {"core", "runtime", "settings", "database", "store", "directory"},
    "wiring.stores": {"core", "settings", "store", "providers_file", "demo", "wiring.database"},
    "wiring.runtime": {"core", "runtime", "settings", "store", "directory", "lookup", "demo"}
    | {"profiles", "setup_links", "sign_in.authenticator", "sign_in.openid_service"}
    | {"wiring.timed_parts", "wiring.directories", "wiring.profiles", "wiring.links"}
    | {"wiring.database", "wiring.stores"},
    "wiring": set(),
    "admin": {"core", "runtime", "settings", "database", "formats", "net", "store", "directory"}
    | {"providers_file", "importers", "demo", "lookup", "profiles", "diagnostics", "wiring"}
    | {"setup", "monitor", "setup_links", "parsing.strict_json"},
    "web": {"core", "runtime", "settings", "formats", "lookup"}
    | {"store.reload", "wiring", "setup_links", "sign_in", "oidc.library"}
    | {"__version__"},
    "web.admin": {"core", "runtime", "settings", "formats", "lookup"}
    | {"store.reload", "store.sql.request_counts", "admin", "database.engine", "oidc"}
    | {"providers_file", "wiring", "setup_links"}
    | {"__version__"},
    "web.app_context": {"core", "lookup.lookup", "setup_links", "sign_in.authenticator"},
    "web.public.handlers": {"core", "formats"},
    "cli": {"core", "parsing", "runtime", "settings", "database", "formats", "net", "store"}
    | {"directory", "providers_file", "importers", "demo", "lookup", "diagnostics", "wiring"}
    | {"admin", "setup", "monitor"}
    | {"web.public.server", "web.server_process", "web.fork_server", "web.service_manager"}
    | {"web.metrics"}
    | {"web.public.page.languages", "web.admin.pages.languages", "setup_links"}
    | {"__version__"},
    "__main__": {"cli.main"},
    "__version__": set(),
}

# Which part may import which library. No part may import a library that is not in this table.
LIBRARIES: dict[str, set[str]] = {
    "alembic": {"store.sql"},
    "cryptography": {"formats.mobileconfig.signing", "profiles", "parsing.cms"}
    | {"diagnostics.profile_file", "setup_links.keys"},
    "dns": {"formats.dns", "net.dns", "diagnostics.transports.dns"},
    "fastapi": {"web.admin"},
    "httptools": {"web"},
    "idna": {"core.address"},
    "jinja2": {"web"},
    "joserfc": {"oidc.id_token"},
    "ldap": {"directory.ldap"},
    "lxml": {"parsing.untrusted_xml", "formats", "importers", "diagnostics"},
    "polib": {"web.languages.catalog"},
    "prometheus_client": {"runtime.metrics", "runtime.prometheus"},
    "opentelemetry": {"web.public.tracing"},
    "pydantic": {"settings", "providers_file", "web.admin"},
    "pydantic_core": {"settings", "providers_file"},
    "rich": {"cli"},
    "segno": {"web.public.page.qr", "setup_links.qr_code"},
    "starlette": {"web.admin"},
    "sqlalchemy": {"database", "store.sql", "directory.sql", "admin.access"},
    "structlog": {"runtime.logs", "store", "directory", "profiles", "cli", "web", "wiring"}
    | {"asgi", "setup_links.service", "setup_links.password_service", "sign_in.service"}
    | {"sign_in.openid_service"},
    "typer": {"cli"},
    "uvicorn": {"web"},
}

# Parts with pure functions: no clock, no randomness, no files, no network, no processes.
PURE = {
    *("core", "parsing.untrusted_xml", "parsing.bounded_toml", "formats", "lookup"),
    *("runtime.lru", "diagnostics.comparison.answers", "diagnostics.comparison.normalization"),
    *("diagnostics.comparison.difference", "diagnostics.simulated_clients", "diagnostics.lint"),
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
    "partialmethod",
    *(
        "ContextVar",
        "TypeAdapter",
        "structlog.get_logger",
        "etree.QName",
        "importlib.metadata.version",
    ),
}
# The same for methods, which only texts and mappings have.
QUIET_METHODS = {
    *("lower", "upper", "strip", "split", "join", "encode", "casefold"),
    *("items", "keys", "values", "union"),
}

# The parsing functions of lxml. Only one part may call them, so only one part needs protection.
XML_PARSER = "parsing.untrusted_xml"
XML_PARSING = {"XMLParser", "XMLPullParser", "HTMLParser", "fromstring", "fromstringlist"}
XML_PARSING |= {"parse", "iterparse", "XML", "XMLID", "HTML"}
# The same for TOML.
TOML_PARSER = "parsing.bounded_toml"
# Python's own functions for it. Other parts may use only the name of an error.
PYTHON_XML = ("xml", "pyexpat")
PYTHON_XML_ERROR = "xml.parsers.expat.ExpatError"
# lxml keeps each name in memory, so only parts for commands may parse with it.
XML_KEPT = f"waypost.{XML_PARSER}.parse"
XML_KEEPING = ("diagnostics", "importers")

# Python's own functions for HTTP requests. Only one part may use them: each of its requests has one
# deadline (decision 21).
HTTP_PART = "net"
HTTP_SENDERS = {"HTTPConnection", "HTTPSConnection", "urlopen", "build_opener", "urlretrieve"}

# Modules that describe tables.
DESCRIBING = {"store.sql.schema", "store.sql.admin_schema", "store.sql.revision"}

# The only modules that write to a terminal for commands: they escape what they write.
WRITING = {"cli.output", "cli.layout"}
WRITERS = {"print", "typer.echo", "typer.secho", "sys.stdout.write", "sys.stderr.write"}
WRITERS |= {"console.print", "sys.stdout.buffer.write", "sys.stderr.buffer.write", "os.write"}

MAX_LINES = 400
MAX_FILES = 20
MAX_FUNCTION_LINES = 50
# Longer modules, each with the reason.
LONG: dict[str, str] = {}
# Folders with more files, each with the reason.
FULL = {
    "diagnostics.simulated_clients": "one file for each client",
}


def layer_findings(module: Module) -> Iterator[str]:
    """Yield the imports of Waypost's own parts that point upwards or sideways."""
    own = module.name.partition(".")[0]
    if own and own not in LAYERS:
        yield f"{module.name}: the part {own} is not in the table of layers"
        return
    allowed = LAYERS.get(_longest(module.name), set())
    for line, name in module.imports():
        if not is_below(name, "waypost"):
            continue
        imported = name.removeprefix("waypost").removeprefix(".")
        if own and is_below(imported, own):
            continue
        if not any(is_below(imported, part) for part in allowed):
            part = own or "the package"
            yield f"{module.name}:{line}: {part} must not import {imported or name}"


def _longest(name: str) -> str:
    fitting = [part for part in LAYERS if is_below(name, part)]
    return max(fitting, key=len, default="")


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
    last_names = {name.rpartition(".")[2] for name in (*banned, XML_KEPT)}
    for node in module.nodes:
        if not isinstance(node, ast.Attribute) or node.attr not in last_names:
            continue
        used = ast.unparse(node)
        if f"lxml.{used}" in banned:
            yield f"{module.name}:{node.lineno}: XML is parsed in {XML_PARSER} alone"
        if XML_KEPT.endswith(f".{used}") and not _is_for_commands(module):
            yield f"{module.name}:{node.lineno}: use {XML_PARSER}.read, which keeps no names"


def http_findings(module: Module) -> Iterator[str]:
    """Yield the lines that send HTTP requests without the client that has one deadline."""
    if is_below(module.name, HTTP_PART):
        return
    imported = [(line, name.rpartition(".")[2]) for line, name in module.imports()]
    used = [(node.lineno, node.attr) for node in module.nodes if isinstance(node, ast.Attribute)]
    for line, name in imported + used:
        if name in HTTP_SENDERS:
            yield f"{module.name}:{line}: HTTP requests are sent in {HTTP_PART} alone"


def writing_findings(module: Module) -> Iterator[str]:
    """Yield the lines that write to a terminal without the module that escapes the text."""
    if module.name in WRITING or not is_below(module.name, "cli"):
        return
    for node in module.nodes:
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS:
            yield f"{module.name}:{node.lineno}: write by cli.output, which escapes"


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


def folder_findings(modules: Iterable[Module]) -> Iterator[str]:
    """Yield the folders with too many modules; `__init__.py` does not count."""
    counts = Counter(module.name.rpartition(".")[0] for module in modules if not module.is_package)
    for folder, number in sorted(counts.items()):
        if number > MAX_FILES and folder not in FULL:
            yield f"{folder}: {number} modules; group them, {MAX_FILES} are allowed"


def cycle_findings(modules: Iterable[Module]) -> Iterator[str]:
    """Yield a cycle of imports among modules, also if an import is inside a function."""
    names = {f"waypost.{module.name}".rstrip("."): module for module in modules}
    graph = {
        name: {known for _, used in module.imports() if (known := _module_of(used, names)) != name}
        - {""}
        for name, module in names.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " imports ".join(reversed(error.args[1]))


def _module_of(used: str, names: Container[str]) -> str:
    """Return the module that an import names: the name itself, or what it is an attribute of."""
    if used in names:
        return used
    parent = used.rpartition(".")[0]
    return parent if parent in names else ""


def except_findings(module: Module) -> Iterator[str]:
    """Yield the lines that catch every exception."""
    for node in module.nodes:
        if not isinstance(node, ast.ExceptHandler):
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        names = {ast.unparse(one) if one else "everything" for one in caught}
        if names & {"everything", "Exception", "BaseException"}:
            yield f"{module.name}:{node.lineno}: name what you catch"


def effect_findings(module: Module) -> Iterator[str]:
    """Yield the statements of a module that have an effect while it is imported."""
    if module.name == "store.sql.migrations.env":
        return  # A script that Alembic runs, and no module imports.
    for node in module.nodes:
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
    if module.name in DESCRIBING and called.startswith("sa."):
        return True  # It describes tables and opens nothing.
    if is_below(module.name, "cli") and called in {"typer.Typer", "typer.Option", "typer.Argument"}:
        return True
    # A value of the package's own classes (a name in CamelCase) is a constant.
    return called.isidentifier() and called[:1].isupper() and not called.isupper()
