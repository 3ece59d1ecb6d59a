"""The REST API's own tables: tokens, and requests that must not be done twice.

Owns: their columns. Must not: hold a token: what is kept is its SHA-256, and the part by which it is found.
"""

from peewee import BooleanField, CharField, SmallIntegerField

from models.tables.account import Agent
from models.tables.base import InstantField, JsonField, Row, now, points_to


class ApiToken(Row):
    """What a program carries in `Authorization: Bearer`. It acts as its owner, within its scopes."""

    name = CharField(max_length=100)
    owner = points_to(Agent, backref="api_tokens")
    prefix = CharField(max_length=16, unique=True)  # the open part, by which it is found and shown
    sha256 = CharField(max_length=64)  # of the whole token: 256 random bits need no slow hash
    scopes = JsonField(max_length=2000, default=list)
    active = BooleanField(default=True)
    expires_at = InstantField(null=True)
    used_at = InstantField(null=True)  # to the minute
    used_from = CharField(max_length=45, default="")
    created_at = InstantField(default=now)

    class Meta:
        table_name = "api_tokens"


class ApiRequest(Row):
    """A POST with an `Idempotency-Key`: the same key again gets the same answer. Kept for a day."""

    token = points_to(ApiToken, on_delete="CASCADE", backref="requests", index=False)
    key = CharField(max_length=64)
    sha256 = CharField(max_length=64)  # of method, path and body: another request is refused
    status = SmallIntegerField(null=True)  # NULL: not answered yet
    answer = JsonField(max_length=200_000, null=True)
    created_at = InstantField(default=now, index=True)

    class Meta:
        table_name = "api_requests"
        indexes = ((("token", "key"), True),)
