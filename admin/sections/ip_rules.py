"""IPs click2dial: from where agents may work.

Owns: the section, and the warning to an administrator whom the new list would not hold. Must not: apply the rule
(`admin.sessions`, the engine, the switch).
"""

from collections.abc import Sequence
from typing import Any

from flask import g, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import sessions
from admin.base_view import SectionView
from admin.inline_view import RowForm
from admin.listing import Column, Page
from admin.section_forms import SectionForm, Text
from admin.view_marks import NotSaved
from models.checks import Checked, check_ip_rule
from models.tables import IpRule
from models.values.errors import InvalidValue
from models.values.ip import IpMask, IpRules


class IpRuleForm(SectionForm):
    address = Text(_l("Ip"), attributes={"maxlength": 45, "required": True, "placeholder": "203.0.113.0"})
    mask = Text(_l("Máscara"), attributes={"maxlength": 45, "placeholder": "255.255.255.255"})

    unwise = ""
    """Why it is not saved until it is confirmed; "" when nothing speaks against it."""


def rules_without(*left_out: int) -> list[IpMask]:
    masks = []
    for row in IpRule.select():
        if row.id not in left_out:
            try:
                masks.append(IpMask.parse(row.address, row.mask))
            except InvalidValue:
                continue
    return masks


class IpRulesSection(SectionView):
    slug = "ips-click2dial"
    endpoint_name = "ip_rules"
    label = _l("IPs click2dial")
    singular = _l("IP")
    add_label = _l("Agregar")
    icon = "ip_rules"
    table = IpRule
    note = _l("Sin filas, los agentes trabajan desde cualquier dirección.")
    notes = (
        _l("Sin filas: desde todas las IPs se puede."),
        _l("Una sola dirección: máscara 255.255.255.255."),
        _l("Un rango: máscara 255.255.255.0, por ejemplo."),
        _l("Todas: máscara 0.0.0.0."),
        _l("Un agente cuya IP no está aquí no puede recibir ni hacer llamadas, ni sacar información."),
    )
    form_class = IpRuleForm
    row_form = IpRuleForm
    create_on_list = True
    changes_routing = True
    searched = (IpRule.address, IpRule.network)
    columns = (
        Column("address", _l("Ip"), (IpRule.address,), "mono"),
        Column("mask", _l("Máscara"), (IpRule.mask,), "mono"),
        Column("network", _l("Red"), (), "mono"),
        Column("here", _l("Tu dirección")),
    )
    order = (IpRule.id,)
    list_page = "sections/ip_rules.html"

    def list_extras(self, page: Page) -> dict[str, Any]:
        mine = sessions.address()
        here = {row.id: _holds(IpMask.parse(row.address, row.mask), mine) for row in page.rows}
        return {"mine": mine, "here": here, "allowed": sessions.ip_rules().allows(mine), "unwise": g.get("unwise")}

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_ip_rule(form.typed(), row)

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        """The administrator's own address is not on the list that would be: said before, saved when confirmed."""
        if isinstance(form, RowForm):
            return  # all rows together: `rows_written`
        mine = sessions.address()
        left = rules_without(*([] if created else [row.id]))
        new = IpMask.parse(values["address"], values["mask"])
        if IpRules((*left, new)).allows(mine) or request.form.get("confirmed") == "1":
            return
        form.unwise = _(  # type: ignore[attr-defined]
            "Con esta lista, desde tu dirección (%(address)s) un agente no podría trabajar.", address=mine
        )
        raise NotSaved

    def rows_written(self, rows: Sequence[Any], problems: list[str]) -> None:
        mine = sessions.address()
        if not rows or IpRules(tuple(rules_without())).allows(mine) or request.form.get("confirmed") == "1":
            return
        g.unwise = True
        problems.append(
            _("Con esta lista, desde tu dirección (%(address)s) un agente no podría trabajar.", address=mine)
        )

    def delete_warning(self, row: Any) -> str:
        mine = sessions.address()
        left = IpRules(tuple(rules_without(row.id)))
        if left.is_open:
            return _("Quedaría permitido trabajar desde cualquier dirección.")
        if not left.allows(mine):
            return _("Con esta lista, desde tu dirección (%(address)s) un agente no podría trabajar.", address=mine)
        return ""

    def title_of(self, row: Any) -> str:
        return str(row.network or self.singular)


def _holds(mask: IpMask, address: str) -> bool:
    return IpRules((mask,)).allows(address)
