"""Downloads as a spreadsheet (ISO/IEC 29500), a bit at a time: the first bytes leave before the last row is read.

Owns: the format. Every cell but a number is text by its type, so nothing in it is ever a formula. Must not: build a
query. openpyxl would write the whole file first, in eight times the time (docs/contactos.md has the figures).
"""

import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from flask import Response, stream_with_context

from admin.columns import Batch

MIME: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS: Final = 1_048_576  # of a sheet; what is more goes on in the next one
MAX_CELL: Final = 32_767  # characters
_MAX_SHEET: Final = 1 << 30  # bytes; from 2 GiB on a zip needs an extension that not every reader has
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_RELATIONS: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_STYLES: Final = (
    f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font/><font><b/></font></fonts><fills count="2"><fill>'
    '<patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders '
    'count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf xfId="0"/>'
    '<xf xfId="0" fontId="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
# What XML 1.0 cannot carry.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def cell(value: Any, style: str = "") -> str:
    """One cell as XML."""
    if value is None or value == "":
        return "<c/>"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"<c><v>{value}</v></c>"
    text = _UNWRITABLE.sub("", str(value))[:MAX_CELL]
    # What looks like an escape of the format itself is written as text.
    text = re.sub(r"_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text) if "_x" in text else text
    if "&" in text or "<" in text or ">" in text:
        text = escape(text)
    return f'<c{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


class _Pipe(io.RawIOBase):
    """Where the archive is written: whoever reads takes what there is."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self.parts)
        self.parts.clear()
        return taken


def pieces(headings: Sequence[Any], batches: Iterable[Batch]) -> Iterator[bytes]:
    """The file in pieces, one for each batch of lines."""
    pipe = _Pipe()
    sheets = 0
    coming = iter(batches)
    waiting: list[Sequence[Any]] = []
    titles = "<row>" + "".join(cell(str(heading), ' s="1"') for heading in headings) + "</row>"
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        more = True
        while more:
            sheets += 1
            room, size = MAX_ROWS - 1, 0
            with archive.open(f"xl/worksheets/sheet{sheets}.xml", "w") as sheet:
                pane = '<sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" state="frozen"/></sheetView>'
                start = f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews>{pane}</sheetViews><sheetData>{titles}'
                sheet.write(start.encode())
                yield pipe.take()  # at once: finding the rows may take a while
                while True:
                    batch = waiting or list(next(coming, []))
                    more = bool(batch)
                    written, waiting = batch[:room], batch[room:]
                    room -= len(written)
                    text = "".join(f"<row>{''.join(map(cell, line))}</row>" for line in written)
                    content = text.encode()
                    size += sheet.write(content)
                    yield pipe.take()
                    if not more or not room or size > _MAX_SHEET:
                        break
                sheet.write(b"</sheetData></worksheet>")
        for name, content in _frame(sheets):
            archive.writestr(name, content)
    yield pipe.take()


def _frame(sheets: int) -> Iterator[tuple[str, str]]:
    """What makes sheets a workbook."""
    numbers = range(1, sheets + 1)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
    )
    yield (
        "[Content_Types].xml",
        (
            f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" '
            'ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
            f'ContentType="{kind}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{parts}</Types>'
        ),
    )
    yield (
        "_rels/.rels",
        (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
    )
    listed = "".join(f'<sheet name="{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    yield (
        "xl/workbook.xml",
        (f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{listed}</sheets></workbook>'),
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    yield (
        "xl/_rels/workbook.xml.rels",
        (
            f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{relations}<Relationship Id="rIdS" '
            f'Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>'
        ),
    )
    yield "xl/styles.xml", _STYLES


def download(filename: str, headings: Sequence[Any], batches: Iterable[Batch]) -> Response:
    """A streamed answer."""
    titles = [str(heading) for heading in headings]
    response = Response(stream_with_context(pieces(titles, batches)), mimetype=MIME)
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}.xlsx"'
    return response
