"""What is done with contacts from their list: call, make a campaign, merge duplicates.

Owns: those pages and their words. Must not: be a section: it is a part of *Contactos*.
"""

from typing import Any, Final

from flask import abort, flash, redirect, request, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from peewee import IntegrityError, fn

from admin import audit, contact_campaigns, contact_merging
from admin.contact_merging import CannotMerge
from admin.dialling import dial_problems
from admin.engine import Dialled
from admin.installation import installation
from admin.permissions import Act, may
from admin.problems import problem_text
from admin.view_marks import acting
from models.checks import check_contact_list
from models.db import transaction
from models.tables import Call, Campaign, Contact, ContactMerge, name_key

GROUPS: Final = 20
MERGES: Final = 30

# Why the engine does not call; what it has no word for is told as its code.
NOT_DIALLED: Final = {
    "away": _l("El motor no responde: no se llamó a nadie."),
    "switch_away": _l("La central no está lista: no se llamó a nadie."),
    "http_404": _l("Este motor todavía no sabe llamar por Click2Dial."),
    "not_found": _l("Este motor todavía no sabe llamar por Click2Dial."),
    "click2dial_not_allowed": _l("Tu usuario no puede usar Click2Dial: se permite en Agentes."),
    "address_not_allowed": _l("Desde esta dirección no se puede llamar (IPs click2dial)."),
    "destination_not_allowed": _l("A ese destino no se puede llamar."),
    "not_active": _l("Tu usuario está desactivado."),
    "no_phone": _l("Tu usuario no tiene teléfono (endpoint)."),
    "not_logged_in": _l("No estás conectado en el escritorio ni en el teléfono."),
    "desk_cut_off": _l("Tu escritorio perdió la conexión: espera a que vuelva."),
    "on_another_call": _l("Ya estás en una llamada."),
    "party_on_another_call": _l("Esa persona ya está en una llamada."),
    "agent_spend_limit": _l("Se alcanzó el límite de gasto del agente."),
    "account_spend_limit": _l("Se alcanzó el límite de gasto de la cuenta."),
}
CANNOT_MERGE: Final = {
    "gone": _l("Esos contactos ya no están así: mira la lista de nuevo."),
    "too_many": _l("Son demasiados para unirlos de una vez."),
    "used_id": _l("El lugar de uno de esos contactos ya lo tiene otro: no se puede deshacer."),
}


def not_dialled(code: str) -> str:
    """The sentence for a code of the engine: of who asks here, else as it is told everywhere."""
    told = NOT_DIALLED.get(code) or dial_problems().get(code) or _("No se llamó: %(code)s.", code=code)
    return str(told)


