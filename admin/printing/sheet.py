"""The page from which a browser prints: the same lines on the same paper, in millimetres.

Owns: the page and its style sheet, for the administration and the desk. Must not: decide who may see a job.
"""

from typing import Any

from flask import make_response, render_template
from markupsafe import Markup

from admin.printing import words
from admin.printing.presses import paper_of
from admin.slip_picture import height_of, picture
from models.tables import PrintJob, PrintState
from models.values.slip import Slip, lines_of


def page(job: PrintJob, *, style: str, act: str, back: str) -> str:
    """`style`: the address of `style_of`; `act`: where a person's word goes; `back`: away from here."""
    slip, paper = Slip.from_json(job.slip), paper_of(job.printer)
    drawn = Markup(picture(slip, paper, on_paper=True))  # noqa: S704  # every text in it is escaped
    return render_template(
        "printing/sheet.html",
        job=job,
        drawn=drawn,
        style=style,
        act=act,
        back=back,
        state=words.state_of(job),
        tone=words.TONES[job.state],
        is_open=job.state is PrintState.PRINTING and job.claimed_until is None,
    )


def style_of(job: PrintJob) -> Any:
    """The size of the paper: our policy allows no style inside a page."""
    paper = paper_of(job.printer)
    height = height_of(lines_of(Slip.from_json(job.slip), paper), paper)
    answer = make_response(f"@page {{ size: {paper.width}mm {height + 1:.0f}mm; margin: 0; }}\n")
    answer.mimetype = "text/css"
    return answer
