"""CallCenters: the numbers that are operated, who answers them, how and at what price.

Owns: the section with its logo and what hangs on a call center. Must not: resolve numbers (`models.values.pattern`).
"""

from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import queue_form
from admin.base_view import SectionView
from admin.documents import MAX_LOGO, BadFile, read_logo
from admin.folding import any_contains, folded
from admin.installation import account, installation
from admin.kept_files import forget
from admin.listing import ChoiceFilter, Column, Page
from admin.printing.of_center import prints_of
from admin.queue_form import QueueForm
from admin.section_forms import Check, Choice, Color, File, Lines, Members, Number, SectionForm, Text
from admin.sections.agent_groups import active_agents
from admin.sections.attachments import sent_file
from admin.view_marks import NotSaved
from admin.words import choices
from models import files
from models.checks import Checked, check_call_center
from models.tables import (
    AdditionalField,
    Agent,
    AgentGroup,
    CallCenter,
    CallCenterAgent,
    CallCenterForm,
    CallCenterGroup,
    CallCenterNumber,
    Form,
    Printer,
)
from models.tables.call_centers import PopUpIn
from models.values.call import CostUnit, Strategy
from models.values.money import CURRENCIES
from models.values.recording import RecordingMode
from models.values.url import PLACEHOLDERS


def _groups() -> list[tuple[int, str]]:
    return list(AgentGroup.select(AgentGroup.id, AgentGroup.name).order_by(folded(AgentGroup.name)).tuples())


def _forms() -> list[tuple[int, str]]:
    return list(Form.select(Form.id, Form.name).where(Form.active).order_by(folded(Form.name)).tuples())


def _printers() -> list[tuple[int, str]]:
    return list(Printer.select(Printer.id, Printer.name).where(Printer.active).order_by(folded(Printer.name)).tuples())


def _seconds(label: Any, help_text: Any = "") -> Number:
    return Number(label, help=help_text, attributes={"maxlength": 5})


