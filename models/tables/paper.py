"""Documents and slips: attachments and printers.

Owns: sections 6 and 11 of the admin. Must not: keep a document's bytes (they lie under their hash on disk) or print.
"""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, SmallIntegerField

from models.tables.base import ChoiceField, InstantField, NamedRow, Row, now


class PrinterKind(StrEnum):
    ESCPOS = "escpos"
    CUPS = "cups"
    FILE = "file"
    BROWSER = "browser"


class Letter(StrEnum):
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class Attachment(Row):
    """A document in its latest version. `sha256` names the file on disk."""

    description = CharField(max_length=200, default="")
    filename = CharField(max_length=200)
    mime = CharField(max_length=100)
    size = BigIntegerField()  # bytes
    sha256 = CharField(max_length=64, index=True)
    private = BooleanField(default=False)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "attachments"


class Printer(NamedRow):
    """Margins and paper width in millimetres."""

    name = CharField(max_length=60)
    name_key = CharField(max_length=120, unique=True)
    kind = ChoiceField(PrinterKind, default=PrinterKind.BROWSER)
    letter = ChoiceField(Letter, default=Letter.MEDIUM)
    margin_top = SmallIntegerField(default=3)
    margin_left = SmallIntegerField(default=3)
    margin_right = SmallIntegerField(default=3)
    margin_bottom = SmallIntegerField(default=3)
    paper_width = SmallIntegerField(default=80)
    code_page = CharField(max_length=16, default="CP858")
    host = CharField(max_length=253, null=True)
    port = IntegerField(null=True)
    queue = CharField(max_length=100, null=True)
    asks_status = BooleanField(default=True)  # ESC/POS: DLE EOT before and after; some printers never answer
    sends_commands = BooleanField(default=False)  # CUPS: ESC/POS in place of text
    active = BooleanField(default=True)

    class Meta:
        table_name = "printers"
