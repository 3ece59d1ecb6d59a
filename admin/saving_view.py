"""Saving a row, as all sections do it: checked whole, in one transaction, noted in the audit log, told to the engine.

Owns: the transaction, the log's entry, two people at one row. Must not: know a section, or draw.
"""

import hashlib
import json
from typing import Any, ClassVar

from flask import flash, request
from flask_babel import gettext as _
from peewee import IntegrityError

from admin import audit, notices
from admin.installation import installation
from admin.section_forms import Choice, Members, SectionForm, options_of
from admin.view_marks import DERIVED, NotSaved
from models.checks import Checked
from models.db import transaction
from models.tables import Row

_SEEN = "_seen"


class SavingView:
    """The part of `SectionView` that saves; it is nothing alone."""

    table: ClassVar[type[Row]]
    form_class: ClassVar[type[SectionForm] | None]
    changes_routing: ClassVar[bool]
    endpoint: Any
    stored: Any
    row_or_404: Any
    title_of: Any

    def check(self, form: SectionForm, row: Any) -> Checked:
        """The section's check of `models.checks`."""
        raise NotImplementedError

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        """Saves what hangs on the saved row, in the same transaction."""

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        """The last word before the row is saved, in the transaction. May refuse a field and raise `NotSaved`."""

    def save(self, form: SectionForm, row: Any) -> Any:
        """All or nothing. The saved row, or None: the form says why not."""
        created = row is None
        for field in form:
            field.errors = list(field.process_errors)
        try:
            with transaction(installation().database):
                if not created:
                    row = self.row_or_404(row.id)
                    self._refuse_if_changed(form, row)
                checked = self.check(form, row)
                form.show(checked.errors)
                if form.is_refused:
                    raise NotSaved
                row = self.written(form, row, checked.values)
        except NotSaved:
            return None
        except IntegrityError:
            form.problems.append(_("Otra persona guardó lo mismo en este momento. Revisa y salva de nuevo."))
            return None
        self.after_commit(row, _("Guardado: %(name)s.", name=self.title_of(row)))
        return row

    def written(self, form: SectionForm, row: Any, values: dict[str, Any]) -> Any:
        """Writes a row and what hangs on it, and the log's entry with them: no section can forget it."""
        created = row is None
        row = self.table() if created else row
        before = None if created else self.audited(row)
        self.before_saving(form, row, values, created)
        self._store(row, values)
        self.relations(form, row, values)
        self.log("create" if created else "edit", row, before, self.audited(self.row_or_404(row.id)))
        return row

    def audited(self, row: Any) -> dict[str, Any]:
        """What the audit log keeps of a row: what its form shows, members by their names."""
        state = {name: value for name, value in self.stored(row).items() if name not in (*DERIVED, "created_at")}
        for name, kind, options in options_of(self.form_class):
            chosen = state.get(name)
            if kind is Members and chosen:
                named = dict(options())
                state[name] = [f"{named.get(key, key)} ({rank})" for key, rank in chosen.items()]
            elif kind is Choice and isinstance(chosen, int):
                state[name] = dict(options()).get(chosen, chosen)
        return state

    def log(
        self, act: str, row: Any, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None
    ) -> None:
        """An entry of the audit log about a row, in the transaction that is open."""
        audit.record(self.endpoint, act, key=row.get_id(), name=self.title_of(row), before=before, after=after)

    def _store(self, row: Any, values: dict[str, Any]) -> None:
        """Only what the form has is written: the engine writes other columns of the same rows."""
        fields: Any = self.table._meta.fields  # type: ignore[attr-defined]
        kept = {name: value for name, value in values.items() if name in fields}
        for name, value in kept.items():
            setattr(row, name, value)
        if row.get_id() is None:
            row.save(force_insert=True)
        else:
            dirty = {column.name for column in row.dirty_fields}
            row.save(only=[*kept, *dirty, *(name for name in DERIVED if name in fields)])

    def fingerprint(self, row: Any) -> str:
        """What the form's fields held when the page was made; "" for a new row."""
        if row is None:
            return ""
        content = json.dumps(self.stored(row), default=str, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:32]

    def _refuse_if_changed(self, form: SectionForm, row: Any) -> None:
        """Two people at one row: the second is told, and saves over it only knowing it."""
        seen = request.form.get(_SEEN, "")
        if seen and seen != self.fingerprint(row):
            form.problems.append(
                _("Otra persona cambió esto mientras lo editabas. Si salvas de nuevo, queda lo que ves aquí.")
            )
            raise NotSaved

    def after_commit(self, row: Any, text: str) -> None:
        """Tells the person, and the engine when calls are routed by it."""
        if self.changes_routing:
            notices.saved_and_reloaded(text, installation().engine.reload())
        else:
            flash(text, "success")
