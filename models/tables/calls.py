"""Calls, their legs, and the engine's own marks.

Owns: section 2 of the admin. Must not: be written by anybody but the engine's one CDR writer (`models.cdr`), except
the disposition and comment that an agent saves, and the rating that a caller gives.

What a call points to is not deleted under it (RESTRICT), and its call center's name and rate are copied.
"""

from decimal import Decimal
from typing import Any

from peewee import BigIntegerField, CharField, CompositeKey, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, LimitedTextField, MoneyField, Row, points_to
from models.tables.call_centers import CallCenter
from models.tables.contacts import Contact, Disposition
from models.values.call import CostUnit, Direction, LegKind, LegOutcome, Outcome


class Call(Row):
    """One row a conversation. `id` is the uniqueid of the caller's channel; durations in milliseconds."""

    id = CharField(max_length=64, primary_key=True)
    direction = ChoiceField(Direction)
    call_center = points_to(CallCenter, null=True, backref="calls", index=False)
    call_center_name = CharField(max_length=100, default="")
    called_number = CharField(max_length=64, default="")
    calling_number = CharField(max_length=64, default="")
    caller_name = CharField(max_length=120, default="")
    contact = points_to(Contact, null=True, backref="calls", index=False)
    agent = points_to(Agent, null=True, backref="calls", index=False)
    offered_at = InstantField()
    answered_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    wait_ms = BigIntegerField(default=0)
    talk_ms = BigIntegerField(default=0)
    cause = SmallIntegerField(null=True)  # ITU-T Q.850
    outcome = ChoiceField(Outcome, default=Outcome.IN_PROGRESS)
    reason = CharField(max_length=64, default="")
    rate_price = MoneyField(default=Decimal(0))
    rate_currency = CharField(max_length=3, default="")
    rate_unit = ChoiceField(CostUnit, default=CostUnit.MINUTE)
    cost = MoneyField(null=True)
    disposition = points_to(Disposition, null=True, backref="calls", index=False)
    comment = LimitedTextField(max_length=4000, default="")
    saved_at = InstantField(null=True)
    saved_by = points_to(Agent, null=True, backref="saved_calls", index=False)
    rating = SmallIntegerField(null=True)  # 1 to 5, by the caller's keys after the call (AGI `after_call_survey`)

    class Meta:
        table_name = "calls"

    @classmethod
    def create_table(cls, safe: bool = True, **options: Any) -> None:
        from models.call_search import create_for_calls

        super().create_table(safe, **options)
        create_for_calls(cls._meta.database.obj)


class CallLeg(Row):
    """One attempt to reach an agent or a number, or a stretch of the conversation; written when the call is closed."""

    call = points_to(Call, on_delete="CASCADE", backref="legs", index=False)
    ordinal = SmallIntegerField()  # from 1
    agent = points_to(Agent, null=True, backref="legs", index=False)
    channel_id = CharField(max_length=80, default="")
    endpoint = CharField(max_length=80, default="")
    offered_at = InstantField()
    ringing_at = InstantField(null=True)
    answered_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    outcome = ChoiceField(LegOutcome)
    cause = SmallIntegerField(null=True)  # ITU-T Q.850
    reason = CharField(max_length=64, default="")
    kind = ChoiceField(LegKind, default=LegKind.AGENT)
    number = CharField(max_length=64, default="")  # dialled outside
    ordered_by = points_to(Agent, null=True, backref="+", index=False)  # who transferred there

    class Meta:
        table_name = "call_legs"
        primary_key = CompositeKey("call", "ordinal")
        indexes = ((("agent", "offered_at"), False),)


class EngineMark(Row):
    """What the engine remembers between runs, such as how far it read the CEL."""

    key = CharField(max_length=64, primary_key=True)
    value = LimitedTextField(max_length=10_000)

    class Meta:
        table_name = "engine_marks"
