"""Which writer prints at which printer.

Owns: the paper that a printer has, and the choice. Must not: know HTTP, or move a job's state.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

from admin.printing import cups, escpos_bytes, network, text_file
from models.checks.paper import is_folder_name
from models.print_jobs import Result
from models.tables import Printer, PrintJob, PrintState
from models.tables.paper import PrinterKind
from models.values.paper_text import printable
from models.values.slip import Paper, Slip, lines_of


def paper_of(printer: Printer | None) -> Paper:
    """None: the browser, on the paper that is usual."""
    if printer is None:
        return Paper(top=3, left=3, right=3, bottom=3)
    has_code_page = printer.kind is PrinterKind.ESCPOS or (printer.kind is PrinterKind.CUPS and printer.sends_commands)
    return Paper(
        width=int(printer.paper_width),
        letter=printer.letter.value,
        top=int(printer.margin_top),
        left=int(printer.margin_left),
        right=int(printer.margin_right),
        bottom=int(printer.margin_bottom),
        code_page=str(printer.code_page) if has_code_page else "",
    )


async def print_job(
    job: PrintJob, data_dir: Path, begin: Callable[[], bool], tell: Callable[[str], None]
) -> Result | None:
    """How it ended; None: `begin`, called before the first byte that could be printed, said no. `tell`: what holds it
    up in the middle."""
    printer, paper = job.printer, paper_of(job.printer)
    lines = lines_of(Slip.from_json(job.slip), paper)
    match printer.kind:
        case PrinterKind.ESCPOS:
            content = escpos_bytes.document(lines, paper)
            return await network.send(
                str(printer.host), int(printer.port or 9100), content, begin, tell, asks=bool(printer.asks_status)
            )
        case PrinterKind.CUPS:
            title = " ".join(printable(str(job.title)).split())[:60]
            if printer.sends_commands:
                content, options = escpos_bytes.document(lines, paper), list(cups.RAW)
            else:
                content, options = "".join(f"{line.text}\n" for line in lines).encode(), cups.text_options(paper)
            return await cups.send(str(printer.queue), title, content, options, begin)
        case PrinterKind.FILE:
            if not is_folder_name(str(printer.queue)):
                return Result(PrintState.FAILED, "bad_name", str(printer.queue))
            text = text_file.text_of(lines, paper)
            return await asyncio.to_thread(text_file.write, data_dir, str(printer.queue), job.id, job.created_at, text)
        case PrinterKind.BROWSER:
            return Result(PrintState.QUEUED, "of_browser")
