"""Campaigns: whom to call, one after another.

Owns: the campaign and its contacts as a draft holds them. Must not: dial: that is the engine's.
"""

from enum import StrEnum

from peewee import CharField, CompositeKey, IntegerField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, NamedRow, Row, now, points_to
from models.tables.call_centers import CallCenter
from models.tables.contacts import Contact, ContactList


class CampaignState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


class CampaignContactState(StrEnum):
    PENDING = "pending"
    CALLING = "calling"
    DONE = "done"
    GIVEN_UP = "given_up"


class Campaign(NamedRow):
    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    state = ChoiceField(CampaignState, default=CampaignState.DRAFT)
    list = points_to(ContactList, null=True, backref="campaigns")
    call_center = points_to(CallCenter, null=True, backref="campaigns")
    author = points_to(Agent, null=True, backref="campaigns")
    created_at = InstantField(default=now)

    class Meta:
        table_name = "campaigns"


class CampaignContact(Row):
    """One contact's place in a campaign, and how far calling got."""

    campaign = points_to(Campaign, on_delete="CASCADE", backref="contacts", index=False)
    contact = points_to(Contact, on_delete="CASCADE", backref="campaigns")
    position = IntegerField(default=0)
    state = ChoiceField(CampaignContactState, default=CampaignContactState.PENDING)
    attempts = SmallIntegerField(default=0)
    last_attempt_at = InstantField(null=True)
    next_attempt_at = InstantField(null=True)

    class Meta:
        table_name = "campaign_contacts"
        primary_key = CompositeKey("campaign", "contact")
        indexes = ((("campaign", "state", "next_attempt_at", "position"), False),)
