"""What happened to calls, entry by entry, and what the reaper ended.

Owns: the columns. Must not: be written by anybody but the engine's one writer (`models.stories`). Codes are plain
texts here: one that this version does not know is shown as it is, not an error.
"""

from peewee import CharField, CompositeKey, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import InstantField, JsonField, Row, points_to
from models.tables.calls import Call


class CallEvent(Row):
    """One entry of *Explicar esta llamada*: a code (`models.values.story.StoryCode`) and what it needs to be said."""

    call = points_to(Call, on_delete="CASCADE", backref="events", index=False)
    ordinal = SmallIntegerField()  # from 1
    at = InstantField()
    code = CharField(max_length=32)
    agent = points_to(Agent, null=True, backref="call_events", index=False)
    detail = JsonField(max_length=4000, default=dict)

    class Meta:
        table_name = "call_events"
        primary_key = CompositeKey("call", "ordinal")


class Reaped(Row):
    """Something that the reaper ended, with the reason (`models.values.story.ReapReason`)."""

    at = InstantField()
    thing = CharField(max_length=120)
    kind = CharField(max_length=32)  # channel, bridge, seat
    call_id = CharField(max_length=64, default="", index=True)
    why = CharField(max_length=32)

    class Meta:
        table_name = "reaped"
        primary_key = CompositeKey("at", "thing")
