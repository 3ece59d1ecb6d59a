"""Call centers: operated numbers, who answers them, how and at what price.

Owns: section 4 of the admin. Must not: resolve a number (`models.values.pattern` in the snapshot).
"""

from decimal import Decimal
from enum import StrEnum

from peewee import BooleanField, CharField, CompositeKey, SmallIntegerField

from models.tables.account import Agent, AgentGroup
from models.tables.base import ChoiceField, InstantField, LimitedTextField, MoneyField, NamedRow, Row, now, points_to
from models.tables.forms import Form
from models.tables.paper import Printer
from models.values.call import CostUnit, Strategy
from models.values.queue import OverflowTo
from models.values.recording import RecordingMode


class PopUpIn(StrEnum):
    """Where the pop-up URL is opened, unless the agent chose otherwise."""

    TAB = "tab"
    PANEL = "panel"


class CallCenter(NamedRow):
    """Times in seconds."""

    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    active = BooleanField(default=True)
    price = MoneyField(default=Decimal(0))
    currency = CharField(max_length=3, default="CRC")
    cost_unit = ChoiceField(CostUnit, default=CostUnit.MINUTE)
    print_result = BooleanField(default=False)
    printer = points_to(Printer, null=True, backref="call_centers", index=False)  # of the results; null: the browser
    color = CharField(max_length=7, default="#1f6feb")
    pop_up_url = CharField(max_length=1000, null=True)
    pop_up_in = ChoiceField(PopUpIn, default=PopUpIn.TAB)
    logo_sha256 = CharField(max_length=64, null=True, index=True)  # the image lies in `models.files`
    logo_mime = CharField(max_length=50, null=True)
    strategy = ChoiceField(Strategy, default=Strategy.ALL)
    ring_seconds = SmallIntegerField(default=20)
    max_wait_seconds = SmallIntegerField(default=120)
    wrap_up_seconds = SmallIntegerField(default=0)
    service_level_seconds = SmallIntegerField(default=20)
    survey_enabled = BooleanField(default=False)  # the caller rates the call by a key when the agent has hung up
    recording = ChoiceField(RecordingMode, default=RecordingMode.OFF)
    recording_days = SmallIntegerField(default=0)  # how long recordings are kept; 0: for ever
    # The queue (`models.queues` reads and writes these texts)
    opening_hours = LimitedTextField(max_length=600, default="")
    closed_dates = LimitedTextField(max_length=4000, default="")
    closed_on_holidays = BooleanField(default=False)
    closed_now = BooleanField(default=False)
    queue_priority = SmallIntegerField(default=5)
    max_waiting = SmallIntegerField(default=0)
    music = CharField(max_length=40, default="")
    welcome = CharField(max_length=80, default="")
    announce_seconds = SmallIntegerField(default=0)
    announce_position = BooleanField(default=True)
    announce_wait = BooleanField(default=True)
    callback_key = CharField(max_length=1, default="")
    voicemail_key = CharField(max_length=1, default="")
    voicemail_email = CharField(max_length=254, default="")
    pause_after_misses = SmallIntegerField(default=0)
    closed_to = ChoiceField(OverflowTo, default=OverflowTo.MESSAGE)
    closed_message = CharField(max_length=80, default="")
    closed_target = CharField(max_length=64, default="")
    full_to = ChoiceField(OverflowTo, default=OverflowTo.MESSAGE)
    full_message = CharField(max_length=80, default="")
    full_target = CharField(max_length=64, default="")
    waited_to = ChoiceField(OverflowTo, default=OverflowTo.MESSAGE)
    waited_message = CharField(max_length=80, default="")
    waited_target = CharField(max_length=64, default="")
    nobody_to = ChoiceField(OverflowTo, default=OverflowTo.MESSAGE)
    nobody_message = CharField(max_length=80, default="")
    nobody_target = CharField(max_length=64, default="")
    created_at = InstantField(default=now)

    class Meta:
        table_name = "call_centers"


class Prompt(NamedRow):
    """A message that was uploaded; its bytes lie in `models.prompts`."""

    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    sha256 = CharField(max_length=64, index=True)
    seconds = SmallIntegerField(default=0)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "prompts"


class CallCenterNumber(Row):
    """A pattern as typed, and `canonical`: equal for two ways to claim the same number, hence unique."""

    call_center = points_to(CallCenter, on_delete="CASCADE", backref="numbers")
    pattern = CharField(max_length=40)
    canonical = CharField(max_length=40, unique=True)

    class Meta:
        table_name = "call_center_numbers"


class CallCenterAgent(Row):
    """Lower priority rings first."""

    call_center = points_to(CallCenter, on_delete="CASCADE", backref="agents", index=False)
    agent = points_to(Agent, on_delete="CASCADE", backref="call_centers")
    priority = SmallIntegerField(default=0)

    class Meta:
        table_name = "call_center_agents"
        primary_key = CompositeKey("call_center", "agent")


class CallCenterGroup(Row):
    call_center = points_to(CallCenter, on_delete="CASCADE", backref="groups", index=False)
    group = points_to(AgentGroup, on_delete="CASCADE", backref="call_centers")
    priority = SmallIntegerField(default=0)

    class Meta:
        table_name = "call_center_groups"
        primary_key = CompositeKey("call_center", "group")


class CallCenterForm(Row):
    """A form that may be filled during this call center's calls."""

    call_center = points_to(CallCenter, on_delete="CASCADE", backref="forms", index=False)
    form = points_to(Form, on_delete="CASCADE", backref="call_centers")
    position = SmallIntegerField(default=0)

    class Meta:
        table_name = "call_center_forms"
        primary_key = CompositeKey("call_center", "form")
