"""Grupos de agentes: work is given to a group, and who takes it is decided inside.

Owns: the section. Must not: decide who takes a call (`ari_app.core`).
"""

from typing import Any

from flask_babel import lazy_gettext as _l

from admin.base_view import SectionView
from admin.folding import folded
from admin.listing import Column, Page
from admin.section_forms import Members, SectionForm, Text
from models.checks import Checked, check_agent_group
from models.tables import Agent, AgentGroup, AgentGroupMember, CallCenter, CallCenterGroup


def active_agents() -> list[tuple[int, str]]:
    """Active users, with the endpoint by which they are rung."""
    rows = Agent.select(Agent.id, Agent.name, Agent.endpoint).where(Agent.active).order_by(folded(Agent.name))
    return [(key, f"{name} · {endpoint}" if endpoint else name) for key, name, endpoint in rows.tuples()]


class NewGroupForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})


class GroupForm(SectionForm):
    name = Text(_l("Nombre"), attributes={"maxlength": 100, "required": True})
    members = Members(
        _l("Agentes"),
        options=active_agents,
        ranked=True,
        span=True,
        help=_l("La prioridad menor timbra primero cuando el call center reparte por prioridad."),
    )
    groups = (("", ("name",)), ("", ("members",)))


class AgentGroups(SectionView):
    slug = "grupos-de-agentes"
    endpoint_name = "agent_groups"
    label = _l("Grupos de agentes")
    singular = _l("Grupo")
    add_label = _l("Agregar")
    icon = "agent_groups"
    table = AgentGroup
    note = _l("Crea un grupo arriba y luego elige sus agentes: por ejemplo «Ventas» o «Primera línea».")
    form_class = GroupForm
    row_form = NewGroupForm
    create_on_list = True
    changes_routing = True
    searched = (AgentGroup.name,)
    order = (folded(AgentGroup.name),)
    columns = (
        Column("name", _l("Nombre"), (folded(AgentGroup.name),)),
        Column("agents", _l("Agentes")),
        Column("call_centers", _l("Call Centers")),
    )
    list_page = "sections/agent_groups.html"

    def new_form(self, row: Any = None) -> SectionForm:
        return self.made(NewGroupForm if row is None else GroupForm, row)

    def stored(self, row: Any) -> dict[str, Any]:
        values = super().stored(row)
        if row is not None and row.get_id() is not None:
            members = AgentGroupMember.select(AgentGroupMember.agent, AgentGroupMember.priority)
            values["members"] = dict(sorted(members.where(AgentGroupMember.group == row).tuples()))
        return values

    def check(self, form: SectionForm, row: Any) -> Checked:
        return check_agent_group(form.typed(), row)

    def relations(self, form: SectionForm, row: Any, values: dict[str, Any]) -> None:
        if "members" not in form:
            return
        # Inactive members are not on the page: they stay as they are, for when they come back.
        active = Agent.select(Agent.id).where(Agent.active)
        AgentGroupMember.delete().where(AgentGroupMember.group == row, AgentGroupMember.agent.in_(active)).execute()
        for agent, priority in form["members"].data.items():
            AgentGroupMember.create(group=row, agent=agent, priority=priority)

    def created(self, row: Any) -> Any:
        from flask import redirect, url_for

        return redirect(url_for(".edit_view", row_id=row.id))

    def list_extras(self, page: Page) -> dict[str, Any]:
        keys = [row.id for row in page.rows]
        members = AgentGroupMember.select(AgentGroupMember.group, Agent.name).join(Agent).where(Agent.active)
        centers = CallCenterGroup.select(CallCenterGroup.group, CallCenter.id, CallCenter.name).join(CallCenter)
        by_group: dict[int, list[str]] = {}
        for group, name in members.where(AgentGroupMember.group.in_(keys)).order_by(Agent.name).tuples():
            by_group.setdefault(group, []).append(name)
        used: dict[int, list[tuple[int, str]]] = {}
        for group, key, name in centers.where(CallCenterGroup.group.in_(keys)).tuples():
            used.setdefault(group, []).append((key, name))
        return {"agents": by_group, "centers": used}
