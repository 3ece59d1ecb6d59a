"""Agents: who answers, their phones, and their state as the engine last wrote it.

Owns: their bodies. Must not: check or save by itself (`Agentes` does), set a role or a password, or change an
administrator or a supervisor: a token that leaks makes nobody mightier. That is done on the page, by a person.
"""

from typing import Any, Final, Literal

from flask import g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pydantic import Field, StrictBool

from admin.api import paging, saving
from admin.api.paging import By
from admin.api.problems import ApiProblem
from admin.api.shapes import Answer, Body, ListQuery, Moment, Page, YesNo
from admin.api.spec import operation, pages
from admin.permissions import Act
from models.tables import Agent, AgentPresence
from models.values.call import AgentState, Role

PhoneKindName = Literal["sip", "virtual", "browser"]
RoleName = Literal["administrator", "supervisor", "agent"]


class AgentAnswer(Answer):
    id: int
    name: str
    email: str
    role: RoleName
    endpoint: str | None = Field(description="The number of the agent's phone.")
    phone_kind: PhoneKindName
    click2dial: bool
    active: bool
    language: str | None
    state: AgentState = Field(description="As the engine last wrote it.")
    state_reason: str
    state_since: Moment | None


class SavedAgent(AgentAnswer):
    """What is shown once: null when nothing new was made, and in a repeated answer."""

    sip_secret: str | None
    invitation_url: str | None


class AgentPage(Page):
    items: list[AgentAnswer]


class NewAgent(Body):
    name: str = Field(min_length=1, max_length=100)
    email: str = Field(min_length=1, max_length=254)
    endpoint: str | None = Field(None, max_length=16)
    phone_kind: PhoneKindName = "sip"
    click2dial: StrictBool = True


class AgentChanges(Body):
    name: str = Field("", max_length=100)
    email: str = Field("", max_length=254)
    endpoint: str | None = Field(None, max_length=16, description="A new one makes a new secret for the phone.")
    phone_kind: PhoneKindName = "sip"
    click2dial: StrictBool = True
    active: StrictBool = True
    language: Literal["es", "en"] | None = None


class AgentQuery(ListQuery):
    sort: Literal["id", "-id", "email", "-email"] = "id"
    active: YesNo | None = None
    role: RoleName | None = None
    endpoint: str | None = Field(None, max_length=16)


_ORDERS: Final = {
    "id": By(Agent.id),
    "-id": By(Agent.id, True),
    "email": By(Agent.email_key),
    "-email": By(Agent.email_key, True),
}


def _known(row: Agent, presence: AgentPresence | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "email": row.email,
        "role": row.role.value,
        "endpoint": row.endpoint,
        "phone_kind": row.phone_kind.value,
        "click2dial": row.click2dial,
        "active": row.active,
        "language": row.language,
        "state": AgentState.OFFLINE if presence is None else presence.state,
        "state_reason": "" if presence is None else presence.reason,
        "state_since": None if presence is None else presence.since,
    }


def _presence(keys: list[int]) -> dict[int, AgentPresence]:
    return {one.agent_id: one for one in AgentPresence.select().where(AgentPresence.agent.in_(keys))}


def _shape(row: Agent) -> AgentAnswer:
    return AgentAnswer(**_known(row, _presence([row.id]).get(row.id)))


def _saved(row: Agent) -> SavedAgent:
    """With what the section made for it and shows once."""
    made = [secret for _name, endpoint, secret in g.get("sip_secrets", ()) if endpoint == row.endpoint]
    invitation = g.get("invitation")
    return SavedAgent(
        **_known(row, _presence([row.id]).get(row.id)),
        sip_secret=made[-1] if made else None,
        invitation_url=url_for("login.invitation", secret=invitation, _external=True) if invitation else None,
    )


@pages.get("/agents")
@operation("agents", Act.READ, _l("Lista agentes"), query=AgentQuery, answer=AgentPage)
def list_agents(query: AgentQuery) -> Any:
    found = Agent.select()
    if query.active is not None:
        found = found.where(Agent.active == (query.active == "true"))
    if query.role is not None:
        found = found.where(Agent.role == query.role)
    if query.endpoint is not None:
        found = found.where(Agent.endpoint == query.endpoint.replace("\x00", " "))
    rows, following = paging.page(found, Agent.id, _ORDERS, query)
    states = _presence([row.id for row in rows])
    return AgentPage(items=[AgentAnswer(**_known(row, states.get(row.id))) for row in rows], next=following)


@pages.post("/agents")
@operation("agents", Act.CREATE, _l("Crea un agente"), body=NewAgent, answer=SavedAgent, status=201, one=True)
def create_agent(json: NewAgent) -> Any:
    return saving.create(saving.section("agents"), json.sent(), {}, _saved)


@pages.get("/agents/<int:agent_id>")
@operation("agents", Act.READ, _l("Un agente"), answer=AgentAnswer, one=True)
def get_agent(agent_id: int) -> Any:
    view = saving.section("agents")
    return saving.one(view, saving.row_of(view, agent_id), _shape)


@pages.patch("/agents/<int:agent_id>")
@operation("agents", Act.EDIT, _l("Cambia un agente"), body=AgentChanges, answer=SavedAgent, edits=True, one=True)
def edit_agent(agent_id: int, json: AgentChanges) -> Any:
    view = saving.section("agents")
    if saving.row_of(view, agent_id).role is not Role.AGENT:
        raise ApiProblem("forbidden", _("Administradores y supervisores se cambian en la página Agentes."))
    return saving.edit(view, agent_id, json.sent(), {}, _saved)
