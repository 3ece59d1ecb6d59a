"""What a call center's calls print by themselves: told on its page.

Owns: that table. Must not: decide what is printed (`asking`), or draw.
"""

from dataclasses import dataclass

from flask_babel import gettext as _

from models.tables import CallCenter, CallCenterForm, Form, Printer


@dataclass(frozen=True, slots=True)
class Printed:
    """`where`: the printer's name, or the browser; "": it is not printed. `printer`: its row, when it has one."""

    what: str
    when: str
    where: str
    printer: Printer | None = None


def prints_of(center: CallCenter) -> list[Printed]:
    """As it is saved now."""
    result = center.printer if center.print_result else None
    where = "" if not center.print_result else str(result.name) if result else _("El navegador del agente")
    rows = [Printed(_("El resultado de la llamada"), _("Al salvar la llamada, una vez"), where, result)]
    forms = Form.select(Form).join(CallCenterForm).where(CallCenterForm.call_center == center, Form.active)
    for form in forms.order_by(CallCenterForm.position, Form.id):
        printer = form.printer
        told = _("Las respuestas de «%(form)s»", form=form.name)
        rows.append(Printed(told, _("Al salvarlas por primera vez"), str(printer.name) if printer else "", printer))
    return rows
