"""Checks of attachments and printers."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from models.checks.base import Check, Checked, clean_host
from models.tables import Attachment, Printer
from models.tables.paper import Letter, PrinterKind
from models.values.errors import InvalidValue
from models.values.slip import FEWEST_COLUMNS, Paper

PAPER_WIDTHS: Final = (58, 80)  # mm
CODE_PAGES: Final = ("CP858", "CP850", "CP437", "CP1252")
MAX_MARGIN: Final = 50  # mm


def check_attachment(data: Mapping[str, Any], row: Attachment | None = None) -> Checked:
    """What a person says of a document; its type and size come from its content."""

    def filename(text: str) -> str:
        if re.search(r"[/\\:*?\"<>|]", text) or text.startswith("."):
            raise InvalidValue("filename_invalid", value=text)
        return text

    check = Check(Attachment, data, row)
    check.text("description")
    check.parsed("filename", filename, required=True)
    check.flag("private")
    return check.result


def check_printer(data: Mapping[str, Any], row: Printer | None = None) -> Checked:
    """A network printer needs a host, CUPS and file a queue (a file's name)."""
    check = Check(Printer, data, row)
    check.name()
    kind = check.choice("kind", PrinterKind)
    check.choice("letter", Letter)
    for side in ("top", "left", "right", "bottom"):
        check.integer(f"margin_{side}", 0, MAX_MARGIN)
    width = check.integer("paper_width", 1, 1000)
    if width is not None and width not in PAPER_WIDTHS:
        check.refuse("paper_width", InvalidValue("not_a_choice", value=str(width), choices="58, 80"))
    if not check.result.errors and not _paper(check.values).is_wide_enough:
        check.refuse("margin_right", InvalidValue("margins_too_wide", minimum=FEWEST_COLUMNS))
    page = check.text("code_page", required=True).upper()
    if page and page not in CODE_PAGES:
        check.refuse("code_page", InvalidValue("not_a_choice", value=page, choices=", ".join(CODE_PAGES)))
    check.values["code_page"] = page
    check.parsed("host", clean_host, null=True, required=kind == PrinterKind.ESCPOS)
    port = check.integer("port", 1, 65535, null=True)
    if kind == PrinterKind.ESCPOS and port is None:
        check.values["port"] = 9100
    needs_queue = kind in (PrinterKind.CUPS, PrinterKind.FILE)
    check.parsed("queue", _queue(kind), null=True, required=needs_queue)
    check.flag("asks_status")
    check.flag("sends_commands")
    check.flag("active")
    return check.result


def _queue(kind: PrinterKind | None) -> Callable[[str], str]:
    """A folder's name for files; for CUPS what its own names may have (RFC 8011: no space, slash or #)."""

    def parse(text: str) -> str:
        if kind is PrinterKind.FILE and not is_folder_name(text):
            raise InvalidValue("filename_invalid", value=text[:80])
        if kind is PrinterKind.CUPS and re.search(r"[\s/#?'\"<>\\]|^-", text):
            raise InvalidValue("queue_invalid", value=text[:80])
        return text

    return parse


def is_folder_name(text: str) -> bool:
    """One folder, and never one above."""
    return bool(re.fullmatch(r"[^\W_][\w .-]{0,99}", text)) and not text.endswith((".", " "))


def _paper(values: Mapping[str, Any]) -> Paper:
    sides = {side: int(values[f"margin_{side}"]) for side in ("top", "left", "right", "bottom")}
    return Paper(width=int(values["paper_width"]), letter=str(values["letter"]), code_page="", **sides)
