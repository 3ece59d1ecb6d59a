"""Dispositions: in what state a contact was left after a call.

Owns: their bodies. Must not: check or save by itself (`Disposiciones` does).
"""

from typing import Any, Final, Literal

from flask_babel import lazy_gettext as _l
from pydantic import Field, StrictBool

from admin.api import paging, saving
from admin.api.paging import By
from admin.api.shapes import Answer, Body, ListQuery, Page, Whole, YesNo
from admin.api.spec import operation, pages
from admin.permissions import Act
from models.tables import Disposition

Action = Literal["none", "call_back", "do_not_call"]


class DispositionAnswer(Answer):
    id: int
    name: str
    active: bool
    action: Action
    position: int


class DispositionPage(Page):
    items: list[DispositionAnswer]


class NewDisposition(Body):
    name: str = Field(min_length=1, max_length=60)
    active: StrictBool = True
    action: Action = "none"


class DispositionChanges(Body):
    name: str = Field("", max_length=60)
    active: StrictBool = True
    action: Action = "none"
    position: Whole = Field(0, ge=0, le=10_000, description="Where it stands in the list that is offered.")


class DispositionQuery(ListQuery):
    sort: Literal["id", "-id", "name", "-name", "position", "-position"] = "position"
    active: YesNo | None = None


_ORDERS: Final = {
    "id": By(Disposition.id),
    "-id": By(Disposition.id, True),
    "name": By(Disposition.name_key),
    "-name": By(Disposition.name_key, True),
    "position": By(Disposition.position),
    "-position": By(Disposition.position, True),
}


def _shape(row: Disposition) -> DispositionAnswer:
    return DispositionAnswer(
        id=row.id, name=row.name, active=row.active, action=row.action.value, position=row.position
    )


@pages.get("/dispositions")
@operation(
    "dispositions", Act.READ, _l("Lista disposiciones"), section=None, query=DispositionQuery, answer=DispositionPage
)
def list_dispositions(query: DispositionQuery) -> Any:
    found = Disposition.select()
    if query.active is not None:
        found = found.where(Disposition.active == (query.active == "true"))
    rows, following = paging.page(found, Disposition.id, _ORDERS, query)
    return DispositionPage(items=[_shape(row) for row in rows], next=following)


@pages.post("/dispositions")
@operation(
    "dispositions", Act.CREATE, _l("Crea una disposición"), body=NewDisposition, answer=DispositionAnswer, status=201,
    one=True,
)  # fmt: skip
def create_disposition(json: NewDisposition) -> Any:
    return saving.create(saving.section("dispositions"), json.sent(), {}, _shape)


@pages.get("/dispositions/<int:disposition_id>")
@operation("dispositions", Act.READ, _l("Una disposición"), section=None, answer=DispositionAnswer, one=True)
def get_disposition(disposition_id: int) -> Any:
    view = saving.section("dispositions")
    return saving.one(view, saving.row_of(view, disposition_id), _shape)


@pages.patch("/dispositions/<int:disposition_id>")
@operation(
    "dispositions", Act.EDIT, _l("Cambia una disposición"), body=DispositionChanges, answer=DispositionAnswer,
    edits=True, one=True,
)  # fmt: skip
def edit_disposition(disposition_id: int, json: DispositionChanges) -> Any:
    return saving.edit(saving.section("dispositions"), disposition_id, json.sent(), {}, _shape)


@pages.delete("/dispositions/<int:disposition_id>")
@operation("dispositions", Act.DELETE, _l("Elimina una disposición que nada usa"), status=204, edits=True)
def delete_disposition(disposition_id: int) -> Any:
    return saving.delete(saving.section("dispositions"), disposition_id)
