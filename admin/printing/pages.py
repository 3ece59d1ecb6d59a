"""Impresiones: every print job with its state; where a person decides about it, and asks for a print by hand.

Owns: the pages of the administration. Must not: print (`worker`), or move a state (`models.print_jobs`).
"""

from typing import Any, Final

from flask import abort, flash, g, make_response, redirect, render_template, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from peewee import JOIN, ModelSelect

from admin import audit
from admin.base_view import SectionView
from admin.bulk.worker import is_alive
from admin.folding import folded
from admin.installation import installation
from admin.listing import ChoiceFilter, Column, Page
from admin.permissions import Act, may
from admin.printing import asking, deciding, sheet, words
from admin.printing.presses import paper_of
from admin.slip_picture import picture
from admin.view_marks import acting
from models.db import transaction
from models.print_jobs import is_of_browser
from models.tables import Agent, Printer, PrintJob, PrintKind, PrintState
from models.values.slip import Slip

LAST: Final = 10
# A job's row may be opened by whoever may see what it tells of.
SUBJECTS: Final = {
    PrintKind.CALL_RESULT: "calls", PrintKind.FORM_ANSWER: "form_answers", PrintKind.TICKET: "tickets",
    PrintKind.TEST: "printers",
}  # fmt: skip


def with_related() -> ModelSelect:
    query = PrintJob.select(PrintJob, Printer, Agent).join(Printer, JOIN.LEFT_OUTER)
    return query.join_from(PrintJob, Agent, JOIN.LEFT_OUTER, on=PrintJob.asked_by)


def user_row() -> Agent:
    row: Agent = current_user.row
    return row


def shown(may_act: bool) -> dict[str, Any]:
    """What the templates that show jobs need."""
    return {
        "kinds": words.KINDS, "tones": words.TONES, "state_of": words.state_of, "reason_of": words.reason_of,
        "printer_of": words.printer_of, "acts_of": words.acts_of, "is_of_browser": is_of_browser, "may_act": may_act,
        "jobs_alive": _jobs_alive(), "any_unfinished": lambda jobs: any(is_unfinished(job) for job in jobs),
    }  # fmt: skip


def new_jobs(may_act: bool) -> dict[str, Any]:
    """The last jobs, for the page of the printers; and the key of the next test."""
    return shown(may_act) | {
        "jobs": list(with_related().order_by(PrintJob.id.desc()).limit(LAST)),
        "nonce": asking.new_nonce(),
    }


def is_unfinished(job: PrintJob) -> bool:
    """Will its state change by itself?"""
    return job.state is PrintState.PRINTING or (
        job.state is PrintState.QUEUED and (job.slip is None or not is_of_browser(job))
    )