class CenterForm(QueueForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    numbers = Lines(
        _l("Números, uno por línea"),
        attributes={"rows": 4, "spellcheck": "false"},
        help=_l(
            "Un número como 4000 4000, o un patrón: X por un dígito cualquiera y un * final por cualquier "
            "resto. Lo exacto gana al patrón."
        ),
    )
    color = Color(_l("Color"), attributes={"maxlength": 7, "pattern": "#[0-9a-fA-F]{6}"})
    logo = File(
        _l("Logo"),
        help=_l("PNG, JPEG, GIF o WebP de hasta 512 KB."),
        attributes={"accept": "image/png,image/jpeg,image/gif,image/webp"},
    )
    remove_logo = Check(_l("Quitar el logo"))
    active = Check(_l("Activo"))
    pop_up_url = Text(
        _l("Pop Up"),
        span=True,
        attributes={"maxlength": 1000, "placeholder": "https://crm.example/cliente?tel={caller}"},
    )
    pop_up_in = Choice(
        _l("El Pop Up se abre"),
        options=lambda: choices(PopUpIn),
        help=_l("Cada agente puede elegir otra cosa en su escritorio."),
    )
    strategy = Choice(_l("Quién timbra"), options=lambda: choices(Strategy))
    ring_seconds = _seconds(_l("Timbra cada intento (s)"))
    wrap_up_seconds = _seconds(_l("Trabajo posterior (s)"), _l("Descanso del agente después de cada llamada."))
    service_level_seconds = _seconds(
        _l("Nivel de servicio (s)"), _l("Lo contestado antes de esto cuenta como a tiempo.")
    )
    agents = Members(_l("Agentes"), options=active_agents, ranked=True, span=True)
    agent_groups = Members(_l("Grupos de Agentes"), options=_groups, ranked=True, span=True)
    forms = Members(_l("Formas"), options=_forms, span=True, empty=_l("Todavía no hay forms."))
    price = Number(_l("Costo"), attributes={"maxlength": 20})
    currency = Choice(_l("Costo Moneda"), options=lambda: [(code, code) for code in CURRENCIES])
    cost_unit = Choice(_l("Costo Tiempo"), options=lambda: choices(CostUnit))
    print_result = Check(
        _l("Imprimir el resultado"),
        help=_l("Una boleta por llamada: quién llamó, cómo terminó y lo que se llenó en las formas."),
    )
    printer = Choice(_l("Impresora del resultado"), options=_printers, empty=_l("El navegador del agente"))
    survey_enabled = Check(
        _l("Pedir una calificación al terminar"),
        help=_l("Cuando el agente cuelga primero, quien llamó califica la llamada del 1 al 5 con una tecla."),
    )
    recording = Choice(
        _l("Grabar"),
        options=lambda: choices(RecordingMode),
        help=_l("Nunca se graban la música de espera ni las consultas. El agente siempre puede pausar."),
    )
    recording_days = Number(
        _l("Conservar grabaciones (días)"),
        help=_l("Después se borran solas y queda dicho cuándo. 0 es para siempre."),
        attributes={"maxlength": 4},
    )
    groups = (
        (_l("Lo que ve el agente"), ("name", "color", "active", "logo", "remove_logo", "pop_up_url", "pop_up_in")),
        (_l("Números"), ("numbers",)),
        (_l("Quién contesta"), ("agents", "agent_groups")),
        (
            _l("Cómo se reparte"),
            (
                "strategy",
                "ring_seconds",
                "wrap_up_seconds",
                "service_level_seconds",
                "pause_after_misses",
                "queue_priority",
                "survey_enabled",
            ),
        ),
        *queue_form.GROUPS,
        (_l("Grabaciones"), ("recording", "recording_days")),
        (_l("Costo"), ("price", "currency", "cost_unit")),
        (_l("Formas"), ("forms",)),
        (_l("En papel"), ("print_result", "printer")),
    )


class CenterCells(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    color = Color(_l("Color"))
    logo = File(_l("Logo"), attributes={"accept": "image/png,image/jpeg,image/gif,image/webp"})
    numbers = Lines(_l("Números, uno por línea"), attributes={"spellcheck": "false"})
    price = Number(_l("Costo"), attributes={"maxlength": 20})
    currency = Text(_l("Costo Moneda"), attributes={"maxlength": 3, "list": "currencies"})
    cost_unit = Choice(_l("Costo Tiempo"), options=lambda: choices(CostUnit))
    print_result = Check(_l("Imprimir"))
    pop_up_url = Text(_l("Pop Up"), attributes={"maxlength": 1000, "placeholder": "https://…"})
    active = Check(_l("Activo"))


class CallCenters(SectionView):
    slug = "callcenters"
    endpoint_name = "call_centers"
    label = _l("CallCenters")
    singular = _l("Call Center")
    icon = "call_centers"
    table = CallCenter
    note = _l("Un call center es un número que atiendes, con su nombre, su color y quienes contestan.")
    form_class = CenterForm
    row_form = CenterCells
    changes_routing = True
    searched = (CallCenter.name,)
    order = (CallCenter.active.desc(), folded(CallCenter.name))
    columns = (
        Column("name", _l("Nombre"), (folded(CallCenter.name),), fields=("name", "color", "logo")),
        Column("numbers", _l("Números")),
        Column("price", _l("Costo, moneda, tiempo"), (CallCenter.price,), fields=("price", "currency", "cost_unit")),
        Column("pop_up_url", _l("Pop Up")),
        Column("who", _l("Agentes")),
        Column("print_result", _l("Imprimir"), (CallCenter.print_result,)),
        Column("active", _l("Activo"), (CallCenter.active,)),
    )
    filters = (
        ChoiceFilter(
            "active",
            _l("Activo"),
            lambda query, value: query.where(CallCenter.active == (value == "1")),
            choices=lambda: (("1", _l("Sí")), ("0", _l("No"))),
        ),
    )
    list_page = "call_centers/list.html"
    form_page = "call_centers/form.html"

    def search(self, text: str) -> Any:
        """By name, or by a number of its own."""
        digits = "".join(character for character in text if character.isdigit())
        by_name = any_contains(tuple(self.searched), text)
        if not digits:
            return by_name
        having = CallCenterNumber.select(CallCenterNumber.call_center).where(
            CallCenterNumber.canonical.contains(digits)
        )
        return CallCenter.id.in_(having) | by_name

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]

        def by_center(table: Any, query: Any) -> dict[int, list[str]]:
            found: dict[int, list[str]] = {}
            for key, name in query.where(table.call_center.in_(keys)).tuples():
                found.setdefault(key, []).append(name)
            return found

        numbers = CallCenterNumber.select(CallCenterNumber.call_center, CallCenterNumber.pattern)
        agents = CallCenterAgent.select(CallCenterAgent.call_center, Agent.name).join(Agent).where(Agent.active)
        teams = CallCenterGroup.select(CallCenterGroup.call_center, AgentGroup.name).join(AgentGroup)
        return {
            "numbers": by_center(CallCenterNumber, numbers.order_by(CallCenterNumber.id)),
            "agents": by_center(CallCenterAgent, agents.order_by(Agent.name)),
            "teams": by_center(CallCenterGroup, teams.order_by(AgentGroup.name)),
            "currencies": CURRENCIES,
            "printers": dict(Printer.select(Printer.id, Printer.name).tuples()),
        }

    def stored_cells(self, rows: Any) -> dict[int, dict[str, Any]]:
        cells = super().stored_cells(rows)
        numbers = CallCenterNumber.select(CallCenterNumber.call_center, CallCenterNumber.pattern)
        for key, pattern in (
            numbers.where(CallCenterNumber.call_center.in_(list(cells))).order_by(CallCenterNumber.id).tuples()
        ):
            cells[key].setdefault("numbers", []).append(pattern)
        for values in cells.values():
            values["price"] = f"{values['price'].normalize():f}"
        return cells

    def new_form(self, row: Any = None) -> SectionForm:
        form = super().new_form(row)
        extra = [name for (name,) in AdditionalField.select(AdditionalField.name).tuples()]
        known = ", ".join(f"{{{name}}}" for name in (*PLACEHOLDERS, *extra))
        form["pop_up_url"].help = _("Se abre al agente con la llamada. Puede llevar: %(names)s.", names=known)
        queue_form.describe_hours(form)
        if row is None or not row.logo_sha256:
            del form["remove_logo"]
        return form

    def stored(self, row: Any) -> dict[str, Any]:
        values = super().stored(row)
        values["price"] = f"{values['price'].normalize():f}"
        values |= queue_form.stored(row if row is not None else CallCenter())
        if row is None or row.get_id() is None:
            return values | {"currency": account().currency}
        numbers = CallCenterNumber.select(CallCenterNumber.pattern).where(CallCenterNumber.call_center == row)
        values["numbers"] = [pattern for (pattern,) in numbers.order_by(CallCenterNumber.id).tuples()]
        for name, table, column in _JOINS:
            priority = getattr(table, "priority", None) or table.position
            chosen = table.select(column, priority).where(table.call_center == row)
            values[name] = dict(sorted(chosen.tuples()))
        return values

    def form_extras(self, row: Any) -> dict[str, Any]:
        return {} if row is None else {"prints": prints_of(row)}

    # ------------------------------------------------------------ saving
    def check(self, form: SectionForm, row: Any) -> Checked:
        checked = check_call_center(queue_form.typed(form), row)
        sent = sent_file(form, "logo")
        if sent is not None:
            content = sent.stream.read(MAX_LOGO + 1)
            try:
                checked.values["logo_mime"] = read_logo(content)
                checked.values["content"] = content
            except BadFile as problem:
                form.refuse("logo", str(problem))
        elif "remove_logo" in form and form["remove_logo"].data:
            checked.values.update(logo_mime=None, logo_sha256=None)
        return checked

    def before_saving(self, form: SectionForm, row: Any, values: dict[str, Any], created: bool) -> None:
        content = values.pop("content", None)
        if content is not None:
            try:
                values["logo_sha256"] = files.store(installation().settings.data_dir, content)
            except OSError:
                form.refuse("logo", _("El archivo no se pudo guardar en el disco del servidor."))
                raise NotSaved from None
        if not created and "logo_sha256" in values and row.logo_sha256 != values["logo_sha256"]:
            g.setdefault("replaced", []).append(row.logo_sha256)

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        """Numbers keep their rows as long as they stand for the same; what is inactive keeps its place unseen."""
        wanted = {canonical: pattern for pattern, canonical in values.get("numbers", ())}
        known = {
            number.canonical: number for number in CallCenterNumber.select().where(CallCenterNumber.call_center == row)
        }
        for canonical, number in known.items():
            if canonical not in wanted:
                number.delete_instance()
            elif number.pattern != wanted[canonical]:
                number.pattern = wanted[canonical]
                number.save()
        for canonical, pattern in wanted.items():
            if canonical not in known:
                CallCenterNumber.create(call_center=row, pattern=pattern, canonical=canonical)
        for name, table, column in _JOINS:
            if name not in form:
                continue
            shown = [key for key, _label in form[name].options]
            table.delete().where(table.call_center == row, column.in_(shown)).execute()
            rank = "priority" if hasattr(table, "priority") else "position"
            for place, (key, priority) in enumerate(form[name].data.items()):
                value = priority if rank == "priority" else place
                table.create(**{"call_center": row, column.name: key, rank: value})

    def after_commit(self, row: Any, text: str) -> None:
        forget(*g.pop("replaced", ()))
        super().after_commit(row, text)

    def after_deleting(self, row: Any) -> None:
        forget(row.logo_sha256)


_JOINS = (
    ("agents", CallCenterAgent, CallCenterAgent.agent),
    ("agent_groups", CallCenterGroup, CallCenterGroup.group),
    ("forms", CallCenterForm, CallCenterForm.form),
)
