"""SMS: a thread for each contact's number, its messages, who wants none, templates, and the providers over HTTP.

Owns: those tables. Must not: hold a provider's secret: it is made of the installation's own key and `salt`
(`models.webhooks`), or send.

A message has one row for all of its parts. Whatever is told twice is one row: by `key`.
"""

from peewee import BooleanField, CharField, IntegerField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, LimitedTextField, NamedRow, Row, now, points_to
from models.tables.call_centers import CallCenter
from models.tables.contacts import Contact
from models.values.call import Direction
from models.values.sms import MOST_CHARACTERS, MessageState, Way


class SmsProvider(NamedRow):
    """Who carries messages over HTTP (docs/mensajes.md). `failures` in a row hold off all that waits."""

    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    url = CharField(max_length=1000)
    active = BooleanField(default=True)
    salt = CharField(max_length=32)
    failures = IntegerField(default=0)
    blocked_until = InstantField(null=True)
    heard_at = InstantField(null=True)  # its last request that was well signed
    created_at = InstantField(default=now)

    class Meta:
        table_name = "sms_providers"


class SmsProviderNumber(Row):
    """A number of ours whose messages go by this provider; as typed, and as `models.values.phone.normalise` has it."""

    provider = points_to(SmsProvider, on_delete="CASCADE", backref="numbers")
    number = CharField(max_length=40)
    number_key = CharField(max_length=40, unique=True)

    class Meta:
        table_name = "sms_provider_numbers"


class SmsThread(Row):
    """All that was written between a number of ours and one outside; both normalised where they can be."""

    our_number = CharField(max_length=40)
    number = CharField(max_length=40)
    contact = points_to(Contact, null=True, backref="sms_threads", index=False)
    call_center = points_to(CallCenter, null=True, backref="sms_threads", index=False)  # who answers `our_number`
    last_at = InstantField(default=now)
    last_text = CharField(max_length=160, default="")
    last_direction = ChoiceField(Direction, default=Direction.INBOUND)
    unread = IntegerField(default=0)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "sms_threads"
        indexes = (
            (("our_number", "number"), True),
            (("number",), False),
            (("contact", "last_at"), False),
            (("call_center", "last_at"), False),
            (("last_at",), False),
        )


class SmsMessage(Row):
    """`key`: of an outgoing one what its writer chose, of an incoming one what the carrier calls it."""

    thread = points_to(SmsThread, on_delete="CASCADE", backref="messages", index=False)
    key = CharField(max_length=200, unique=True)
    direction = ChoiceField(Direction)
    text = LimitedTextField(max_length=MOST_CHARACTERS)
    state = ChoiceField(MessageState)
    reason = CharField(max_length=32, default="")  # models.values.sms.FailureReason
    detail = CharField(max_length=200, default="")  # in the words of who refused it
    segments = SmallIntegerField(default=1)
    way = ChoiceField(Way)
    provider = points_to(SmsProvider, null=True, backref="messages", index=False)
    remote_id = CharField(max_length=120, default="")
    agent = points_to(Agent, null=True, backref="sms_messages", index=False)
    automatic = BooleanField(default=False)  # an answer to a word of WORDS: it goes out although nobody may write
    attempts = SmallIntegerField(default=0)
    created_at = InstantField(default=now)
    next_at = InstantField(default=now)  # not before
    tried_at = InstantField(null=True)
    settled_at = InstantField(null=True)  # when it was queued, came in, or ended

    class Meta:
        table_name = "sms_messages"
        indexes = (
            (("thread", "id"), False),
            (("state", "way", "next_at"), False),
            (("provider", "remote_id"), False),
            (("agent", "created_at"), False),
        )


class SmsOptOut(Row):
    """Who wants no messages. `active_key` is the number while it holds, so that it holds once."""

    number = CharField(max_length=40, index=True)
    active_key = CharField(max_length=40, null=True, unique=True)
    word = CharField(max_length=20, default="")  # empty: by an agent's hand
    at = InstantField(default=now)
    by = points_to(Agent, null=True, backref="sms_opt_outs", index=False)
    note = CharField(max_length=200, default="")
    lifted_at = InstantField(null=True)
    lifted_by = points_to(Agent, null=True, backref="lifted_sms_opt_outs", index=False)
    lifted_word = CharField(max_length=20, default="")

    class Meta:
        table_name = "sms_opt_outs"


class SmsTemplate(NamedRow):
    name = CharField(max_length=60)
    name_key = CharField(max_length=120, unique=True)
    text = LimitedTextField(max_length=MOST_CHARACTERS)
    active = BooleanField(default=True)

    class Meta:
        table_name = "sms_templates"