class PrintJobs(SectionView):
    slug = "impresiones"
    endpoint_name = "print_jobs"
    label = _l("Impresiones")
    singular = _l("Impresión")
    icon = "printers"
    table = PrintJob
    note = _l("Aquí queda cada boleta que se manda a imprimir, con lo que pasó, durante 30 días.")
    can_add = False
    can_drop = False
    searched = (PrintJob.title, PrintJob.subject)
    search_label = _l("Título o id")
    order = (PrintJob.id.desc(),)
    columns = (
        Column("created_at", _l("Fecha"), (PrintJob.created_at,), "nowrap"),
        Column("title", _l("Qué"), (PrintJob.title,)),
        Column("printer", _l("Impresora"), (folded(Printer.name),)),
        Column("asked_by", _l("Quién"), (folded(Agent.name),)),
        Column("state", _l("Estado"), (PrintJob.state,)),
        Column("attempts", _l("Intentos"), (PrintJob.attempts,), "number"),
    )
    table_class = "table--jobs"
    list_page = "printing/list.html"

    def base_query(self) -> ModelSelect:
        return with_related()

    def filters_shown(self) -> Any:
        return (
            ChoiceFilter(
                "printer",
                _l("Impresora"),
                lambda query, key: query.where(PrintJob.printer == int(key)),
                choices=lambda: Printer.select(Printer.id, Printer.name).order_by(folded(Printer.name)).tuples(),
                everything=_l("Todas"),
            ),
            ChoiceFilter(
                "state",
                _l("Estado"),
                lambda query, value: query.where(PrintJob.state == value),
                choices=lambda: words.STATES.items(),
            ),
            ChoiceFilter(
                "kind",
                _l("Qué"),
                lambda query, value: query.where(PrintJob.kind == value),
                choices=lambda: words.KINDS.items(),
            ),
        )

    def list_extras(self, page: Page) -> dict[str, Any]:
        return shown(self.can(Act.EDIT))

    def title_of(self, row: Any) -> str:
        return str(row.title or words.KINDS[row.kind])

    # ------------------------------------------------------------ one job
    @expose("/<int:row_id>/ver")
    @acting(Act.READ)
    def see_view(self, row_id: int) -> Any:
        job = self._job(row_id)
        return self.render(
            "printing/job.html",
            **(self.frame() | {"heading": self.title_of(job)}),
            job=job,
            **shown(self.can(Act.EDIT)),
        )

    @expose("/<int:row_id>/boleta.svg")
    @acting(Act.READ)
    def picture_view(self, row_id: int) -> Any:
        job = self._job(row_id)
        if job.slip is None:
            abort(404)
        return _svg(picture(Slip.from_json(job.slip), paper_of(job.printer)))

    @expose("/<int:row_id>/<act>", methods=("POST",))
    @acting(Act.EDIT)
    def act_view(self, row_id: int, act: str) -> Any:
        if act not in deciding.ACTS:
            abort(404)
        job = self._job(row_id)
        turn = request.form.get("turn", "")
        done = turn.isdecimal() and len(turn) < 9 and deciding.decide(job, act, int(turn))
        if not done:
            flash(_("Ya cambió de estado: mira cómo está ahora."), "warning")
        elif act == "abrir":
            return redirect(url_for(".sheet_view", row_id=job.id, ahora="1"))
        back, here = request.form.get("back", ""), url_for(".index_view")
        known = (here, url_for("printers.index_view"))
        return redirect(back if back.startswith(known) and "\\" not in back and "//" not in back else here)

    @expose("/<int:row_id>/hoja")
    @acting(Act.READ)
    def sheet_view(self, row_id: int) -> Any:
        job = self._job(row_id)
        if job.slip is None:
            abort(404)
        return sheet.page(
            job,
            style=url_for(".style_view", row_id=job.id),
            act=url_for(".act_view", row_id=job.id, act="ACT"),
            back=url_for(".index_view"),
        )

    @expose("/<int:row_id>/hoja.css")
    @acting(Act.READ)
    def style_view(self, row_id: int) -> Any:
        job = self._job(row_id)
        if job.slip is None:
            abort(404)
        return sheet.style_of(job)

    def _job(self, row_id: int) -> PrintJob:
        self.row_or_404(row_id)
        found: PrintJob = with_related().where(PrintJob.id == row_id).get()
        return found

    # ------------------------------------------------------------ by hand
    @expose("/nueva/<kind>/<subject>", methods=("GET", "POST"))
    @acting(Act.EDIT)
    def ask_view(self, kind: str, subject: str) -> Any:
        """Shows what will be printed, and where; *Imprimir* asks for it."""
        wanted = self._wanted(kind)
        try:
            slip, usual = asking.compose(wanted, subject), asking.usual_printer(wanted, subject)
        except asking.NothingThere:
            abort(404)
        nonce = request.form.get("nonce", "")
        if request.method == "POST":
            if asking.is_nonce(nonce) and (answer := self._ask(wanted, subject, nonce)) is not None:
                return answer
            flash(_("Elige una impresora."), "error")
        before = with_related().where(PrintJob.kind == wanted, PrintJob.subject == subject)
        return self.render(
            "printing/ask.html",
            **(self.frame() | {"heading": slip.title}),
            kind=wanted,
            subject=subject,
            usual=usual,
            printers=Printer.select().where(Printer.active).order_by(folded(Printer.name)),
            nonce=asking.new_nonce(),
            jobs=list(before.order_by(PrintJob.id.desc()).limit(LAST)),
            **shown(True),
        )

    def _ask(self, kind: PrintKind, subject: str, nonce: str) -> Any:
        typed = request.form.get("printer", "")
        printer = None
        if typed:
            known = typed.isascii() and typed.isdigit() and len(typed) < 19
            printer = Printer.get_or_none(Printer.id == int(typed), Printer.active) if known else None
            if printer is None:
                return None
        with transaction(installation().database):
            job = asking.enqueue_by_hand(kind, subject, printer, user_row(), nonce)
            audit.record(
                "print_jobs", "print", key=job.id, name=str(job.title), after={"printer": words.printer_of(job)}
            )
        return redirect(url_for(".see_view", row_id=job.id))

    @expose("/vista/<kind>/<subject>.svg")
    @acting(Act.EDIT)
    def preview_view(self, kind: str, subject: str) -> Any:
        typed = request.args.get("printer", "")
        known = typed.isascii() and typed.isdigit() and len(typed) < 19
        try:
            slip = asking.compose(self._wanted(kind), subject)
        except asking.NothingThere:
            abort(404)
        return _svg(picture(slip, paper_of(Printer.get_or_none(Printer.id == int(typed)) if known else None)))

    @staticmethod
    def _wanted(kind: str) -> PrintKind:
        if kind not in set(PrintKind):
            abort(404)
        if not may(current_user.role, SUBJECTS[PrintKind(kind)]):
            abort(403)
        return PrintKind(kind)

    # ------------------------------------------------------------ for other pages
    @expose("/ultimas")
    @acting(Act.READ)
    def last_view(self) -> Any:
        """The last jobs as a part of a page, asked for again while one of them is under way."""
        return make_response(render_template("printing/last.html", **new_jobs(self.can(Act.EDIT))))


def _svg(drawn: str) -> Any:
    answer = make_response(drawn)
    answer.mimetype = "image/svg+xml"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox; frame-ancestors 'none'"
    return answer


def _jobs_alive() -> bool:
    if "jobs_alive" not in g:
        g.jobs_alive = is_alive(installation().settings.data_dir)
    return bool(g.jobs_alive)
