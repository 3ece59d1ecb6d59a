"""The thirteen sections, one module each.

Owns: their order. Must not: hold anything of a section.
"""

from admin.base_view import SectionView
from admin.sections.additional_fields import AdditionalFields
from admin.sections.agent_groups import AgentGroups
from admin.sections.agents import Agents
from admin.sections.attachments import Attachments
from admin.sections.call_centers import CallCenters
from admin.sections.calls import Calls
from admin.sections.companies import Companies
from admin.sections.contacts import Contacts
from admin.sections.dispositions import Dispositions
from admin.sections.forms import Forms
from admin.sections.ip_rules import IpRulesSection
from admin.sections.logins import Logins
from admin.sections.printers import Printers

SECTIONS: tuple[type[SectionView], ...] = (
    Contacts,
    Calls,
    Agents,
    CallCenters,
    Companies,
    Attachments,
    IpRulesSection,
    AdditionalFields,
    Dispositions,
    AgentGroups,
    Printers,
    Logins,
    Forms,
)
