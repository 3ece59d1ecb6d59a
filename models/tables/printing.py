"""Print jobs: what is to be printed where, as it was when it was asked for, and what became of it.

Owns: the columns. Must not: move a job from one state to the next (`models.print_jobs`).
"""

from enum import StrEnum

from peewee import CharField, IntegerField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, JsonField, Row, now, points_to
from models.tables.paper import Printer


class PrintKind(StrEnum):
    CALL_RESULT = "call_result"
    FORM_ANSWER = "form_answer"
    TICKET = "ticket"
    TEST = "test"


class PrintState(StrEnum):
    QUEUED = "queued"
    PRINTING = "printing"
    PRINTED = "printed"
    UNSURE = "unsure"  # bytes were sent, and nobody knows what became of them: a person decides
    FAILED = "failed"
    CANCELLED = "cancelled"


class PrintJob(Row):
    """`slip`: what the paper says, whatever is changed afterwards (`models.values.slip`); null while the call of which
    it tells goes on. No `printer`: the browser of who asked. `turn` counts the changes, so that a button of a page that
    is no longer true does nothing. `sending_at`: from then on it may have been printed."""

    printer = points_to(Printer, null=True, on_delete="CASCADE", backref="jobs", index=False)
    kind = ChoiceField(PrintKind)
    subject = CharField(max_length=64)  # the id of what it tells of; no key: what is printed stands by itself
    key = CharField(max_length=120, unique=True)  # asked for twice, it is there once
    title = CharField(max_length=200, default="")
    slip = JsonField(max_length=200_000, null=True)
    state = ChoiceField(PrintState, default=PrintState.QUEUED)
    turn = IntegerField(default=0)
    attempts = SmallIntegerField(default=0)
    problem = CharField(max_length=40, default="")  # a code: why it is not printed
    detail = CharField(max_length=200, default="")  # what the printer or CUPS said
    asked_by = points_to(Agent, null=True, backref="print_jobs", index=False)
    created_at = InstantField(default=now, index=True)
    next_at = InstantField(default=now)
    give_up_at = InstantField()
    started_at = InstantField(null=True)
    sending_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    claim = CharField(max_length=32, default="")  # of the worker that has it
    claimed_until = InstantField(null=True)

    class Meta:
        table_name = "print_jobs"
        indexes = (
            (("state", "printer", "next_at"), False),
            (("printer", "state"), False),
            (("asked_by", "state"), False),
            (("kind", "subject"), False),
        )
