"""The tables: what is remembered, one module by subject.

Owns: columns, keys, indexes, limits. Must not: hold rules of a call (`ari_app.core`), build pages, or open a database
(`models.db`). A column's limits are checked by `models.checks` before a row is saved.
"""

from peewee import Model

from models.tables.account import (
    Account,
    Agent,
    AgentGroup,
    AgentGroupMember,
    AgentLogin,
    AgentPresence,
    IpRule,
    PauseReason,
)
from models.tables.audit import AuditEntry
from models.tables.base import Row, database, epoch_ms, fold, from_epoch_ms, name_key, now
from models.tables.call_centers import (
    CallCenter,
    CallCenterAgent,
    CallCenterForm,
    CallCenterGroup,
    CallCenterNumber,
    Prompt,
)
from models.tables.callers import BlockedNumber, CallbackRequest, CallbackState, Voicemail
from models.tables.calls import Call, CallLeg, EngineMark
from models.tables.campaigns import Campaign, CampaignContact
from models.tables.contacts import (
    AdditionalField,
    Company,
    Contact,
    ContactList,
    ContactListMember,
    ContactValue,
    Disposition,
)
from models.tables.forms import Form, FormAnswer, FormField, FormVersion
from models.tables.imports import ContactImport, ContactImportChange, ContactImportChunk, ContactMerge
from models.tables.outbound import (
    AgentCallCenter,
    BreakerLimits,
    BreakerRelease,
    DestinationPrice,
    DestinationRule,
    LimitScope,
)
from models.tables.paper import Attachment, Printer
from models.tables.stories import CallEvent, Reaped

# Every table, in an order in which each comes after those it points to.
ALL: tuple[type[Model], ...] = (
    Account,
    Agent,
    AgentGroup,
    AgentGroupMember,
    AgentLogin,
    AgentPresence,
    PauseReason,
    IpRule,
    Attachment,
    Printer,
    Company,
    Disposition,
    AdditionalField,
    Contact,
    ContactValue,
    ContactList,
    ContactListMember,
    CallCenter,
    CallCenterNumber,
    CallCenterAgent,
    CallCenterGroup,
    Form,
    FormVersion,
    FormField,
    CallCenterForm,
    Call,
    CallLeg,
    CallEvent,
    Reaped,
    FormAnswer,
    EngineMark,
    Voicemail,
    CallbackRequest,
    BlockedNumber,
    Prompt,
    Campaign,
    CampaignContact,
    ContactImport,
    ContactImportChunk,
    ContactImportChange,
    ContactMerge,
    AgentCallCenter,
    DestinationRule,
    DestinationPrice,
    BreakerLimits,
    BreakerRelease,
    AuditEntry,
)

__all__ = [
    "ALL",
    "Account",
    "AdditionalField",
    "Agent",
    "AgentCallCenter",
    "AgentGroup",
    "AgentGroupMember",
    "AgentLogin",
    "AgentPresence",
    "Attachment",
    "AuditEntry",
    "BlockedNumber",
    "BreakerLimits",
    "BreakerRelease",
    "Call",
    "CallCenter",
    "CallCenterAgent",
    "CallCenterForm",
    "CallCenterGroup",
    "CallCenterNumber",
    "CallEvent",
    "CallLeg",
    "CallbackRequest",
    "CallbackState",
    "Campaign",
    "CampaignContact",
    "Company",
    "Contact",
    "ContactImport",
    "ContactImportChange",
    "ContactImportChunk",
    "ContactList",
    "ContactListMember",
    "ContactMerge",
    "ContactValue",
    "DestinationPrice",
    "DestinationRule",
    "Disposition",
    "EngineMark",
    "Form",
    "FormAnswer",
    "FormField",
    "FormVersion",
    "IpRule",
    "LimitScope",
    "PauseReason",
    "Printer",
    "Prompt",
    "Reaped",
    "Row",
    "Voicemail",
    "database",
    "epoch_ms",
    "fold",
    "from_epoch_ms",
    "name_key",
    "now",
]
