"""A hundred dirty files: every letter arrives or something is said, and nothing fills the memory."""

from __future__ import annotations

import datetime
import io
import itertools
import resource
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from admin.bulk import cells, columns, csv_text, plan, reading, sheets, task
from admin.bulk.problems import BadFile, Remark
from models.tables import AdditionalField
from models.tables.contacts import FieldKind
from models.values.errors import InvalidValue

TITLES = ["Nombre", "Teléfono", "Email", "Nota"]
ROWS = [
    ["Ñandú Ibáñez", "8888-1234", "uno@ejemplo.example", "con; punto y coma"],
    ["Zoë «Ü»", "+506 7100 0002", "", 'dice "hola"'],
    ["Íñigo, S.A.", "22334455", "", "dos\r\nlíneas | y barra"],
    ["Último", "0012", "", "tab\taquí"],
]


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def everything(path: Path) -> list[list[Any]]:
    return [row for _number, row in sheets.open_sheet(path).rows]


def delimited(separator: str, newline: str) -> str:
    quoted = [[f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row] for row in [TITLES, *ROWS]]
    return newline.join(separator.join(row) for row in quoted) + newline


class TestText:
    """6 encodings × 4 separators × 2 line ends = 48 files that must be one and the same."""

    ENCODINGS = ("utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be")

    @pytest.mark.parametrize(
        ("encoding", "separator", "newline"), itertools.product(ENCODINGS, csv_text.SEPARATORS, ("\r\n", "\n"))
    )
    def test_one_file_in_every_dress(self, tmp_path: Path, encoding: str, separator: str, newline: str) -> None:
        path = written(tmp_path / "x", delimited(separator, newline).encode(encoding))
        assert everything(path) == [TITLES, *ROWS]

    @pytest.mark.parametrize("separator", csv_text.SEPARATORS)
    def test_bare_values(self, tmp_path: Path, separator: str) -> None:
        text = "\n".join(
            separator.join(row) for row in [["nombre", "tel"], ["Peña", "8888 1234"], ["", ""], ["B", "1"]]
        )
        assert everything(written(tmp_path / "x", text.encode("cp1252")))[1] == ["Peña", "8888 1234"]

    def test_excels_own_word_for_the_separator(self, tmp_path: Path) -> None:
        path = written(tmp_path / "x", b"sep=;\r\na;b,c\r\n1;2,5\r\n")
        assert everything(path) == [["a", "b,c"], ["1", "2,5"]]

    @pytest.mark.parametrize(
        ("content", "code"),
        [
            (b"", "file_empty"),
            (b"  \r\n \n", "file_empty"),
            (b"\xef\xbb\xbf", "file_empty"),
            (b"nombre\nPe\x81a\n", "undecodable"),
            (b"\xef\xbb\xbfnombre\nPe\xf1a\n", "undecodable"),
            ("nombre\nPeña\n".encode("utf-16")[:-1], "undecodable"),
            (b'nombre,tel\n"Ana,88881234\nLuis,8\n', "quote_unclosed"),
            (b'nombre,tel\n"Ana"x,88881234\n', "quote_unclosed"),
            (b'nombre\n"' + b"x" * 200_000 + b'"\n', "quote_unclosed"),
            (b"%PDF-1.7 ...", "file_kind"),
            (b"\x89PNG\r\n\x1a\n....", "file_kind"),
            (b"PK\x03\x04 and nothing", "file_broken"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "file_broken"),
        ],
    )
    def test_refused_with_a_reason(self, tmp_path: Path, content: bytes, code: str) -> None:
        with pytest.raises(BadFile) as refused:
            everything(written(tmp_path / "x", content))
        assert refused.value.problem.code == code

    def test_the_line_is_named(self, tmp_path: Path) -> None:
        content = b"nombre\n" * 70_000 + b"Pe\x81a\n"
        with pytest.raises(BadFile) as refused:
            everything(written(tmp_path / "x", content))
        assert refused.value.problem.params["line"] == 70_001

    def test_two_encodings_in_one_file_are_told(self, tmp_path: Path) -> None:
        content = "Peña\n".encode() + "Muñoz\n".encode("cp1252")
        assert [note.code for note in sheets.open_sheet(written(tmp_path / "x", content)).notes] == ["encoding_mixed"]


