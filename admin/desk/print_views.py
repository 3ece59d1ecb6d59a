"""The desk's addresses of prints: the agent's own jobs, what they decide about them, printing a call again.

Owns: requests and answers of /desk/prints. Must not: move a job's state (`admin.printing.deciding`), or show anybody
another's job: it is not there.
"""

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from flask_login import login_required

from admin import audit
from admin.desk.ownership import Standing, standing
from admin.installation import installation
from admin.printing import asking, deciding, sheet, words
from admin.printing.pages import is_unfinished, with_related
from admin.sessions import user
from models.db import transaction
from models.print_jobs import OPEN, is_of_browser
from models.tables import Call, PrintJob, PrintKind, PrintState, epoch_ms, now
from models.values.call import Outcome

SHOWN: Final = timedelta(hours=12)  # what waits for the agent longer than a shift is the supervisor's
JUST_PRINTED: Final = timedelta(seconds=10)
MOST: Final = 20

blueprint = Blueprint("desk_prints", __name__, url_prefix="/desk/prints")


@blueprint.get("")
@login_required
def listing() -> Response:
    """Those that are not on paper yet, or wait for the agent, or have just been printed; the oldest first."""
    present = now()
    shown = PrintJob.state.in_(OPEN) & (PrintJob.created_at > present - SHOWN)
    just = (PrintJob.state == PrintState.PRINTED) & (PrintJob.ended_at > present - JUST_PRINTED)
    mine = with_related().where(PrintJob.asked_by == user().row, shown | just)
    rows = list(mine.order_by(PrintJob.id.desc()).limit(MOST))
    return jsonify(jobs=[shape(job) for job in reversed(rows)])


def shape(job: PrintJob) -> dict[str, Any]:
    return {
        "id": job.id,
        "turn": job.turn,
        "title": job.title or str(words.KINDS[job.kind]),
        "printer": words.printer_of(job),
        "tone": words.TONES[job.state] if not is_of_browser(job) or job.state is PrintState.PRINTED else "warn",
        "state": words.state_of(job),
        "reason": words.reason_of(job),
        "acts": [{"act": act, "words": said} for act, said, _picture in words.acts_of(job)],
        "sheet": url_for("desk_prints.sheet_page", job_id=job.id) if is_of_browser(job) and job.slip else None,
        "unfinished": (is_unfinished(job) and job.slip is not None) or job.state is PrintState.PRINTED,
        "at": epoch_ms(job.created_at),
    }


@blueprint.post("/<int:job_id>/<act>")
@login_required
def decide(job_id: int, act: str) -> Any:
    """200 done, 409 the state had changed; the job as it is now. From the sheet's own form: the sheet again."""
    if act not in deciding.ACTS:
        abort(404)
    job = _mine(job_id)
    turn = str((request.get_json() if request.is_json else request.form).get("turn", ""))
    done = turn.isdecimal() and len(turn) < 9 and deciding.decide(job, act, int(turn))
    if not request.is_json:
        return redirect(url_for(".sheet_page", job_id=job.id))
    return jsonify(job=shape(_mine(job_id))), 200 if done else 409


@blueprint.post("/calls/<call_id>")
@login_required
def print_call(call_id: str) -> Any:
    """Prints the result of one's own call, once for each `nonce`; 409 not over yet, 403 another's."""
    agent, nonce = user().row, str((request.get_json() or {}).get("nonce", ""))
    if not asking.is_nonce(nonce):
        return jsonify(error="malformed"), 400
    with transaction(installation().database):
        call = Call.get_or_none(Call.id == call_id)
        whose = standing(call, agent)
        if whose is Standing.NOT_MINE:
            return jsonify(error="not_yours"), 403
        if whose is Standing.NOT_YET or call.outcome is Outcome.IN_PROGRESS:
            return jsonify(error="not_yet"), 409
        printer = asking.usual_printer(PrintKind.CALL_RESULT, call_id)
        job = asking.enqueue_by_hand(PrintKind.CALL_RESULT, call_id, printer, agent, nonce)
        audit.record("print_jobs", "print", key=job.id, name=job.title, after={"printer": words.printer_of(job)})
    return jsonify(job=shape(_mine(job.id)))


@blueprint.get("/<int:job_id>/sheet")
@login_required
def sheet_page(job_id: int) -> Any:
    job = _mine(job_id)
    if job.slip is None:
        abort(404)
    return sheet.page(
        job,
        style=url_for(".sheet_style", job_id=job.id),
        act=url_for(".decide", job_id=job.id, act="ACT"),
        back=url_for("desk.page"),
    )


@blueprint.get("/<int:job_id>/sheet.css")
@login_required
def sheet_style(job_id: int) -> Any:
    job = _mine(job_id)
    if job.slip is None:
        abort(404)
    return sheet.style_of(job)


def _mine(job_id: int) -> PrintJob:
    known = job_id < 2**63
    job: PrintJob | None = (
        with_related().where(PrintJob.id == job_id, PrintJob.asked_by == user().row).first() if known else None
    )
    if job is None:
        abort(404)
    return job
