"""The account and its people: users, groups, log-ins, presence, and from where they may work.

Owns: sections 3, 7, 10 and 12 of the admin, and the account's own row. Must not: hash passwords or check sessions.
"""

from typing import Any

from peewee import BooleanField, CharField, CompositeKey, IntegerField, SmallIntegerField

from models.tables.base import ChoiceField, InstantField, NamedRow, Row, name_key, now, points_to
from models.values.call import AgentState, PhoneKind, Role
from models.values.destination import DefaultRule


class Account(Row):
    """One row, id 1."""

    name = CharField(max_length=100)
    region = CharField(max_length=2, default="CR")
    language = CharField(max_length=5, default="es")
    timezone = CharField(max_length=64, default="America/Costa_Rica")
    currency = CharField(max_length=3, default="CRC")
    outbound_default = ChoiceField(DefaultRule, default=DefaultRule.NATIONAL)  # where no `destination_rules` fits
    feature_codes = CharField(max_length=400, default="")  # of the phone during a call (`models.values.feature`)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "account"


class Agent(Row):
    """A user of the account, whatever the role. Never deleted: deactivated."""

    name = CharField(max_length=100)
    email = CharField(max_length=254)  # as typed
    email_key = CharField(max_length=254, unique=True)  # case-folded, kept by save
    endpoint = CharField(max_length=16, null=True, unique=True)  # the IP phone's number
    click2dial = BooleanField(default=False)
    role = ChoiceField(Role, default=Role.AGENT)
    active = BooleanField(default=True)
    password_hash = CharField(max_length=255, null=True)
    phone_kind = ChoiceField(PhoneKind, default=PhoneKind.SIP)
    sip_ha1 = CharField(max_length=64, null=True)  # MD5(endpoint:realm:secret), RFC 8760; the secret is never kept
    language = CharField(max_length=5, null=True)
    invitation_hash = CharField(max_length=64, null=True, index=True)
    invitation_expires = InstantField(null=True)
    session_epoch = IntegerField(default=0)  # counted up: every session of before is over
    pin_hash = CharField(max_length=255, null=True)  # for logging in and pausing on the phone
    pin_failures = SmallIntegerField(default=0)  # wrong tries in a row
    pin_locked_until = InstantField(null=True)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "agents"

    def save(self, *args: Any, **kwargs: Any) -> Any:
        self.email_key = name_key(self.email)
        return super().save(*args, **kwargs)


class AgentGroup(NamedRow):
    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)

    class Meta:
        table_name = "agent_groups"


class AgentGroupMember(Row):
    group = points_to(AgentGroup, on_delete="CASCADE", backref="members", index=False)
    agent = points_to(Agent, on_delete="CASCADE", backref="memberships")
    priority = SmallIntegerField(default=0)

    class Meta:
        table_name = "agent_group_members"
        primary_key = CompositeKey("group", "agent")


class AgentLogin(Row):
    """From log-in to log-out. `cause` of the end: user, connection, address, administrator, expired, restart."""

    agent = points_to(Agent, backref="logins", index=False)
    session = CharField(max_length=64, unique=True)
    login_at = InstantField(default=now, index=True)
    seen_at = InstantField(null=True)
    logout_at = InstantField(null=True)
    cause = CharField(max_length=32, null=True)
    address = CharField(max_length=45, default="")
    device = CharField(max_length=200, default="")

    class Meta:
        table_name = "agent_logins"
        indexes = ((("agent", "login_at"), False),)


class AgentPresence(Row):
    """The state of each agent, written by the engine alone; one row an agent."""

    agent = points_to(Agent, primary_key=True, on_delete="CASCADE", backref="presence")
    state = ChoiceField(AgentState, default=AgentState.OFFLINE)
    reason = CharField(max_length=100, default="")
    since = InstantField(default=now)
    session = CharField(max_length=64, default="")
    pause_wish = CharField(max_length=100, null=True)  # of one on a call: the pause after it, by its reason; null: none

    class Meta:
        table_name = "agent_presence"


class AgentStateChange(Row):
    """From when an agent was in which state; until the next one. Written by the engine alone, beside the presence."""

    agent = points_to(Agent, on_delete="CASCADE", backref="states", index=False)
    since = InstantField()
    state = ChoiceField(AgentState)
    reason = CharField(max_length=100, default="")

    class Meta:
        table_name = "agent_states"
        primary_key = CompositeKey("agent", "since")


class PauseReason(NamedRow):
    name = CharField(max_length=60)
    name_key = CharField(max_length=120, unique=True)
    active = BooleanField(default=True)
    position = SmallIntegerField(default=0)

    class Meta:
        table_name = "pause_reasons"


class IpRule(Row):
    """As typed, and the network that it means."""

    address = CharField(max_length=45)
    mask = CharField(max_length=45)
    network = CharField(max_length=49, unique=True)
    created_at = InstantField(default=now)

    class Meta:
        table_name = "ip_rules"
