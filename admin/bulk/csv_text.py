"""CSV as people's programs write it: any of four encodings, any of four separators, line breaks inside quotes.

Owns: finding out which; strict decoding. Must not: guess a letter: bytes that no encoding explains refuse the file,
with the line where they stand.
"""

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from admin.bulk.problems import BadFile

SEPARATORS: Final = (",", ";", "\t", "|")
MAX_FIELD: Final = 131_072  # characters; more is a quote that nobody closed
_BLOCK: Final = 1 << 20
_HEAD: Final = 64 * 1024
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Shape:
    """How the text is written. `mixed`: it looks as if parts of it were UTF-8 in a file that is not."""

    encoding: str
    separator: str
    first_line: int = 0  # lines in front that are no rows: Excel's `sep=;`
    mixed: bool = False


def shape_of(path: Path) -> Shape:
    """Raises BadFile."""
    encoding = _encoding(path)
    mixed = False
    with path.open(encoding=encoding, newline="") as file:
        head = file.read(_HEAD)
        if encoding == "cp1252":
            mixed = "Ã" in head and any(f"Ã{sign}" in head for sign in "±©³¡­ºš‘“‰±¼")
    if not head.strip():
        raise BadFile("file_empty")
    first = head.partition("\n")[0]
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:
        return Shape(encoding, first.strip()[4], 1, mixed)
    if first.strip("\r").lower() == "sep=\t":
        return Shape(encoding, "\t", 1, mixed)
    return Shape(encoding, _separator(head), 0, mixed)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for mark, name in _MARKS:
        if head.startswith(mark):
            _decode(path, name)
            return name
    if head.count(0) * 4 > len(head):
        # Without a mark: Western letters have their zero on one side.
        name = "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
        _decode(path, name)
        return name
    try:
        _decode(path, "utf-8")
        return "utf-8"
    except BadFile:
        _decode(path, "cp1252")
        return "cp1252"


def _decode(path: Path, encoding: str) -> None:
    """Reads all of it strictly. Raises BadFile(undecodable) with the line."""
    decoder: Any = codecs.getincrementaldecoder(encoding)("strict")
    line = 1
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(encoding, "replace")
                raise BadFile("undecodable", encoding=encoding, line=line + before.count("\n")) from None
            line += text.count("\n")
            if not block:
                return


def _separator(head: str) -> str:
    """The one that cuts the first records into the most columns, alike in most of them."""
    whole = head if len(head) < _HEAD else head.rpartition("\n")[0]
    best, best_score = ",", 0.0
    for separator in SEPARATORS:
        widths: Counter[int] = Counter()
        try:
            for number, record in enumerate(csv.reader(io.StringIO(whole, newline=""), delimiter=separator)):
                if record:
                    widths[len(record)] += 1
                if number >= 200:
                    break
        except csv.Error:
            continue
        if not widths:
            continue
        width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
        score = (width - 1) * count / sum(widths.values())
        if score > best_score:
            best, best_score = separator, score
    return best


def rows(path: Path, shape: Shape) -> Iterator[tuple[int, list[Any]]]:
    """Records with the line where each ends. Raises BadFile for a quote that is not closed or closes too early."""
    with path.open(encoding=shape.encoding, newline="") as file:
        for _line in range(shape.first_line):
            file.readline()
        csv.field_size_limit(MAX_FIELD)
        reader = csv.reader(file, delimiter=shape.separator, strict=True)
        began = 1
        try:
            for record in reader:
                yield began + shape.first_line, record
                began = reader.line_num + 1
        except csv.Error:
            raise BadFile("quote_unclosed", line=began + shape.first_line) from None
