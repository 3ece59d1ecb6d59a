"""The pages of *Carga Masiva*: upload, dry run, progress, refused rows, undo.

Owns: what a person may ask of a load in which state. Must not: read files' rows or write contacts.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from flask import Flask, abort, flash, jsonify, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from peewee import IntegrityError

from admin import audit, csv_stream, xlsx_stream
from admin.bulk import columns, files, plan, sheets, template_file, worker
from admin.bulk.plan import Duplicates, Options
from admin.bulk.problems import told
from admin.installation import installation
from admin.permissions import Act, may
from admin.problems import problem_text
from admin.view_marks import acting
from models.checks import check_contact_list
from models.db import transaction
from models.tables import ContactImport, ContactList
from models.tables.imports import ImportState

RECENT: Final = 30
PROBLEMS_A_PAGE: Final = 100
_MARGIN: Final = 1 << 20  # bytes of the form around the file
STATES: Final = {
    ImportState.READING: _l("Revisando"),
    ImportState.CHECKED: _l("Revisado: falta cargarlo"),
    ImportState.QUEUED: _l("En espera"),
    ImportState.RUNNING: _l("Cargando"),
    ImportState.DONE: _l("Cargado"),
    ImportState.FAILED: _l("No se cargó"),
    ImportState.UNDOING: _l("Deshaciendo"),
    ImportState.UNDONE: _l("Deshecho"),
}
TONES: Final = {
    ImportState.DONE: "ok", ImportState.FAILED: "bad", ImportState.CHECKED: "warn", ImportState.UNDONE: "idle",
}  # fmt: skip
BUSY: Final = (ImportState.READING, ImportState.QUEUED, ImportState.RUNNING, ImportState.UNDOING)


def allow_large_uploads(app: Flask) -> None:
    """Before the token is looked for in the form: this one address takes larger files, from whoever may load."""

    @app.before_request
    def widen() -> None:
        if request.method != "POST" or request.path != "/contactos/carga" or not current_user.is_authenticated:
            return
        if may(current_user.role, "contacts", Act.CREATE):
            request.max_content_length = sheets.MAX_UPLOAD + _MARGIN


class LoadView:
    """The part of *Contactos* that loads files; it is nothing alone."""

    render: Any
    frame: Any

    @expose("/carga", methods=("GET", "POST"))
    @acting(Act.CREATE)
    def loads_view(self) -> Any:
        """The loads of before, and a new one."""
        problem = ""
        if request.method == "POST":
            answer = self._upload()
            if not isinstance(answer, str):
                return answer
            problem = answer
        loads = list(ContactImport.select().order_by(ContactImport.id.desc()).limit(RECENT))
        page = self.render(
            "contacts/loads.html",
            **(self.frame() | {"heading": _("Carga Masiva")}),
            loads=loads,
            problem=problem,
            **_words(),
        )
        return page, 422 if problem else 200

    def _upload(self) -> Any:
        """Keeps the file and asks for the dry run. A text: why not."""
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            return _("Elige un archivo.")
        name = Path(sent.filename.replace("\\", "/")).name
        name = "".join(character for character in name if character.isprintable())[-200:] or "archivo"
        token, folder = files.new_folder(installation().settings.data_dir)
        sent.save(folder / files.UPLOAD)
        with transaction(installation().database):
            load = ContactImport.create(
                file_name=name, stored=token, author=current_user.row.id, options=Options().stored()
            )
            _note(load, "upload")
        return redirect(url_for(".load_view", load_id=load.id))

    @expose("/carga/machote.xlsx")
    @acting(Act.CREATE)
    def load_template(self) -> Any:
        from flask import make_response

        response = make_response(template_file.make(plan.fields_in_order(), _("Contactos")))
        response.mimetype = xlsx_stream.MIME
        response.headers["Content-Disposition"] = 'attachment; filename="machote-contactos.xlsx"'
        return response

    # ------------------------------------------------------------ one load
    @expose("/carga/<int:load_id>", methods=("GET", "POST"))
    @acting(Act.CREATE)
    def load_view(self, load_id: int) -> Any:
        load = _load_or_404(load_id)
        problem = ""
        if request.method == "POST":
            action = {"check": self._check, "load": self._start, "undo": self._undo, "discard": self._discard}.get(
                request.form.get("action", "")
            )
            if action is None:
                abort(400)
            problem = action(load)
            if not problem:
                return redirect(url_for(".loads_view" if request.form["action"] == "discard" else ".load_view",
                                        load_id=load.id))  # fmt: skip
            load = _load_or_404(load_id)
        page = self.render(
            "contacts/load.html",
            **(self.frame() | {"heading": load.file_name}),
            load=load,
            problem=problem,
            options=Options.of(load.options),
            report=load.report or {},
            failure=_failure(load),
            parts=columns.parts(plan.fields_in_order()),
            column_name=sheets.column_name,
            lists=list(ContactList.select().order_by(ContactList.name)),
            problems=_problems(load),
            notes=[problem_text(told(code, params)) for code, params in (load.report or {}).get("notes", ())],
            alive=worker.is_alive(installation().settings.data_dir),
            **_words(),
        )
        return page, 409 if problem else 200

    @expose("/carga/<int:load_id>/estado")
    @acting(Act.CREATE)
    def load_state(self, load_id: int) -> Any:
        """For the progress bar."""
        load = _load_or_404(load_id)
        return jsonify(
            state=load.state.value,
            busy=load.state in BUSY,
            done=load.rows_done,
            total=load.rows_total,
            created=load.created,
            updated=load.updated,
            skipped=load.skipped,
            refused=load.refused,
            alive=worker.is_alive(installation().settings.data_dir),
        )

    @expose("/carga/<int:load_id>/rechazadas.<kind>")
    @acting(Act.CREATE)
    def load_refused(self, load_id: int, kind: str) -> Any:
        """The refused rows as they were, with the reason in a last column."""
        load = _load_or_404(load_id)
        writer = {"csv": csv_stream, "xlsx": xlsx_stream}.get(kind)
        if writer is None:
            abort(404)
        titles = list((load.report or {}).get("titles", ()))
        return writer.download(f"rechazadas-{load.id}", [*titles, _("Motivo")], _refused(load, titles))

    # ------------------------------------------------------------ what may be asked
    def _check(self, load: ContactImport) -> str:
        """The dry run again, with another mapping."""
        return _move(load, (ImportState.CHECKED,), ImportState.READING, options=self._options(load).stored())

    def _start(self, load: ContactImport) -> str:
        """Loads it, when it is as it was checked; else checks it first."""
        options = self._options(load)
        counts = (load.report or {}).get("counts", {})
        if options.mapping != Options.of(load.options).mapping or options.titles != Options.of(load.options).titles:
            self._check(load)
            flash(_("Cambiaste las columnas: el archivo se revisa de nuevo antes de cargarlo."), "warning")
            return ""
        if not counts.get("created") and not counts.get("updated") and not counts.get("skipped"):
            return _("No hay ninguna fila que se pueda cargar.")
        try:
            with transaction(installation().database):
                _choose_list(options)
                wrong = _move(load, (ImportState.CHECKED,), ImportState.QUEUED, options=options.stored(), rows_done=0)
                if not wrong:
                    _note(load, "load", {"count": load.rows_total, "duplicates": options.duplicates})
        except IntegrityError:
            return _("Otra persona guardó lo mismo en este momento. Revisa y salva de nuevo.")
        except ValueError as error:
            return str(error)
        return wrong

    def _undo(self, load: ContactImport) -> str:
        with transaction(installation().database):
            wrong = _move(load, (ImportState.DONE,), ImportState.UNDOING)
            if not wrong:
                _note(load, "undo")
        return wrong

    def _discard(self, load: ContactImport) -> str:
        """Forgets a file that was never loaded."""
        with transaction(installation().database):
            wrong = _move(load, (ImportState.CHECKED, ImportState.FAILED), ImportState.FAILED)
            if not wrong:
                _note(load, "discard")
                load.delete_instance()
        if not wrong:
            files.drop(files.folder_of(installation().settings.data_dir, load.stored))
        return wrong

    def _options(self, load: ContactImport) -> Options:
        """What the form says; a part that two columns claim stays with the first."""
        form = request.form
        options = Options.of(load.options)
        width = len((load.report or {}).get("titles", ()))
        known = {part.key for part in columns.parts(plan.fields_in_order())}
        chosen: list[str] = []
        for place in range(width):
            part = form.get(f"column-{place}", "")
            chosen.append(part if part in known and part not in chosen else "")
        titles = form.get("titles") == "1"
        options.mapping, options.titles = chosen, titles
        if form.get("duplicates") in list(Duplicates):
            options.duplicates = Duplicates(form["duplicates"])
        listed = form.get("list", "")
        options.list_id = int(listed) if listed.isdecimal() and len(listed) < 12 else None
        options.list_name = form.get("list_name", "").strip()[:200]
        return options


def _choose_list(options: Options) -> None:
    """Makes the list that was named. Raises ValueError with the reason."""
    if options.list_name:
        checked = check_contact_list({"name": options.list_name})
        if not checked.ok:
            raise ValueError(problem_text(next(iter(checked.errors.values()))))
        options.list_id = ContactList.create(name=checked.values["name"]).id
        options.list_name = ""
    elif options.list_id is not None and ContactList.get_or_none(ContactList.id == options.list_id) is None:
        raise ValueError(_("Esa lista ya no existe."))


def _move(load: ContactImport, expected: tuple[ImportState, ...], state: ImportState, **values: Any) -> str:
    """From one state to the next, once, whoever else presses the same button. A text: why not."""
    changed = (
        ContactImport.update(state=state, **values)
        .where(ContactImport.id == load.id, ContactImport.state.in_(expected))
        .execute()
    )
    return "" if changed else _("La carga ya no está en ese paso: mira en qué quedó.")


def _note(load: ContactImport, act: str, after: dict[str, Any] | None = None) -> None:
    """In the audit log, in the open transaction: the file, not its rows; what they did is the load's own."""
    audit.record("contacts", act, key=load.id, name=load.file_name, after=after)


