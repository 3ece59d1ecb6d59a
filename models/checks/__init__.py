"""The one place where what a person typed is checked, whole, before anything is saved.

Owns: `check_<what>(data, row=None) -> Checked`. `data` is a form's fields by column name, as text or typed; a field
that it lacks keeps the value of `row`, or the column's default. `Checked.errors` has at most one `InvalidValue` for a
field, to be shown beside it; when empty, `Checked.values` are the clean values, by column name, ready for the row.
Must not: save, or know forms and screens.

The unique keys of the tables stay the last word: two people who save the same name at once meet an IntegrityError.
"""

from models.checks.base import Checked
from models.checks.call_centers import check_call_center, split_numbers
from models.checks.callers import check_blocked_number, check_prompt
from models.checks.contacts import (
    check_additional_field,
    check_additional_values,
    check_company,
    check_contact,
    check_contact_list,
    check_disposition,
    check_saved_call,
)
from models.checks.deletion import check_delete, uses_of
from models.checks.forms import check_form, check_form_answers, check_form_fields
from models.checks.paper import CODE_PAGES, MAX_MARGIN, PAPER_WIDTHS, check_attachment, check_printer
from models.checks.people import (
    check_account,
    check_agent,
    check_agent_group,
    check_ip_rule,
    check_pause_reason,
)
from models.checks.tickets import check_ticket, check_ticket_message

__all__ = [
    "CODE_PAGES",
    "MAX_MARGIN",
    "PAPER_WIDTHS",
    "Checked",
    "check_account",
    "check_additional_field",
    "check_additional_values",
    "check_agent",
    "check_agent_group",
    "check_attachment",
    "check_blocked_number",
    "check_call_center",
    "check_company",
    "check_contact",
    "check_contact_list",
    "check_delete",
    "check_disposition",
    "check_form",
    "check_form_answers",
    "check_form_fields",
    "check_ip_rule",
    "check_pause_reason",
    "check_printer",
    "check_prompt",
    "check_saved_call",
    "check_ticket",
    "check_ticket_message",
    "split_numbers",
    "uses_of",
]
