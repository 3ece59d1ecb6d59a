"""The installation's secrets: made once, never a default, never in the database or a log.

Owns: <data_dir>/secrets.json, mode 0600. Must not: be printed: `repr` hides every value.
"""

import fcntl
import json
import os
import secrets as random_source
from dataclasses import dataclass, field, fields
from pathlib import Path


class SecretsError(Exception):
    """The secrets file exists and cannot be used."""


@dataclass(frozen=True, slots=True)
class Secrets:
    ari_password: str = field(repr=False)
    control_token: str = field(repr=False)
    session_key: str = field(repr=False)
    token_key: str = field(repr=False)
    webhook_key: str = field(repr=False)


def load_or_create(path: Path) -> Secrets:
    """The secrets in `path`, made on the first call; two processes at once get the same. Raises SecretsError.

    A name that an older version did not know is added; the others keep their values.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _read(path)
        wanted = {item.name: known.get(item.name) or random_source.token_urlsafe(32) for item in fields(Secrets)}
        if any(known.get(name) != value for name, value in wanted.items()):
            _write(path, known | wanted)
        return Secrets(**wanted)
    finally:
        os.close(lock)


def _read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)
        loaded = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SecretsError(f"{path} cannot be read: {error}. Mend it, or remove it to make new secrets.") from error
    if not isinstance(loaded, dict) or not all(isinstance(value, str) for value in loaded.values()):
        raise SecretsError(f"{path} is not an object of texts. Mend it, or remove it to make new secrets.")
    return loaded


def _write(path: Path, values: dict[str, str]) -> None:
    fresh = path.with_suffix(f".{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