def _words() -> dict[str, Any]:
    return {"states": STATES, "tones": TONES, "busy": BUSY, "limit_mb": sheets.MAX_UPLOAD // (1 << 20)}


def _load_or_404(load_id: int) -> ContactImport:
    load: ContactImport | None = ContactImport.get_or_none(ContactImport.id == load_id) if load_id < 2**31 else None
    if load is None:
        abort(404)
    return load


def _failure(load: ContactImport) -> str:
    return problem_text(told(load.failure[0], load.failure[1])) if load.failure else ""


def _folder(load: ContactImport) -> Path:
    return files.folder_of(installation().settings.data_dir, load.stored)


def _where(column: int, titles: list[str], first: int) -> str:
    if column < 0:
        return ""
    title = titles[column] if column < len(titles) else ""
    return title or _("columna %(name)s", name=sheets.column_name(column + first))


def _problems(load: ContactImport) -> dict[str, Any]:
    """One page of what the dry run found, in words."""
    report = load.report or {}
    if load.state is not ImportState.CHECKED:
        return {"lines": [], "page": 1, "pages": 1}
    counts = report.get("counts", {})
    total = counts.get("problems", 0) + counts.get("remarks", 0)
    pages = max(1, -(-total // PROBLEMS_A_PAGE))
    asked = request.args.get("page", "1")
    page = min(pages, max(1, int(asked))) if asked.isascii() and asked.isdigit() and len(asked) < 8 else 1
    lines = [
        {
            "row": row,
            "cell": sheets.column_name(column + report.get("first_column", 0)) + str(row) if column >= 0 else str(row),
            "column": _where(column, report["titles"], report.get("first_column", 0)),
            "text": problem_text(told(code, params)),
            "refuses": refuses,
        }
        for row, column, code, params, refuses in files.read_lines(
            _folder(load) / files.PROBLEMS, (page - 1) * PROBLEMS_A_PAGE, PROBLEMS_A_PAGE
        )
    ]
    return {"lines": lines, "page": page, "pages": pages, "total": total}


def _refused(load: ContactImport, titles: list[str]) -> Iterator[list[list[Any]]]:
    batch: list[list[Any]] = []
    width = len(titles)
    first = (load.report or {}).get("first_column", 0)
    for _row, cells, reasons in files.refused_lines(_folder(load)):
        told_reasons = []
        for column, code, params, _refuses in reasons:
            where = _where(column, titles, first)
            text = problem_text(told(code, params))
            told_reasons.append(f"{where}: {text}" if where else text)
        line = [*cells[:width], *[""] * (width - len(cells))]
        batch.append([*line, " ".join(told_reasons)])
        if len(batch) == 500:
            yield batch
            batch = []
    if batch:
        yield batch
