"""What callers leave us and whom we refuse: voicemails, requests to be called back, blocked numbers.

Owns: those three tables; the queue (engine) and the fallback (AGI) both write the first two. Must not: hold a
recording's bytes (`models.files`) or decide when somebody is called back (`ari_app`).

`call_id` is the call's id, not a key: what a caller leaves is kept before, or without, the engine writing the call.
"""

from enum import StrEnum

from peewee import BigIntegerField, CharField, IntegerField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, Row, now, points_to
from models.tables.call_centers import CallCenter


class Voicemail(Row):
    """A message that was recorded: WAV, in `models.files` under its hash. Saved twice with one `key`, it is one row."""

    key = CharField(max_length=80, unique=True)  # the recording's own name, chosen by who records
    call_id = CharField(max_length=64, null=True, index=True)
    call_center = points_to(CallCenter, null=True, backref="voicemails")
    calling_number = CharField(max_length=64, default="")
    called_number = CharField(max_length=64, default="")
    recorded_at = InstantField(default=now, index=True)
    seconds = IntegerField(default=0)
    sha256 = CharField(max_length=64, index=True)
    size = BigIntegerField(default=0)
    heard_at = InstantField(null=True)
    heard_by = points_to(Agent, null=True, backref="heard_voicemails")

    class Meta:
        table_name = "voicemails"


class CallbackState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class CallbackRequest(Row):
    """Somebody to call back. The place in the queue is kept by `kept_since`: when the wait began, not when it ended."""

    number = CharField(max_length=64)  # as `models.values.phone.normalise` gives it, or as it was dialled
    call_center = points_to(CallCenter, null=True, backref="callback_requests")
    requested_at = InstantField(default=now)
    kept_since = InstantField(default=now)
    priority = SmallIntegerField(default=0)  # lower comes first
    state = ChoiceField(CallbackState, default=CallbackState.PENDING)
    attempts = SmallIntegerField(default=0)
    next_at = InstantField(null=True)  # not before
    ended_at = InstantField(null=True)
    reason = CharField(max_length=64, default="")  # why it failed
    call_id = CharField(max_length=64, null=True, index=True)  # the call in which it was asked for

    class Meta:
        table_name = "callback_requests"
        indexes = ((("state", "kept_since"), False), (("number", "state"), False))


class BlockedNumber(Row):
    """Callers refused: a pattern as typed, and `canonical`, equal for two ways to write it."""

    pattern = CharField(max_length=40)
    canonical = CharField(max_length=40, unique=True)
    note = CharField(max_length=200, default="")
    created_at = InstantField(default=now)
    created_by = points_to(Agent, null=True, backref="blocked_numbers")
    refused = IntegerField(default=0)  # calls
    refused_at = InstantField(null=True)  # the last one

    class Meta:
        table_name = "blocked_numbers"
