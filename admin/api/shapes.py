"""What several resources' bodies are made of.

Owns: the kinds of values, the base of bodies and of queries, the page of a list. Must not: know a resource.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictInt

from models.values.errors import InvalidValue

__all__ = ["Answer", "Body", "Key", "ListQuery", "Moment", "Page", "Problem", "StrictBool", "Text", "Whole"]

MAX_ID: Final = 2**53 - 1  # what every reader of JSON holds exactly
DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200


def _typed(value: Any) -> Any:
    """A number is no instant: whose clock would it count by?"""
    if isinstance(value, str | datetime):
        return value
    raise InvalidValue("not_an_instant", value=str(value)[:40])


def _known(value: datetime) -> datetime:
    if not 1971 <= value.year <= 2999:
        raise InvalidValue("not_an_instant", value=value.isoformat()[:40])
    return value.astimezone(UTC)


Key = Annotated[StrictInt, Field(ge=1, le=MAX_ID)]
Whole = StrictInt
Moment = Annotated[AwareDatetime, BeforeValidator(_typed), AfterValidator(_known)]


def Text(maximum: int, **more: Any) -> Any:
    """A text of at most so many characters; the section's own check says the rest."""
    return Field(max_length=maximum, **more)


class Body(BaseModel):
    """What is sent. A field that is not sent stays as it is; an unknown one is refused."""

    model_config = ConfigDict(extra="forbid")

    def sent(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class Answer(BaseModel):
    """What is answered."""

    model_config = ConfigDict(extra="forbid")


class ListQuery(BaseModel):
    """What every list takes."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="How many rows at most.")
    cursor: str | None = Field(None, max_length=4000, description="`next` of the page before; none: the first page.")


class Page(Answer):
    """One page of a list."""

    next: str | None = Field(None, description="The `cursor` of the next page; null: this is the last one.")


class FieldError(Answer):
    field: str
    code: str
    message: str


class Problem(Answer):
    """RFC 9457, in the language of `Accept-Language` (es, en)."""

    model_config = ConfigDict(title="Problem")

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldError] | None = None


YesNo = Literal["true", "false"]
