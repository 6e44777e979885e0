"""Evolution's own code, without a window: reads lines of a word and an address, writes JSON lines.

It loads Evolution's libraries and does what the account assistant does with an address: search
(EMailAutoconfig), sort the results (EConfigLookup), and fill an account with the first result of
each kind. This is the word `search`; `assistant` runs all lookups of the assistant, also those of
SRV records. The names and prototypes are those of Evolution 3.46. It needs a session bus for the
registry of accounts; `tests.clients.evolution` starts it with one.
"""

import ctypes
import json
import sys
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_uint16, c_uint32, c_void_p
from typing import Any, Final

_FOLDER: Final = "/usr/lib/evolution"
_LIBRARIES: Final = (
    f"{_FOLDER}/libevolution-mail.so.0",
    f"{_FOLDER}/libevolution-util.so.0",
    "libedataserver-1.2.so.27",
    "libcamel-1.2.so.64",
    "libglib-2.0.so.0",
)
_LOOKING: Final = f"{_FOLDER}/modules/module-config-lookup.so".encode()
_COLLECTION: Final = 1
# EConfigLookupResultKind, and the extension of an account that such a result fills.
_KINDS: Final = {"incoming": (2, b"Mail Account"), "outgoing": (3, b"Mail Transport")}
_SECURITY: Final = ("none", "tls", "starttls")  # CamelNetworkSecurityMethod


class _GError(ctypes.Structure):
    _fields_ = (("domain", c_uint32), ("code", c_int), ("message", c_char_p))


class _GSList(ctypes.Structure):
    _fields_ = (("data", c_void_p), ("next", c_void_p))


# GAsyncReadyCallback
_Ready = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p)


class Evolution:
    """Evolution's libraries in this process."""

    def __init__(self) -> None:
        self._libraries = [ctypes.CDLL(name) for name in _LIBRARIES]
        # Without these an account has no fields for a host and a port.
        self._call("camel_init", c_int, b"camel", c_int(0))
        self._call("e_source_camel_register_types", None)
        error = POINTER(_GError)()
        self._registry = self._object("e_source_registry_new_sync", None, byref(error))
        if self._registry.value is None:
            raise OSError(error.contents.message.decode())
        # Its workers become a part of each EConfigLookup.
        self._call("e_module_load_file", c_void_p, _LOOKING)

    def search(self, address: str) -> dict[str, Any]:
        """Return the account of Evolution, or as `error` its message if it finds nothing."""
        error = POINTER(_GError)()
        found = self._object(
            "e_mail_autoconfig_new_sync",
            *(self._registry, address.encode(), None, None, byref(error)),
        )
        if found.value is None:
            return {"error": error.contents.message.decode()}
        lookup = self._object("e_config_lookup_new", self._registry)
        self._call("e_mail_autoconfig_copy_results_to_config_lookup", None, found, lookup)
        return {kind: next(self._servers(lookup, kind), None) for kind in _KINDS}

    def assistant(self, address: str) -> dict[str, Any]:
        """Return the results of the assistant's lookups: the best servers and calendar URLs."""
        lookup = self._object("e_config_lookup_new", self._registry)
        parameters = self._object("e_named_parameters_new")
        self._call("e_named_parameters_set", None, parameters, b"email-address", address.encode())
        finished = []

        def finish(_: int, result: int, __: int) -> None:
            self._call("e_config_lookup_run_finish", None, lookup, c_void_p(result))
            finished.append(True)

        ready = _Ready(finish)
        self._call("e_config_lookup_run", None, lookup, parameters, None, ready, None)
        while not finished:
            self._call("g_main_context_iteration", c_int, None, c_int(1))
        found: dict[str, Any] = {kind: next(self._servers(lookup, kind), None) for kind in _KINDS}
        return found | self._urls(lookup)

    def _urls(self, lookup: c_void_p) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {"calendar": [], "contacts": []}
        for result in self._results(lookup, _COLLECTION):
            source = self._object("e_source_new", None, None, None)
            self._call("e_config_lookup_result_configure_source", c_int, result, lookup, source)
            part = self._object("e_source_get_extension", source, b"Collection")
            for kind, urls in found.items():
                url = self._call(f"e_source_collection_dup_{kind}_url", c_char_p, part)
                urls.extend([url.decode()] if url else [])
        return found

    def _servers(self, lookup: c_void_p, kind: str) -> Iterator[dict[str, Any]]:
        """Fill an account with each result of a kind, the best one first."""
        number, extension = _KINDS[kind]
        for result in self._results(lookup, number):
            protocol = self._call("e_config_lookup_result_get_protocol", c_char_p, result)
            source = self._object("e_source_new", None, None, None)
            # The extension makes it an account for receiving, or for sending.
            part = self._object("e_source_get_extension", source, extension)
            self._call("e_source_backend_set_backend_name", None, part, protocol)
            self._call("e_config_lookup_result_configure_source", c_int, result, lookup, source)
            yield {"protocol": protocol.decode(), **self._settings(source, protocol)}

    def _results(self, lookup: c_void_p, kind: int) -> Iterator[c_void_p]:
        results = self._object("e_config_lookup_dup_results", lookup, c_int(kind), None)
        compare = self._function("e_config_lookup_result_compare")
        node = self._object("g_slist_sort", results, compare)
        while node.value is not None:
            link = ctypes.cast(node, POINTER(_GSList)).contents
            yield c_void_p(link.data)
            node = c_void_p(link.next)

    def _settings(self, source: c_void_p, protocol: bytes) -> dict[str, Any]:
        name = self._call("e_source_camel_get_extension_name", c_char_p, protocol)
        part = self._object("e_source_get_extension", source, name)
        settings = self._object("e_source_camel_get_settings", part)
        texts = {
            key: self._call(f"camel_network_settings_dup_{key}", c_char_p, settings)
            for key in ("host", "user", "auth_mechanism")
        }
        security = self._call("camel_network_settings_get_security_method", c_int, settings)
        return {
            **{key: text.decode() if text else "" for key, text in texts.items()},
            "port": self._call("camel_network_settings_get_port", c_uint16, settings),
            "security": _SECURITY[security],
        }

    def _object(self, name: str, *arguments: Any) -> c_void_p:
        return c_void_p(self._call(name, c_void_p, *arguments))

    def _call(self, name: str, result: Any, *arguments: Any) -> Any:
        function = self._function(name)
        function.restype = result
        return function(*arguments)

    def _function(self, name: str) -> Any:
        return next(getattr(one, name) for one in self._libraries if hasattr(one, name))


if __name__ == "__main__":
    evolution = Evolution()
    ways = {"search": evolution.search, "assistant": evolution.assistant}
    for line in sys.stdin:
        word, _, typed = line.rstrip().partition(" ")
        sys.stdout.write(f"{json.dumps(ways[word](typed))}\n")
        sys.stdout.flush()
