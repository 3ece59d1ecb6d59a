"""A list edited in place: its rows are saved with one button, all of them or none.

Owns: which rows were touched, two people at one row, errors beside their cells, the order of rows. Must not: know a
section, or check values (`models.checks`).

A row's cells are a small form, `row_form`, whose fields are prefixed with the row's id. `_seen` is what the cells held
when the page was made: a row whose cells still say the same was not touched and is not written, whatever others did to
it meanwhile; a touched row that somebody else changed is shown with what it holds now, and saved by *Salvar* again.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar, Final

from flask import abort, g, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import ngettext
from peewee import IntegrityError
from wtforms import FileField

from admin import audit
from admin.installation import installation
from admin.permissions import Act
from admin.section_forms import SectionForm
from admin.view_marks import NotSaved, acting
from models.db import is_postgresql, transaction
from models.tables import Row

_MAX_ROWS: Final = 200
_NAMED: Final = 5  # rows that the notice names


class RowForm(SectionForm):
    """The cells of one row. `seen`: what they held when the page was made; `now`: by field, what somebody else put."""

    seen = ""
    now: dict[str, str] = {}

    @property
    def is_touched(self) -> bool:
        sent = any(field.data and getattr(field.data, "filename", "") for field in self if isinstance(field, FileField))
        return sent or fingerprint(self) != self.seen

    def is_refused_at(self, names: Iterable[str]) -> bool:
        return any(self[name].errors for name in names if name in self)


def fingerprint(form: SectionForm) -> str:
    """What the cells say, written one way: a line break or a space more is no change."""
    said = {name: _canonical(value) for name, value in form.typed().items()}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:24]


def _canonical(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list | tuple):
        return [text for one in value if (text := _canonical(one))]
    return "" if value is None else value


class InlineView:
    """The part of `SectionView` that saves rows in their list; it is nothing alone."""

    row_form: ClassVar[type[SectionForm] | None] = None
    ordered_by: ClassVar[str] = ""
    """The column of a row's place, when rows are put in order by hand."""

    table: ClassVar[type[Row]]
    endpoint: Any
    can: Any
    stored: Any
    base_query: Any
    shown: Any
    check: Any
    written: Any
    show_list: Any
    title_of: Any
    log: Any
    row_or_404: Any
    after_commit: Any
    wanted: Any

    # ------------------------------------------------------------ the cells
    def stored_cells(self, rows: Sequence[Any]) -> dict[int, dict[str, Any]]:
        """By row, what the cells' fields hold; for all rows at once."""
        fields: Any = self.table._meta.fields  # type: ignore[attr-defined]
        return {row.id: {name: getattr(row, _key(fields[name])) for name in fields if name != "id"} for row in rows}

    def cells(self, rows: Sequence[Any]) -> dict[int, RowForm]:
        """A form for each row, with what is stored; none when the user may not edit."""
        if self.row_form is None or not self.can(Act.EDIT):
            return {}
        stored = self.stored_cells(rows)
        with _options_once():
            return {row.id: self._cells_of(row.id, None, stored[row.id]) for row in rows}

    def _cells_of(self, key: int, sent: Any, stored: dict[str, Any]) -> RowForm:
        """The form of one row. What was sent is read beside `_seen`; otherwise `seen` is of what is stored."""
        form = _row_class(self.row_form)(sent, prefix=f"r{key}", data=stored)
        form.seen = fingerprint(form) if sent is None else sent.get(f"r{key}-_seen", "")
        return form

    # ------------------------------------------------------------ saving
    @expose("/salvar", methods=("POST",))
    @acting(Act.EDIT)
    def save_rows(self) -> Any:
        """Saves the touched rows, and the order; all or nothing."""
        if self.row_form is None:
            abort(404)
        keys = [int(text) for text in request.form.getlist("rows") if text.isdecimal() and len(text) < 19][:_MAX_ROWS]
        problems: list[str] = []
        forms: dict[int, RowForm] = {}
        saved: list[Any] = []
        try:
            with transaction(installation().database), _options_once():
                rows = self._locked(keys)
                forms = self._sent(keys, rows, problems)
                touched = {key: forms[key] for key in keys if key in rows and forms[key].is_touched}
                saved = self._write(touched, rows, problems)
                if problems or any(form.is_refused for form in forms.values()):
                    raise NotSaved
                self.rows_written(saved, problems)
                moved = self._keep_order([key for key in keys if key in rows])
                if problems:
                    raise NotSaved
        except NotSaved:
            return self._refused(keys, forms, problems)
        except IntegrityError:
            problems.append(_("Otra persona guardó lo mismo en este momento. Revisa y salva de nuevo."))
            return self._refused(keys, forms, problems)
        if saved or moved:
            self.after_commit(saved[0] if saved else None, self._told(saved))
        return self.rows_saved(saved) or redirect(url_for(".index_view", **self.wanted().arguments()))

    def _locked(self, keys: list[int]) -> dict[int, Any]:
        """The rows as they are now, kept from other writers until the transaction ends."""
        key: Any = self.table.id
        query = self.table.select().where(key.in_(keys)).order_by(key)
        return {row.id: row for row in (query.for_update() if is_postgresql(installation().database) else query)}

    def _sent(self, keys: list[int], rows: dict[int, Any], problems: list[str]) -> dict[int, RowForm]:
        sent = request.form.copy()
        sent.update(request.files)
        stored = self.stored_cells(list(rows.values()))
        forms = {}
        for key in keys:
            form = forms[key] = self._cells_of(key, sent, stored.get(key, {}))
            for field in form:
                field.errors = list(field.process_errors)
            if not form.is_touched:
                continue
            if key not in rows:
                problems.append(_("Una de las filas que cambiaste ya no está: alguien la eliminó."))
            else:
                self._compare(form, self._cells_of(key, None, stored[key]))
        return forms

    @staticmethod
    def _compare(form: RowForm, stored: RowForm) -> None:
        """Two people at one row: the second is told what it holds now, and saves over it only knowing it."""
        if form.seen == stored.seen:
            return
        form.seen = stored.seen
        form.now = {
            name: _shown(stored[name]) for name, value in stored.typed().items() if value != form.typed().get(name)
        }
        form.problems.append(
            _("Otra persona cambió esta fila mientras la editabas. Si salvas de nuevo, queda lo que ves aquí.")
        )

    def _write(self, touched: dict[int, RowForm], rows: dict[int, Any], problems: list[str]) -> list[Any]:
        """Checks and writes row by row. A value that another row is about to give up is tried again after it."""
        saved: list[Any] = []
        waiting = {key: form for key, form in touched.items() if not form.problems}
        while waiting:
            refused: dict[int, RowForm] = {}
            for key, form in waiting.items():
                for field in form:
                    field.errors = list(field.process_errors)
                checked = self.check(form, rows[key])
                form.show(checked.errors)
                if form.is_refused:
                    refused[key] = form
                    continue
                try:
                    saved.append(self.written(form, rows[key], checked.values))
                except NotSaved:
                    refused[key] = form
            if len(refused) == len(waiting):
                break
            waiting = refused
            for form in refused.values():
                form.problems.clear()
        return saved

    def rows_written(self, rows: Sequence[Any], problems: list[str]) -> None:
        """The last word on all rows together, in the transaction; what stands in `problems` then refuses them."""

    def rows_saved(self, rows: Sequence[Any]) -> Any:
        """After the commit: another answer than the list, or None."""

    def _told(self, saved: Sequence[Any]) -> str:
        if not saved:
            return _("El orden quedó guardado.")
        names = ", ".join(self.title_of(row) for row in saved[:_NAMED]) + ("…" if len(saved) > _NAMED else "")
        return ngettext(
            "%(num)s fila guardada: %(names)s.", "%(num)s filas guardadas: %(names)s.", len(saved), names=names
        )

    def _refused(self, keys: list[int], forms: dict[int, RowForm], problems: list[str]) -> Any:
        """The same rows with what was typed, each reason beside its cell."""
        by_key = {row.id: row for row in self.shown(self.base_query().where(self.table.id.in_(keys)))}
        rows = [by_key[key] for key in keys if key in by_key]
        return self.show_list(None, rows=rows, cells={row.id: forms[row.id] for row in rows}, problems=problems), 422

    # ------------------------------------------------------------ the order
    def can_order(self, page: Any) -> bool:
        """Rows are put in order where all of them are seen in it."""
        wanted = self.wanted()
        return bool(self.ordered_by) and page.pages == 1 and not wanted.is_narrowed and not wanted.sort

    def _in_order(self) -> list[Any]:
        column = getattr(self.table, self.ordered_by)
        return list(self.table.select().order_by(column, self.table.id))

    def _keep_order(self, keys: list[int]) -> bool:
        """Puts the rows in the order in which they were sent, when that is another. True: it is."""
        if not self.ordered_by or request.form.get("ordered") != "1":
            return False
        rows = {row.id: row for row in self._in_order()}
        wanted = [rows[key] for key in dict.fromkeys(keys) if key in rows]
        wanted += [row for key, row in rows.items() if key not in keys]  # made meanwhile: at the end
        return self._put([row.id for row in rows.values()], wanted)

    def _put(self, before: list[int], wanted: list[Any]) -> bool:
        if before == [row.id for row in wanted]:
            return False
        names = {row.id: self.title_of(row) for row in wanted}
        for place, row in enumerate(wanted):
            if getattr(row, self.ordered_by) != place:
                self.table.update({self.ordered_by: place}).where(self.table.id == row.id).execute()
        old, new = ([names[key] for key in order] for order in (before, [row.id for row in wanted]))
        audit.record(self.endpoint, "order", before={"order": old}, after={"order": new})
        return True

    @expose("/<int:row_id>/mover/<direction>", methods=("POST",))
    @acting(Act.EDIT)
    def move_view(self, row_id: int, direction: str) -> Any:
        """One place up or down, without a script."""
        if not self.ordered_by:
            abort(404)
        self.row_or_404(row_id)
        with transaction(installation().database):
            order = self._in_order()
            before = [row.id for row in order]
            at = before.index(row_id)
            to = at - 1 if direction == "arriba" else at + 1
            if 0 <= to < len(order):
                order[at], order[to] = order[to], order[at]
            self._put(before, order)
        return redirect(url_for(".index_view", _anchor=f"fila-{row_id}"))


class _options_once:
    """Within it the options of a drop-down are read once for all rows."""

    def __enter__(self) -> None:
        g.options_once = {}

    def __exit__(self, *_error: object) -> None:
        g.pop("options_once", None)


@lru_cache(maxsize=64)
def _row_class(form_class: Any) -> type[RowForm]:
    return type(form_class.__name__, (form_class, RowForm), {})


def _key(column: Any) -> str:
    return str(getattr(column, "object_id_name", column.name))


def _shown(field: Any) -> str:
    """What a field holds, in words."""
    if isinstance(field.data, bool):
        return _("Sí") if field.data else _("No")
    if isinstance(field.data, list):
        return ", ".join(field.data) or "—"
    named = {str(value): str(label) for value, label in getattr(field, "choices", None) or ()}
    return named.get(str(field.data), str(field.data or "")) or "—"


def with_rows(page: Any, rows: Sequence[Any] | None) -> Any:
    """The page with these rows in place of its own."""
    return page if rows is None else replace(page, rows=list(rows))
