"""Disposiciones: in what state a contact was left after a call.

Owns: the section. Must not: delete one that is used: it is deactivated.
"""

from typing import Any, Final

from flask_babel import lazy_gettext as _l
from peewee import fn

from admin.base_view import SectionView
from admin.contact_pages import ask
from admin.folding import folded
from admin.listing import ChoiceFilter, Column, Page
from admin.section_forms import Check, Choice, Number, SectionForm, Text
from admin.words import choices
from models.checks import Checked, check_disposition
from models.tables import Disposition
from models.tables.contacts import DispositionAction

MOST_USES: Final = 10_000
"""Nobody asks whether a million or two: counting them would take the page a second."""
_USES: Final = "SELECT 1 FROM calls WHERE disposition_id = ? UNION ALL SELECT 1 FROM contacts WHERE disposition_id = ?"


class DispositionForm(SectionForm):
    name = Text(_l("Disposición"), attributes={"maxlength": 60, "required": True})
    action = Choice(_l("Acción"), options=lambda: choices(DispositionAction))
    position = Number(_l("Orden"), attributes={"maxlength": 5})
    active = Check(_l("Activa"))


class DispositionCells(SectionForm):
    name = Text(_l("Disposición"), attributes={"maxlength": 60, "required": True})
    action = Choice(_l("Acción"), options=lambda: choices(DispositionAction))
    active = Check(_l("Activa"))


class NewDispositionForm(DispositionCells):
    """A new one comes last."""


class Dispositions(SectionView):
    slug = "disposiciones"
    endpoint_name = "dispositions"
    label = _l("Disposiciones")
    singular = _l("Disposición")
    add_label = _l("Agregar")
    icon = "dispositions"
    table = Disposition
    note = _l("Crea la primera arriba: por ejemplo «Resuelto» o «Volver a llamar».")
    notes = (
        _l("Dicen a los demás en qué estado quedó un contacto después de una llamada."),
        _l("La lista se ofrece al agente cuando salva la llamada. La que ya se usó no se elimina: se desactiva."),
    )
    form_class = DispositionForm
    row_form = DispositionCells
    ordered_by = "position"
    create_on_list = True
    searched = (Disposition.name,)
    order = (Disposition.position,)
    columns = (
        Column("name", _l("Disposición"), (folded(Disposition.name),)),
        Column("uses", _l("Usos"), (), "number"),
        Column("action", _l("Acción"), (Disposition.action,)),
        Column("active", _l("Activa"), (Disposition.active,)),
    )
    filters = (
        ChoiceFilter(
            "active",
            _l("Activa"),
            lambda query, value: query.where(Disposition.active == (value == "1")),
            choices=lambda: (("1", _l("Sí")), ("0", _l("No"))),
            everything=_l("Todas"),
        ),
    )
    list_page = "sections/dispositions.html"

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(NewDispositionForm if row is None else DispositionForm, row)

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if created:
            last = Disposition.select(fn.MAX(Disposition.position)).scalar()
            values["position"] = 0 if last is None else min(last + 1, 10_000)

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_disposition(form.typed(), row)

    def list_extras(self, page: Page) -> dict[str, Any]:
        """How often each was left, up to `MOST_USES`: after calls, and as the state of contacts."""
        keys = [row.id for row in page.rows]
        counts = ", ".join(f"(SELECT count(*) FROM ({_USES} LIMIT {MOST_USES + 1}) u)" for _key in keys)  # noqa: S608
        found = ask(f"SELECT {counts}", [key for key in keys for _table in range(2)])[0] if keys else ()
        return {"uses": dict(zip(keys, found, strict=True)), "most_uses": MOST_USES}