def workbook(fill: Callable[[Any], None]) -> bytes:
    book = openpyxl.Workbook()
    fill(book.active)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def of_rows(*rows: list[Any]) -> bytes:
    return workbook(lambda sheet: [sheet.append(row) for row in rows])


class TestSheets:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (88881234, "88881234"),
            (88881234.0, "88881234"),
            (50688881234, "50688881234"),
            (123456789012345, "123456789012345"),
            (12.5, "12.5"),
            (0.1 + 0.2, "0.3"),
            (1e-7, "0.0000001"),
            (-3, "-3"),
            (True, "sí"),
            (False, "no"),
            ("0012", "0012"),
            ("  8888 1234 ", "  8888 1234 "),
            ("=1+1", "=1+1"),
            ("Ñ «€» 漢字 😀", "Ñ «€» 漢字 😀"),
            (datetime.date(2026, 1, 31), "2026-01-31"),
            (datetime.datetime(2026, 1, 31, 8, 5), "2026-01-31 08:05:00"),  # noqa: DTZ001
            (datetime.time(8, 5), "08:05:00"),
        ],
    )
    def test_a_cell_as_a_person_sees_it(self, tmp_path: Path, value: object, text: str) -> None:
        def fill(sheet: Any) -> None:
            sheet["A1"] = "x"
            sheet["A2"].value = value
            if isinstance(value, str):
                sheet["A2"].data_type = "s"

        (cell,) = everything(written(tmp_path / "x", workbook(fill)))[1]
        assert cells.text_of(cell) == text

    @pytest.mark.parametrize("value", [1234567890123456, 1e20, 5.0688881234e18])
    def test_a_number_that_lost_digits_is_refused(self, tmp_path: Path, value: float) -> None:
        (cell,) = everything(written(tmp_path / "x", of_rows(["x"], [value])))[1]
        with pytest.raises(InvalidValue, match="lost digits"):
            cells.text_of(cell)

    @pytest.mark.parametrize("error", sorted(cells.ERRORS - {"#GETTING_DATA"}))
    def test_an_error_is_no_name(self, error: str) -> None:
        with pytest.raises(InvalidValue, match="shows the error"):
            cells.text_of(error)

    def test_formulas_are_never_computed(self, tmp_path: Path) -> None:
        """One that no program has computed is its text; nothing is lost."""

        def fill(sheet: Any) -> None:
            sheet.append(["nombre", "tel"])
            sheet.append(['=CONCAT("a","<b>")', 88881234])
            sheet.append(["Ana", "=1+1"])

        sheet = sheets.open_sheet(written(tmp_path / "x", workbook(fill)))
        assert [note.code for note in sheet.notes] == ["formulas_as_text"]
        assert [row for _number, row in sheet.rows][1:] == [['=CONCAT("a","<b>")', 88881234.0], ["Ana", "=1+1"]]

    def test_what_a_formula_last_showed(self, tmp_path: Path) -> None:
        content = _with_sheet('<row r="1"><c r="A1" t="str"><f>B1&amp;"!"</f><v>Ana!</v></c></row>')
        assert everything(written(tmp_path / "x", content)) == [["Ana!"]]

    def test_merged_cells_and_other_sheets_are_told(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        for row in (["nombre", "compañía"], ["Ana", "Café"], ["Luis", None]):
            book.active.append(row)
        book.active.merge_cells("B2:B3")
        book.create_sheet("Otra").append(["x"])
        buffer = io.BytesIO()
        book.save(buffer)
        sheet = sheets.open_sheet(written(tmp_path / "x", buffer.getvalue()))
        assert [note.code for note in sheet.notes] == ["more_sheets", "merged_cells"]
        assert sheet.notes[1].params["ranges"] == "B2:B3"
        assert [row for _number, row in sheet.rows] == [["nombre", "compañía"], ["Ana", "Café"], ["Luis", ""]]

    def test_rows_and_columns_in_front(self, tmp_path: Path) -> None:
        """Row numbers and letters are those that the person sees."""

        def fill(sheet: Any) -> None:
            sheet["C4"], sheet["D4"], sheet["C7"] = "nombre", "tel", "Ana"

        sheet = sheets.open_sheet(written(tmp_path / "x", workbook(fill)))
        head, rows = plan.body(sheet, titles=True)
        assert (head, sheets.column_name(sheet.first_column)) == (["nombre", "tel"], "C")
        assert list(rows) == [(7, ["Ana", ""])]

    def test_empty_columns(self, tmp_path: Path) -> None:
        path = written(tmp_path / "x", of_rows(["nombre", None, None, "tel"], ["Ana", None, None, "1155"]))
        head, rows = plan.body(sheets.open_sheet(path), titles=True)
        assert columns.guess([str(cell) for cell in head], ()) == ["name", "", "", "phone"]
        assert list(rows) == [(2, ["Ana", "", "", "1155"])]

    def test_no_sheet_with_anything(self, tmp_path: Path) -> None:
        with pytest.raises(BadFile, match="empty"):
            everything(written(tmp_path / "x", workbook(lambda sheet: None)))

    def test_an_archive_that_is_no_spreadsheet(self, tmp_path: Path) -> None:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("evil/../../x.txt", "x")
        with pytest.raises(BadFile) as refused:
            everything(written(tmp_path / "x", buffer.getvalue()))
        assert refused.value.problem.code == "file_kind"

    @pytest.mark.parametrize("cut", [100, 1000, 3000])
    def test_a_file_cut_short(self, tmp_path: Path, cut: int) -> None:
        content = of_rows(*[[f"n{n}", n] for n in range(200)])
        with pytest.raises(BadFile) as refused:
            everything(written(tmp_path / "x", content[:cut]))
        assert refused.value.problem.code == "file_broken"

    def test_a_cell_far_away(self, tmp_path: Path) -> None:
        content = _with_sheet(
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
        )
        with pytest.raises(BadFile) as refused:
            everything(written(tmp_path / "x", content))
        assert refused.value.problem.code == "too_many_columns"


_CORNERS = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="{last}1048576"><v>1</v></c></row>'


def _with_sheet(rows: str, *, repeat: int = 1) -> bytes:
    """A spreadsheet whose sheet has just this, as often as wanted."""
    content = of_rows(["x"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if info.filename != "xl/worksheets/sheet1.xml":
                new.writestr(info.filename, old.read(info))
        with new.open("xl/worksheets/sheet1.xml", "w") as sheet:
            sheet.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(repeat):
                sheet.write(rows.encode())
            sheet.write(b"</sheetData></worksheet>")
    return buffer.getvalue()


class TestMemory:
    def test_a_bomb_is_refused_before_it_is_opened(self, tmp_path: Path) -> None:
        content = _with_sheet("<row><c><v>" + "1" * (1 << 20) + "</v></c></row>", repeat=200)
        assert len(content) < 2_000_000
        with pytest.raises(BadFile) as refused:
            everything(written(tmp_path / "x", content))
        assert refused.value.problem.code == "file_too_large"

    def test_a_sheet_that_lies_about_its_width_meets_the_limit(self, tmp_path: Path) -> None:
        """Two letters and a million rows: thirty gigabytes as calamine holds it. The process dies, not the machine."""
        content = _with_sheet(
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="ZZ1048576"><v>1</v></c></row>'
        )
        path = written(tmp_path / "x", content)
        code = (
            f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({task.MEMORY}, {task.MEMORY}))\n"
            "from pathlib import Path; from admin.bulk.sheets import open_sheet\n"
            f"print(len(list(open_sheet(Path({str(path)!r})).rows)))"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=False)
        assert ended.returncode != 0
        assert ended.stdout == ""

    def test_the_longest_sheet(self, tmp_path: Path) -> None:
        """1,048,576 rows in a bounded memory: read to the last."""
        rows = "".join(
            f'<row><c t="inlineStr"><is><t>Peña {n}</t></is></c><c><v>8888{n:04}</v></c></row>' for n in range(4096)
        )
        path = written(tmp_path / "x", _with_sheet(rows, repeat=256))
        code = (
            f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({task.MEMORY}, {task.MEMORY}))\n"
            "from pathlib import Path; from admin.bulk.sheets import open_sheet\n"
            f"last = None; count = 0\nfor last in open_sheet(Path({str(path)!r})).rows: count += 1\n"
            "print(count, last, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=110, check=False)
        assert ended.returncode == 0, ended.stderr[-500:]
        assert ended.stdout.startswith("1048576 (1048576, ['Peña 4095', 88884095.0])")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 3 << 20


class TestRows:
    """From cells to a contact: what is said of each."""

    @pytest.fixture
    def read(self, looking: Flask) -> Callable[..., tuple[reading.Candidate, list[Remark]]]:
        fields = [
            AdditionalField(id=1, name="Alta", kind=FieldKind.DATE),
            AdditionalField(id=2, name="Saldo", kind=FieldKind.NUMBER),
            AdditionalField(id=3, name="Talla", kind=FieldKind.LIST, options=["Mediana", "Grande"]),
            AdditionalField(id=4, name="Acepta", kind=FieldKind.YES_NO),
        ]

        def one(**values: Any) -> tuple[reading.Candidate, list[Remark]]:
            parts = list(values)
            names = reading.Names({"café": 7}, {"contactado": 3}, {"ana": 5})
            reader = reading.RowReader(parts, fields, names, "CR")
            return reader.read(2, [values[part] for part in parts])

        return one

    @pytest.mark.parametrize(
        ("typed", "stored", "key"),
        [
            (88881234.0, "88881234", "+50688881234"),
            ("8888-1234", "8888-1234", "+50688881234"),
            ("8.8881234E+7", "88881234", "+50688881234"),
            ("8,8881234e7", "88881234", "+50688881234"),
            ("5.0688881234E+10", "50688881234", "+50688881234"),
            (1155.0, "1155", "1155"),
        ],
    )
    def test_phones(self, read: Any, typed: object, stored: str, key: str) -> None:
        found, remarks = read(phone=typed)
        assert (found.values["phone"], found.phone_key) == (stored, key)
        told = [(one.problem.code, one.refuses) for one in remarks]
        assert told == ([("read_as", False)] if "e" in str(typed).lower() else [])

    @pytest.mark.parametrize(("typed", "code"), [("5.07E+10", "digits_lost"), ("llamar a Ana", "phone_invalid"),
                                                 ("x" * 41, "too_long"), ("#N/A", "cell_error"),
                                                 (1e16, "digits_lost"), ("8888\ufffd1234", "letters_lost")])  # fmt: skip  # noqa: E501
    def test_phones_refused(self, read: Any, typed: object, code: str) -> None:
        _found, remarks = read(name="Ana", phone=typed)
        assert code in [one.problem.code for one in remarks if one.refuses]

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            (datetime.date(2026, 1, 31), "2026-01-31"),
            (datetime.datetime(2026, 1, 31), "2026-01-31"),  # noqa: DTZ001
            ("31/01/2026", "2026-01-31"),
            ("31-1-2026", "2026-01-31"),
            ("31.01.2026", "2026-01-31"),
            ("2026-01-31", "2026-01-31"),
            ("2026/01/31", "2026-01-31"),
            ("2026-01-31 00:00:00", "2026-01-31"),
            ("2026-01-31T00:00:00Z", "2026-01-31"),
            ("01/31/2026", None),
            ("31/02/2026", None),
            ("31 de enero", None),
            (46053.0, None),
        ],
    )
    def test_dates(self, read: Any, typed: object, stored: str | None) -> None:
        found, remarks = read(name="Ana", extra_1=typed)
        assert found.extra.get(1) == stored
        assert [one.problem.code for one in remarks] == ([] if stored else ["not_a_date"])

    def test_other_kinds(self, read: Any) -> None:
        found, remarks = read(name="Ana", extra_2=1250.5, extra_3="MEDIANA", extra_4=True, company="Café", agent="ANA")
        assert found.extra == {2: "1250.5", 3: "Mediana", 4: "sí"}
        assert (found.values["company_id"], found.values["agent_id"]) == (7, 5)
        assert [(one.problem.code, one.refuses) for one in remarks] == [("read_as", False)]
        _found, remarks = read(name="Ana", extra_3="Enorme", disposition="Otra", agent="Nadie")
        assert [one.problem.code for one in remarks] == ["not_a_choice", "not_found", "not_found"]

    def test_line_breaks_are_told(self, read: Any) -> None:
        found, remarks = read(name="Ana\r\nPérez\tMora")
        assert found.values["name"] == "Ana Pérez Mora"
        assert [(one.problem.code, one.refuses) for one in remarks] == [("line_breaks", False)]

    def test_a_control_character_is_refused(self, read: Any) -> None:
        assert [one.problem.code for one in read(name="A\x00na")[1]] == ["control_characters"]

    def test_neither_name_nor_phone(self, read: Any) -> None:
        assert [one.problem.code for one in read(email="a@b.example", name="  ")[1]] == ["name_or_phone"]
