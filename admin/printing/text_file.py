"""A slip as a text file in a folder under the data folder: for a program that fetches it from there.

Owns: names and the writing. Must not: know jobs. The name carries the job's number, so that writing it twice is one
file: whatever happens in the middle, the same job leaves one.
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Final

from models.print_jobs import Result, not_begun
from models.tables import PrintState
from models.values.slip import Line, Paper

FOLDER: Final = "prints"


def text_of(lines: Iterable[Line], paper: Paper) -> str:
    """As laid out: margins in whole letters and lines."""
    across, down = paper.cell
    left = " " * round(paper.left / across)
    body = "".join(f"{left}{line.text}".rstrip() + "\n" for line in lines)
    return "\n" * round(paper.top / down) + body + "\n" * round(paper.bottom / down)


def write(data_dir: Path, folder: str, number: int, asked_at: datetime, text: str) -> Result:
    """Whole or not at all: a reader of the folder never sees half a slip."""
    place = data_dir / FOLDER / folder
    name = f"{asked_at:%Y%m%d-%H%M%S}-{number}.txt"
    half = place / f".{name}.half"
    try:
        place.mkdir(parents=True, exist_ok=True)
        with half.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        half.replace(place / name)
    except OSError as error:
        return not_begun("disk", error.strerror or "")
    return Result(PrintState.PRINTED, detail=f"{FOLDER}/{folder}/{name}")
