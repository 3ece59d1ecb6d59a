"""Números bloqueados: whose calls are refused before anybody is rung.

Owns: the page. Must not: refuse a call (the dialplan does, AGI `blocklist` compares).
"""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin.base_view import SectionView
from admin.formats import stamp
from admin.listing import Column
from admin.section_forms import SectionForm, Text
from models.checks import Checked, check_blocked_number
from models.tables import BlockedNumber


class BlockedNumberForm(SectionForm):
    pattern = Text(_l("Número"), attributes={"maxlength": 40, "required": True, "placeholder": "8888 7777"})
    note = Text(_l("Motivo"), attributes={"maxlength": 200})


class BlockedNumbers(SectionView):
    slug = "numeros-bloqueados"
    endpoint_name = "blocked_numbers"
    label = _l("Números bloqueados")
    singular = _l("Número bloqueado")
    add_label = _l("Bloquear")
    icon = "lock"
    table = BlockedNumber
    note = _l("Bloquea arriba un número que molesta: sus llamadas se rechazan sin timbrar.")
    notes = (
        _l("Un número, como en CallCenters: X es cualquier cifra, y un * al final, cualquier resto."),
        _l("La llamada se rechaza antes de timbrar, y queda en el historial."),
        _l("Quien oculta su número no se puede bloquear así."),
    )
    form_class = BlockedNumberForm
    create_on_list = True
    changes_routing = True
    joined = (BlockedNumber.created_by,)
    searched = (BlockedNumber.pattern, BlockedNumber.canonical, BlockedNumber.note)
    order = (BlockedNumber.created_at.desc(),)
    columns = (
        Column("pattern", _l("Número"), (BlockedNumber.pattern,), "mono"),
        Column("note", _l("Motivo"), (BlockedNumber.note,)),
        Column("created_at", _l("Desde"), (BlockedNumber.created_at,), "nowrap"),
        Column("refused", _l("Rechazadas"), (BlockedNumber.refused,), "number"),
        Column("refused_at", _l("La última"), (BlockedNumber.refused_at,), "nowrap"),
    )
    list_page = "sections/blocked_numbers.html"

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_blocked_number(form.typed(), row)

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        if created:
            row.created_by = current_user.id

    def title_of(self, row: Any) -> str:
        return str(row.pattern or self.singular)

    def csv_columns(self) -> Any:
        return (
            (_l("Número"), lambda row: row.pattern),
            (_l("Motivo"), lambda row: row.note),
            (_l("Desde"), lambda row: stamp(row.created_at)),
            (_l("Bloqueado por"), lambda row: row.created_by.name if row.created_by_id else _("nadie")),
            (_l("Rechazadas"), lambda row: row.refused),
        )
