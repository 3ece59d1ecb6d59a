"""Forms that agents fill during a call, their versions and their answers.

Owns: section 13 of the admin. Must not: draw or check a filled form.
A changed form is a new version; an answer keeps the one it was given to.
"""

from enum import StrEnum

from peewee import BigIntegerField, BooleanField, CharField, IntegerField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import ChoiceField, InstantField, JsonField, LimitedTextField, NamedRow, Row, now, points_to
from models.tables.contacts import Contact
from models.tables.paper import Printer


class FormFieldKind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    LIST = "list"
    CHOICES = "choices"
    YES_NO = "yes_no"
    PHONE = "phone"
    EMAIL = "email"
    FILE = "file"
    HEADING = "heading"


class Form(NamedRow):
    name = CharField(max_length=100)
    name_key = CharField(max_length=200, unique=True)
    active = BooleanField(default=True)
    printer = points_to(Printer, null=True, backref="forms")
    created_at = InstantField(default=now)

    class Meta:
        table_name = "forms"


class FormVersion(Row):
    form = points_to(Form, backref="versions", index=False)
    number = IntegerField()  # from 1
    created_at = InstantField(default=now)

    class Meta:
        table_name = "form_versions"
        indexes = ((("form", "number"), True),)


class FormField(Row):
    """`name` is the key of its answer; `condition` is {"field", "equals"}: shown only then."""

    version = points_to(FormVersion, on_delete="CASCADE", backref="fields", index=False)
    position = SmallIntegerField()
    name = CharField(max_length=60)
    label = CharField(max_length=200)
    kind = ChoiceField(FormFieldKind, default=FormFieldKind.TEXT)
    required = BooleanField(default=False)
    default_value = CharField(max_length=500, default="")
    help = CharField(max_length=500, default="")
    options = JsonField(max_length=4000, null=True)
    condition = JsonField(max_length=500, null=True)

    class Meta:
        table_name = "form_fields"
        indexes = ((("version", "name"), True),)


class FormAnswer(Row):
    """`call_id` is the call's id, not a key: an answer may be saved before the engine writes the call."""

    version = points_to(FormVersion, backref="answers")
    call_id = CharField(max_length=64, null=True, index=True)
    contact = points_to(Contact, null=True, backref="answers")
    agent = points_to(Agent, null=True, backref="answers")
    answers = JsonField(max_length=100_000)
    folded = LimitedTextField(max_length=100_000, default="")
    created_at = InstantField(default=now, index=True)
    changed_at = InstantField(default=now)

    class Meta:
        table_name = "form_answers"


class FormFile(Row):
    """A file given to a field of a form, for one call. Its bytes lie in `models.files`.

    Without `answer` it is not saved yet; `leaves`: it goes when the answer is saved again. What came from *Adjuntos* is
    a copy: an answer keeps what it was given, like its version.
    """

    version = points_to(FormVersion, on_delete="CASCADE", backref="files")
    field = CharField(max_length=60)  # its name
    call_id = CharField(max_length=64)
    agent = points_to(Agent, backref="form_files", index=False)
    answer = points_to(FormAnswer, null=True, backref="files")
    shared = BooleanField(default=False)  # from *Adjuntos*
    filename = CharField(max_length=200)
    mime = CharField(max_length=100)
    size = BigIntegerField()  # bytes
    sha256 = CharField(max_length=64, index=True)
    leaves = BooleanField(default=False)
    created_at = InstantField(default=now, index=True)

    class Meta:
        table_name = "form_files"
        indexes = ((("call_id", "agent"), False),)