class ContactActions:
    """The part of *Contactos*; it is nothing alone."""

    render: Any
    frame: Any
    row_or_404: Any
    wanted: Any
    sought: Any
    title_of: Any

    # ------------------------------------------------------------ call
    @expose("/<int:row_id>/llamar", methods=("POST",))
    @acting(Act.EDIT)
    def call_view(self, row_id: int) -> Any:
        row = self.row_or_404(row_id)
        if not row.phone_key:
            flash(_("Este contacto no tiene teléfono."), "error")
        elif not current_user.row.endpoint:
            flash(str(NOT_DIALLED["no_phone"]), "error")
        else:
            answer = installation().engine.click2dial(current_user.row.id, row.phone_key, row.id)
            if isinstance(answer, Dialled):
                flash(_("Llamando a %(name)s: contesta tu teléfono.", name=self.title_of(row)), "success")
            else:
                flash(not_dialled(answer.code), "error")
        return redirect(back(url_for("contacts.index_view")))

    # ------------------------------------------------------------ campaign
    @expose("/campania", methods=("GET", "POST"))
    @acting(Act.CREATE)
    def campaign_view(self) -> Any:
        """Of everything that the search of the address finds."""
        wanted = self.wanted()
        search = self.sought(wanted)
        problem, reach = "", None
        name = request.form.get("name", "")
        try:
            reach = contact_campaigns.reach(search)
        except contact_campaigns.TooMany:
            problem = _("A lo sumo %(maximum)s contactos en una campaña: afina la búsqueda.", maximum=100_000)
        if request.method == "POST" and reach is not None:
            checked = check_contact_list({"name": name})
            taken = Campaign.get_or_none(Campaign.name_key == name_key(name)) is not None
            if not checked.ok:
                problem = problem_text(next(iter(checked.errors.values())))
            elif taken:
                problem = _("Ya hay una campaña con ese nombre.")
            elif not reach.called:
                problem = _("Nadie de los que se encontraron se puede llamar.")
            else:
                try:
                    with transaction(installation().database):
                        campaign, count = contact_campaigns.make(search, checked.values["name"], current_user.row.id)
                        after = wanted.arguments(page="", size="") | {"count": count}
                        audit.record("contacts", "campaign", key=campaign.id, name=campaign.name, after=after)
                except IntegrityError:
                    problem = _("Otra persona guardó lo mismo en este momento. Revisa y salva de nuevo.")
                else:
                    flash(
                        _("Campaña «%(name)s» en borrador, con %(count)s contactos en su lista.", name=campaign.name,
                          count=count),
                        "success",
                    )  # fmt: skip
                    return redirect(url_for(".index_view", list=campaign.list_id))
        page = self.render(
            "contacts/campaign.html",
            **(self.frame() | {"heading": _("Generar campaña")}),
            wanted=wanted,
            reach=reach,
            problem=problem,
            name=name,
        )
        return page, 422 if problem else 200

    # ------------------------------------------------------------ duplicates
    @expose("/duplicados", methods=("GET", "POST"))
    @acting(Act.EDIT)
    def duplicates_view(self) -> Any:
        by = request.args.get("by", "phone")
        by = by if by in ("phone", "id") else "phone"
        asked = request.args.get("page", "1")
        page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
        problem = ""
        if request.method == "POST":
            problem = self._merge()
            if not problem:
                return redirect(url_for(".duplicates_view", by=by, page=page))
        groups, more = contact_merging.candidates(by, page, GROUPS)
        counts = _calls_of([row.id for group in groups for row in group])
        body = self.render(
            "contacts/duplicates.html",
            **(self.frame() | {"heading": _("Duplicados")}),
            groups=groups,
            more=more,
            number=page,
            by=by,
            problem=problem,
            counts=counts,
        )
        return body, 409 if problem else 200

    def _merge(self) -> str:
        keys = [int(key) for key in request.form.getlist("one") if key.isdecimal() and len(key) < 19]
        keep = request.form.get("keep", "")
        if not keep.isdecimal() or len(keep) > 18 or len({*keys, int(keep)}) < 2:
            return _("Marca al menos dos contactos y cuál se queda.")
        try:
            with transaction(installation().database):
                merged = contact_merging.merge(int(keep), keys, current_user.row.id)
                row = Contact.get_by_id(merged.kept)
                self._note_merge("merge", merged, row)
        except CannotMerge as error:
            return str(CANNOT_MERGE[error.code])
        flash(_("Unidos en %(name)s. Se puede deshacer en «Uniones».", name=self.title_of(row)), "success")
        return ""

    def _note_merge(self, act: str, merged: ContactMerge, kept: Contact) -> None:
        """In the log: who is one now, or is several again."""
        joined = [one["row"]["name"] or one["row"]["phone"] for one in merged.before["gone"]]
        audit.record("contacts", act, key=kept.id, name=self.title_of(kept), after={"joined": joined})

    @expose("/uniones", methods=("GET", "POST"))
    @acting(Act.EDIT)
    def merges_view(self) -> Any:
        """The merges of before, each with its way back."""
        problem = ""
        if request.method == "POST":
            key = request.form.get("merge", "")
            merged = (
                ContactMerge.get_or_none(ContactMerge.id == int(key)) if key.isdecimal() and len(key) < 10 else None
            )
            if merged is None:
                abort(404)
            try:
                with transaction(installation().database):
                    contact_merging.part(merged)
                    self._note_merge("part", merged, Contact.get_by_id(merged.kept))
            except CannotMerge as error:
                problem = str(CANNOT_MERGE[error.code])
            else:
                flash(_("Unión deshecha."), "success")
                return redirect(url_for(".merges_view"))
        merges = list(ContactMerge.select().order_by(ContactMerge.id.desc()).limit(MERGES))
        kept = {row.id: row for row in Contact.select().where(Contact.id.in_([one.kept for one in merges]))}
        page = self.render(
            "contacts/merges.html",
            **(self.frame() | {"heading": _("Uniones")}),
            merges=merges,
            kept=kept,
            problem=problem,
        )
        return page, 409 if problem else 200


def _calls_of(ids: list[int]) -> dict[int, int]:
    query = Call.select(Call.contact, fn.COUNT(Call.id)).where(Call.contact.in_(ids)).group_by(Call.contact)
    return dict(query.tuples()) if ids else {}


def back(here: str) -> str:
    """The list as it was, when the button was on it or on a call's card; else `here`."""
    asked = request.values.get("back", "")
    lists = (url_for("contacts.index_view"), url_for("calls.index_view"))
    return asked if asked.startswith(lists) and "\\" not in asked and "//" not in asked else here


def row_texts() -> dict[str, Any]:
    """What every row's icons need, looked up once: a page has up to two hundred rows."""
    from admin.app import asset

    return {
        "may_ticket": may(current_user.role, "tickets", Act.CREATE),
        "new_ticket": url_for("tickets.create_view"),
        "here": url_for("contacts.index_view"),
        "calls_of": url_for("calls.index_view"),
        "chat_with": url_for("messages.index_view"),
        "icons": asset("icons.svg"),
        "words": {
            "call": _("Llamar"),
            "none": _("No tiene teléfono"),
            "nobody": _("sin contacto"),
            "info": _("Información"),
            "history": _("Historial"),
            "ticket": _("Nuevo ticket"),
            "sms": _("SMS"),
        },
    }
