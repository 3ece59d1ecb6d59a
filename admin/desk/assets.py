"""The desk's static files under addresses that change with their content.

Owns: the version in the address. Must not: build or bundle: the browser loads the modules as they are.
"""

import hashlib
from functools import cache
from pathlib import Path

from flask import url_for

STATIC = Path(__file__).parent / "static"


@cache
def version() -> str:
    """Of all files together: a module imports others by relative names, so they change address as one."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file of the desk."""
    return url_for("desk.static", version=version(), name=name)
