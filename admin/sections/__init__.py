"""The thirteen sections, one module each, and the pages that belong to them.

Owns: their order. Must not: hold anything of a section.
"""

from admin.base_view import SectionView
from admin.sections.additional_fields import AdditionalFields
from admin.sections.agent_groups import AgentGroups
from admin.sections.agents import Agents
from admin.sections.attachments import Attachments
from admin.sections.blocked_numbers import BlockedNumbers
from admin.sections.call_centers import CallCenters
from admin.sections.callback_requests import CallbackRequests
from admin.sections.calls import Calls
from admin.sections.companies import Companies
from admin.sections.contacts import Contacts
from admin.sections.dispositions import Dispositions
from admin.sections.form_answers import FormAnswers
from admin.sections.forms import Forms
from admin.sections.ip_rules import IpRulesSection
from admin.sections.logins import Logins
from admin.sections.printers import Printers
from admin.sections.prompts import Prompts
from admin.sections.tickets import Tickets
from admin.sections.voicemails import Voicemails

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

# Pages of sections: what is to be done for contacts, what callers leave (*Historial de llamadas*), what they hear
# (*CallCenters*), what they were asked (*Forms*), and whom we refuse.
PAGES: tuple[type[SectionView], ...] = (Tickets, Voicemails, CallbackRequests, Prompts, FormAnswers, BlockedNumbers)
