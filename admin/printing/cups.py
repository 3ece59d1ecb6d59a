"""A document to CUPS, by its own `lp`.

Owns: the program's call and what its answers mean. Must not: know jobs, or watch what CUPS does with it: from then on
it is in CUPS' own queue, and is printed when CUPS prints it.
"""

import asyncio
import os
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from models.print_jobs import Result, not_begun, unsure
from models.tables import PrintState
from models.values.slip import Paper

LP_SECONDS: Final = 20.0
_MM_AN_INCH: Final = 25.4
_POINTS_AN_INCH: Final = 72
# It says one of these before it has given anything to CUPS.
_NOT_TAKEN: Final = re.compile(
    r"does not exist|not accepting|not connect|no such file|unable to connect|scheduler is not|no default|unknown dest"
    r"|bad file descriptor|connection refused|not found|unknown option",
    re.I,
)


async def send(
    queue: str, title: str, document: bytes, options: Sequence[str], begin: Callable[[], bool]
) -> Result | None:
    """None: `begin` said no."""
    program = shutil.which("lp")
    if program is None:
        return not_begun("no_lp")
    if not begin():
        return None
    process = await asyncio.create_subprocess_exec(
        program, "-d", queue, "-t", title or "Centralita", *options, "-",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"LC_ALL": "C"},
    )  # fmt: skip
    try:
        said, wrong = await asyncio.wait_for(process.communicate(document), LP_SECONDS)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        return unsure("lp_stalled")
    text = " ".join((said + b" " + wrong).decode("utf-8", "replace").split())
    if process.returncode == 0:
        request = re.search(r"request id is (\S+)", text)
        return Result(PrintState.PRINTED, detail=f"CUPS {request[1]}" if request else "CUPS")
    return not_begun("lp_refused", text) if _NOT_TAKEN.search(text) else unsure("lp_failed", text)


def text_options(paper: Paper) -> list[str]:
    """For the filter that makes pages of text: the same letters in a line, as wide and as far apart."""
    across, down = paper.cell
    edge = round((paper.edge + paper.left) * _POINTS_AN_INCH / _MM_AN_INCH)
    right = round((paper.edge + paper.right) * _POINTS_AN_INCH / _MM_AN_INCH)
    values = {
        "cpi": f"{_MM_AN_INCH / across:.2f}",
        "lpi": f"{_MM_AN_INCH / down:.2f}",
        "page-left": str(edge),
        "page-right": str(right),
        "page-top": str(round(paper.top * _POINTS_AN_INCH / _MM_AN_INCH)),
        "page-bottom": str(round(paper.bottom * _POINTS_AN_INCH / _MM_AN_INCH)),
        "wrap": "false",
    }
    return [part for name, value in values.items() for part in ("-o", f"{name}={value}")]


RAW: Final = ("-o", "raw")
