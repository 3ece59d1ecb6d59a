"""What was changed by whom: the audit log.

Owns: one row a change, written in the change's own transaction (`admin.audit`). Must not: be changed or deleted by any
page, or hold a secret: passwords, hashes and SIP secrets never enter it.
"""

from peewee import CharField

from models.tables.account import Agent
from models.tables.base import InstantField, JsonField, LimitedTextField, Row, now, points_to


class AuditEntry(Row):
    """`before` and `after` hold only what is different, by the form's field; None: there was or is no row.

    Who and what are copied as they were called then. `folded` is the text for searches.
    """

    at = InstantField(default=now, index=True)
    agent = points_to(Agent, null=True, backref="audited", index=False)
    who = CharField(max_length=100, default="")
    address = CharField(max_length=45, default="")
    section = CharField(max_length=40)
    act = CharField(max_length=20)
    row_key = CharField(max_length=64, default="")
    row_name = CharField(max_length=200, default="")
    before = JsonField(max_length=200_000, null=True)
    after = JsonField(max_length=200_000, null=True)
    folded = LimitedTextField(max_length=4000, default="")

    class Meta:
        table_name = "audit_log"
        indexes = (
            (("section", "row_key"), False),
            (("section", "at"), False),
            (("agent", "at"), False),
        )
