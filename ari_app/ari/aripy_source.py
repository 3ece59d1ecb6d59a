"""Imports ari-py (`ari` 0.1.3 and its `swaggerpy` 0.2.1), which were written for Python 2 in 2013 and 2014.

Owns: the few changes of their text that Python 3 needs, made while they are imported; nothing on disk is touched. Must
not: change what they do.
"""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Sequence
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import CodeType, ModuleType
from typing import Final

_URLPARSE: Final = ("import urlparse\n", "from urllib import parse as urlparse\n")

CHANGES: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "ari": (("import client\n", "from ari import client\n"), _URLPARSE),
    "ari.client": (_URLPARSE, ("obj.values()[0]", "list(obj.values())[0]")),
    "ari.model": (("'''List\\[(.*)\\]'''", "r'''List\\[(.*)\\]'''"),),
    "swaggerpy": (
        ("from swagger_model import", "from swaggerpy.swagger_model import"),
        ("from processors import", "from swaggerpy.processors import"),
    ),
    "swaggerpy.client": (("import urllib\n", "from urllib import parse as urllib\n"),),
    "swaggerpy.http_client": (_URLPARSE,),
    "swaggerpy.processors": (),
    "swaggerpy.swagger_model": (("import urllib\n", "from urllib import request as urllib\n"), _URLPARSE),
}

_lock = threading.Lock()


class AriPyMissing(ImportError):
    """ari-py is not installed, or is not the one these changes are for."""


class _Loader(InspectLoader):
    """Compiles the changed source. No byte code is read or kept: what may lie there is of the unchanged one."""

    def __init__(self, name: str, path: Path) -> None:
        self._name = name
        self._path = path

    def is_package(self, fullname: str) -> bool:
        return self._path.name == "__init__.py"

    def get_source(self, fullname: str) -> str:
        source = self._path.read_text("utf-8")
        for old, new in CHANGES[self._name]:
            if old not in source:
                raise AriPyMissing(
                    f"{self._name} is not the ari-py 0.1.3 with swaggerpy 0.2.1 that we know: no {old!r}"
                )
            source = source.replace(old, new)
        return source

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.get_source(fullname), str(self._path), "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    """Finds the modules of `CHANGES` where they are installed, and nothing else."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in CHANGES:
            return None
        found = PathFinder.find_spec(fullname, path)
        if found is None or not found.origin:
            return None
        origin = Path(found.origin)
        spec = ModuleSpec(fullname, _Loader(fullname, origin), origin=str(origin))
        spec.submodule_search_locations = [str(origin.parent)] if origin.name == "__init__.py" else None
        spec.has_location = True
        return spec


def load() -> ModuleType:
    """The module `ari`. Raises AriPyMissing with what to do about it."""
    with _lock:
        loaded = sys.modules.get("ari")
        if loaded is not None and hasattr(loaded, "Client"):
            return loaded
        finder = _Finder()
        sys.meta_path.insert(0, finder)
        try:
            return importlib.import_module("ari")
        except ModuleNotFoundError as error:
            raise AriPyMissing(f"{error.name} is not installed: pip install 'centralita[ari-py]'") from error
        finally:
            sys.meta_path.remove(finder)
