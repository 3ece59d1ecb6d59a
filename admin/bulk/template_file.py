"""The *machote*: a spreadsheet to fill, with the account's own columns in order.

Owns: its look. Must not: read it back.
"""

import io
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from admin.bulk import columns
from models.tables import AdditionalField
from models.tables.contacts import FieldKind, YesNo

_ROWS = 5000  # for which choices are offered


def make(fields: Sequence[AdditionalField], title: str) -> bytes:
    """Every column has the format of text: a phone keeps its zeros, a long number its digits."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title[:31]
    labels = [(str(part.label), part.key) for part in columns.parts(fields)]
    by_key = {f"{columns.EXTRA}{one.id}": one for one in fields}
    for number, (label, key) in enumerate(labels, 1):
        letter = get_column_letter(number)
        one = by_key.get(key)
        cell = sheet.cell(1, number)
        cell.value = label + (" *" if one is not None and one.required else "")
        cell.data_type = "s"
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="FFE3F0F6")
        sheet.column_dimensions[letter].width = max(14, len(label) + 4)
        sheet.column_dimensions[letter].number_format = "@"
        options = [] if one is None else _options(one)
        joined = ",".join(options)
        if options and len(joined) < 250 and not any("," in option or '"' in option for option in options):
            choices = DataValidation(type="list", formula1=f'"{joined}"', allow_blank=True)
            choices.add(f"{letter}2:{letter}{_ROWS}")
            sheet.add_data_validation(choices)
    sheet.freeze_panes = "A2"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _options(one: AdditionalField) -> list[str]:
    if one.kind is FieldKind.YES_NO:
        return [answer.value for answer in YesNo]
    return list(one.options or []) if one.kind is FieldKind.LIST else []
