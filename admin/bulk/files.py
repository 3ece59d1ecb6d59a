"""What a load keeps on disk: the uploaded file, the problems, the refused rows.

Owns: <data_dir>/imports/<token>/. Must not: know contacts. Nothing of it is in the web root.
"""

import itertools
import json
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

_TOKEN: Final = re.compile(r"[0-9a-f]{32}")
UPLOAD: Final = "upload"
PROBLEMS: Final = "problems.jsonl"


def new_folder(data_dir: Path) -> tuple[str, Path]:
    token = secrets.token_hex(16)
    folder = data_dir / "imports" / token
    folder.mkdir(parents=True, mode=0o700)
    return token, folder


def folder_of(data_dir: Path, token: str) -> Path:
    """Raises ValueError for anything but a token of ours."""
    if not _TOKEN.fullmatch(token):
        raise ValueError("not a folder of a load")
    return data_dir / "imports" / token


def write_lines(path: Path, lines: Iterable[Any]) -> None:
    """Whole or not at all."""
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
    fresh.replace(path)


def read_lines(path: Path, start: int = 0, count: int | None = None) -> Iterator[Any]:
    if not path.exists():
        return
    with path.open(encoding="utf-8") as file:
        for line in itertools.islice(file, start, None if count is None else start + count):
            yield json.loads(line)


def refused_path(folder: Path, chunk: int) -> Path:
    """One file a chunk: a chunk that is done again writes it again."""
    return folder / f"refused-{chunk:06}.jsonl"


def refused_lines(folder: Path) -> Iterator[Any]:
    for path in sorted(folder.glob("refused-*.jsonl")):
        yield from read_lines(path)


def drop_upload(folder: Path) -> None:
    (folder / UPLOAD).unlink(missing_ok=True)


def drop(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
