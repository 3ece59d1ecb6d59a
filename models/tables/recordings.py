"""Recorded conversations: one row a file.

Owns: the columns. Must not: hold the sound (`models.recordings` says where it lies), or be written by anybody but
the engine and the page that deletes one. A row outlives its file: that there was one, and when it was deleted, stays
told.
"""

from peewee import BigIntegerField, CharField, IntegerField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, JsonField, Row, points_to
from models.tables.call_centers import CallCenter
from models.values.recording import RecordingProblem, RecordingState


class Recording(Row):
    """A part of a call's recording. `call_id` is the call's id, not a key: the row may be there before the call's."""

    name = CharField(max_length=96, unique=True)  # the recording's own, chosen by the core
    call_id = CharField(max_length=64, index=True)
    call_center = points_to(CallCenter, null=True, backref="recordings")
    part = SmallIntegerField(default=1)  # in the order they were made; a number may be missing
    began_at = InstantField(index=True)
    ended_at = InstantField()
    cuts = JsonField(max_length=8000, default=list)  # [where in the file, ms; how much is missing, ms; `CutWhy`], …
    state = ChoiceField(RecordingState, default=RecordingState.PENDING)
    sha256 = CharField(max_length=64, default="")
    size = BigIntegerField(default=0)
    duration_ms = IntegerField(default=0)
    kept_at = InstantField(null=True)
    problem = ChoiceField(RecordingProblem, null=True)  # of a failed one
    deleted_at = InstantField(null=True)
    deleted_by = points_to(Agent, null=True, index=False)  # null: by retention

    class Meta:
        table_name = "recordings"
