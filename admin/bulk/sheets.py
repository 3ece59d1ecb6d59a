"""An uploaded file as rows of cells: xlsx, xls, ods by calamine, text by `csv_text`.

Owns: telling kinds apart by content, and refusing what would fill the memory. Must not: know contacts.

calamine holds a sheet as a full rectangle. What a small file may blow up to is looked at before; what slips through
meets the memory limit of the process (`task`).
"""

import itertools
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any, Final

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum, XmlError, ZipError

from admin.bulk import csv_text
from admin.bulk.problems import BadFile
from models.values.errors import InvalidValue

MAX_UPLOAD: Final = 64 * 1024 * 1024  # bytes
MAX_UNPACKED: Final = 1_500_000_000  # bytes
MAX_RATIO: Final = 400  # unpacked to packed; a sheet of one repeated row has some 100
MAX_COLUMNS: Final = 300
MAX_ROWS: Final = 1_048_576
_BLOCK: Final = 1 << 20

Rows = Iterator[tuple[int, list[Any]]]


@dataclass
class Sheet:
    """`rows`: place in the file (from 1) and cells; it can be read once. `first_column`: of the first cell, from 0."""

    kind: str
    rows: Rows
    first_column: int = 0
    height: int = 0  # 0: not known before it is read
    notes: list[InvalidValue] = field(default_factory=list)


def kind_of(path: Path) -> str:
    """csv, xlsx, xls or ods, by content. Raises BadFile."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError):
            raise BadFile("file_broken") from None
        if "xl/workbook.xml" in names:
            return "xlsx"
        if "content.xml" in names:
            return "ods"
        if "xl/workbook.bin" in names:
            return "xlsb"
        raise BadFile("file_kind")
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    if head.startswith((b"%PDF", b"\x89PNG", b"GIF8", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"{\\rtf")):
        raise BadFile("file_kind")
    if not head:
        raise BadFile("file_empty")
    return "csv"


def open_sheet(path: Path) -> Sheet:
    """Raises BadFile."""
    kind = kind_of(path)
    if kind == "csv":
        shape = csv_text.shape_of(path)
        notes = [InvalidValue("encoding_mixed")] if shape.mixed else []
        return Sheet(f"csv {shape.encoding} {shape.separator!r}", csv_text.rows(path, shape), notes=notes)
    formulas: dict[tuple[int, int], str] = {}
    notes = []
    if kind in ("xlsx", "xlsb", "ods"):
        _refuse_bombs(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        names = [one.name for one in book.sheets_metadata if one.visible == SheetVisibleEnum.Visible]
        if not names:
            raise BadFile("file_empty")
        index = book.sheet_names.index(names[0])
        if kind == "xlsx":
            formulas, has_formulas = _scan(path, index)
            if has_formulas:
                notes.append(InvalidValue("formulas_as_text"))
        sheet = book.get_sheet_by_index(index)
        merged = sheet.merged_cell_ranges if kind in ("xlsx", "xls") else None
    except PasswordError:
        raise BadFile("file_password") from None
    except (CalamineError, XmlError, ZipError, OSError, ValueError, UnicodeError) as error:
        if "password" in str(error).lower() or "encrypt" in str(error).lower():
            raise BadFile("file_password") from None
        raise BadFile("file_broken") from None
    if len(names) > 1:
        notes.append(InvalidValue("more_sheets", name=names[0], count=len(names) - 1))
    notes += [InvalidValue("merged_cells", ranges=_ranges(merged))] if merged else []
    if sheet.start is None:
        raise BadFile("file_empty")
    if sheet.width > MAX_COLUMNS:
        raise BadFile("too_many_columns", maximum=MAX_COLUMNS, columns=sheet.width)
    first = sheet.start[1]
    return Sheet(kind, _rows(sheet, formulas, first), first, sheet.height, notes)


def _rows(sheet: Any, formulas: dict[tuple[int, int], str], first: int) -> Rows:
    if not formulas:
        yield from enumerate(sheet.iter_rows(), 1)
        return
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (row, column), text in formulas.items():
        by_row.setdefault(row, []).append((column - first, text))
    for number, cells in enumerate(sheet.iter_rows(), 1):
        for column, text in by_row.get(number, ()):
            if column >= len(cells):
                cells = [*cells, *[""] * (column + 1 - len(cells))]
            if column >= 0 and cells[column] == "":
                cells[column] = text
        yield number, cells


def _ranges(merged: Any) -> str:
    shown = [
        f"{column_name(start[1])}{start[0] + 1}:{column_name(end[1])}{end[0] + 1}"
        for start, end in itertools.islice(merged, 5)
    ]
    return ", ".join(shown) + (" …" if len(merged) > 5 else "")


def column_name(number: int) -> str:
    """0 is A, 26 is AA."""
    name = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def _refuse_bombs(path: Path) -> None:
    """By what the archive says of itself; a lie meets the memory limit."""
    packed = max(1, path.stat().st_size)
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
    unpacked = sum(info.file_size for info in infos)
    if len(infos) > 5000 or unpacked > MAX_UNPACKED or (unpacked > 50_000_000 and unpacked / packed > MAX_RATIO):
        raise BadFile("file_too_large", size=unpacked // 1_000_000)
    if any(info.flag_bits & 1 for info in infos):
        raise BadFile("file_password")


_CELL: Final = re.compile(rb'<c r="([A-Z]+)([0-9]+)"[^>]*><f(?:>| [^>/]*>)([^<]+)</f>(?:<v\s*/>|<v></v>)?</c>')
_FAR: Final = re.compile(rb'<c r="[A-Z]{3,}[0-9]')


def _scan(path: Path, index: int) -> tuple[dict[tuple[int, int], str], bool]:
    """Formulas that no program has computed, as their text by row (from 1) and column (from 0); whether there is any
    formula. calamine gives what a formula last showed, and nothing for one that never showed anything."""
    found: dict[tuple[int, int], str] = {}
    some = False
    with zipfile.ZipFile(path) as archive:
        name = _sheet_path(archive, index)
        if name is None:
            return found, False
        tail = b""
        with archive.open(name) as file:
            while block := file.read(_BLOCK):
                text = tail + block
                if _FAR.search(text):
                    raise BadFile("too_many_columns", maximum=MAX_COLUMNS, columns=703)
                if b"<f" in text:
                    some = some or b"<f>" in text or b"<f " in text
                    for cell in _CELL.finditer(text):
                        formula = unescape(cell[3].decode("utf-8", "replace"))
                        found[int(cell[2]), _column_number(cell[1].decode())] = "=" + formula
                cut = text.rfind(b"</c>")
                tail = text[cut + 4 :] if cut >= 0 else text[-200_000:]
    return found, some


def _column_number(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number - 1


def _sheet_path(archive: zipfile.ZipFile, index: int) -> str | None:
    """Where the sheet lies in the archive."""
    try:
        book = archive.read("xl/workbook.xml") if archive.getinfo("xl/workbook.xml").file_size < 5_000_000 else b""
        links = archive.read("xl/_rels/workbook.xml.rels")
    except KeyError:
        return None
    ids = re.findall(rb'<(?:\w+:)?sheet\b[^>]*?\br:id="([^"]+)"', book)
    if index >= len(ids):
        return None
    for link in re.findall(rb"<Relationship\b[^>]*>", links):
        if b'Id="' + ids[index] + b'"' in link:
            target = re.search(rb'Target="([^"]+)"', link)
            if target:
                name = target[1].decode().lstrip("/")
                name = name if name.startswith("xl/") else f"xl/{name}"
                return name if name in archive.namelist() else None
    return None
