"""What belongs to an agent's desk: what is typed and not saved yet, and whom to call back, by when.

Owns: those two tables. Must not: decide whose call it is (`admin.desk.ownership`) or dial.

`call_id` is the call's id, not a key: a draft may begin before the engine writes the call.
"""

from enum import StrEnum

from peewee import CharField, IntegerField

from models.tables.account import Agent, AgentGroup
from models.tables.base import ChoiceField, InstantField, JsonField, Row, now, points_to
from models.tables.call_centers import CallCenter
from models.tables.contacts import Contact


class DeskDraft(Row):
    """One an agent and call. `fields`: {key: {"v": value, "at": ms, "n": version, "tab": who wrote it}}.

    A field without "v" was saved or emptied at "at": what was typed before that and comes later is known by it.
    """

    agent = points_to(Agent, backref="desk_drafts", index=False)
    call_id = CharField(max_length=64)
    version = IntegerField(default=0)
    fields = JsonField(max_length=300_000)
    unsaved = IntegerField(default=0)  # fields with something in them
    changed_at = InstantField(default=now, index=True)

    class Meta:
        table_name = "desk_drafts"
        indexes = ((("agent", "call_id"), True),)


class AgentCallbackState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    CANCELLED = "cancelled"


class AgentCallback(Row):
    """A call that an agent promised: for themself, for a group, or (neither) for anyone who answers its call center.
    Nobody dials it but a person.

    `models.tables.callers.CallbackRequest` is the caller's own wish, and the engine works it off.
    """

    number = CharField(max_length=64)
    contact = points_to(Contact, null=True, backref="agent_callbacks")
    call_center = points_to(CallCenter, null=True, backref="agent_callbacks", index=False)
    agent = points_to(Agent, null=True, backref="callbacks_to_make", index=False)
    group = points_to(AgentGroup, null=True, backref="callbacks_to_make", index=False)
    due_at = InstantField()
    due_told = InstantField(null=True)  # the due moment that the desks were told of
    note = CharField(max_length=500, default="")
    state = ChoiceField(AgentCallbackState, default=AgentCallbackState.PENDING)
    call_id = CharField(max_length=64, null=True, index=True)  # the call in which it was promised
    created_by = points_to(Agent, null=True, backref="promised_callbacks", index=False)
    created_at = InstantField(default=now)
    ended_at = InstantField(null=True)
    ended_by = points_to(Agent, null=True, backref="ended_callbacks", index=False)

    class Meta:
        table_name = "agent_callbacks"
        indexes = (
            (("agent", "state", "due_at"), False),
            (("group", "state", "due_at"), False),
            (("call_center", "state", "due_at"), False),
            (("state", "due_at"), False),
        )
