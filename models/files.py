"""Documents' bytes: each lies once, under the hash of its content, outside the web root.

Owns: <data_dir>/files. Must not: know names, types or who may read (`models.tables.paper`, the admin).
"""

import hashlib
import os
import re
import secrets
from pathlib import Path
from typing import Final

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def path_of(data_dir: Path, sha256: str) -> Path:
    """Where a document lies. Raises ValueError for anything but a hash: no path from outside ever enters."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return data_dir / "files" / sha256[:2] / sha256


def store(data_dir: Path, content: bytes) -> str:
    """Keeps the bytes, whole or not at all; the same bytes twice lie once. The SHA-256 in hex."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = path_of(data_dir, sha256)
    write_once(target, content)
    return sha256


def write_once(target: Path, content: bytes) -> None:
    """The whole file or none, for its owner alone; one that is there already stays."""
    if target.is_file() and target.stat().st_size == len(content):
        return
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(target)
