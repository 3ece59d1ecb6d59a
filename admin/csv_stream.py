"""Downloads as CSV (RFC 4180), a bit at a time.

Owns: the format, and that no cell is run as a formula by a spreadsheet. Must not: build a query.
"""

import csv
import io
import re
import tempfile
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final

from flask import Response, stream_with_context
from peewee import ModelSelect

from admin.columns import Batch, Columns, Made
from models.db import in_parts
from models.tables import database

CHUNK: Final = 500  # rows held in memory
_AT_ONCE: Final = 8_192  # keys read
_IN_MEMORY: Final = 1 << 18  # bytes of keys
_STARTS: Final = frozenset("=+-@\t\n＝＋－＠")
_FIRST: Final = itemgetter(slice(1))
_HARMLESS: Final = re.compile(r"[+-]?[0-9. ]+")


def cell(value: Any) -> str:
    """Text that stays text: what a spreadsheet would compute gets an apostrophe in front. Numbers stay numbers."""
    text = "" if value is None else str(value)
    if not text.isprintable():
        text = "".join(character for character in text if character.isprintable() or character in "\n\t")
    if text[:1] in _STARTS and not _HARMLESS.fullmatch(text):
        return "'" + text
    return text


def column(values: Sequence[Any]) -> Sequence[str]:
    """One column's cells of a batch; two looks tell that a column of plain texts has nothing to take out."""
    if isinstance(values, Made):
        return values
    try:
        plain = "".join(values).isprintable()
    except TypeError:
        return [cell(value) for value in values]
    if not plain:
        return [cell(value) for value in values]
    if _STARTS.isdisjoint(map(_FIRST, values)) or _are_numbers(values):
        return values
    return [value if value[:1] not in _STARTS else cell(value) for value in values]


def _are_numbers(values: Sequence[str]) -> bool:
    """Telephone numbers, above all: digits, and a plus nowhere but in front."""
    lines = "\n" + "\n".join(values) + "\n"
    digits = lines.replace("\n", "").replace("+", "")
    return digits.isascii() and digits.isdigit() and lines.count("+") == lines.count("\n+") and "+\n" not in lines


def chunks(query: ModelSelect, key: Any) -> Iterator[list[Any]]:
    """The query's rows in its order, `CHUNK` at a time. Only the keys are read at once, into a file: no cursor stays
    open, and a row that comes or goes meanwhile shifts nothing."""
    sql, parameters = query.clone().select(key).sql()
    for part in kept(in_parts(database.obj, sql, parameters, _AT_ONCE), CHUNK):
        rows = {getattr(row, key.name): row for row in query.clone().order_by().where(key.in_(part))}
        yield [rows[one] for one in part if one in rows]


def kept(parts: Iterable[Sequence[Any]], size: int) -> Iterator[list[int]]:
    """The whole numbers that are first in the rows, all read before one is given, `size` at a time: in memory while
    they are few, else in a file that goes with the download."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
        for part in parts:
            file.write(array("q", [row[0] for row in part]).tobytes())
        file.seek(0)
        while data := file.read(8 * size):
            yield list(array("q", data))


def download(filename: str, headings: Sequence[Any], batches: Iterable[Batch]) -> Response:
    """A streamed answer: UTF-8 with the mark by which spreadsheets know it."""
    titles = [str(heading) for heading in headings]

    def lines() -> Iterator[str]:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        buffer.write("\ufeff")
        writer.writerow([cell(title) for title in titles])
        yield buffer.getvalue()  # at once: finding the rows may take a while
        buffer.seek(0)
        buffer.truncate()
        for batch in batches:
            columns = batch.columns if isinstance(batch, Columns) else zip(*batch, strict=True)
            writer.writerows(zip(*map(column, columns), strict=True))
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
        yield buffer.getvalue()

    response = Response(stream_with_context(lines()), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}.csv"'
    return response
