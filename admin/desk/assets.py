"""The desk's static files under addresses that change with their content.

Owns: the version in the address. Must not: build or bundle: the browser loads the modules as they are; what comes from
npm is bundled beforehand (`make vendor`) and committed below static/vendor/.
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
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(path.relative_to(STATIC).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def asset(name: str) -> str:
    """The address of a static file of the desk."""
    return url_for("desk.static", version=version(), name=name)
