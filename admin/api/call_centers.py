"""Call centers: the numbers that are operated, who answers them and at what price.

Owns: their bodies. Must not: check or save by itself (`CallCenters` does): hours, overflow, messages and logos are the
page's.
"""

from typing import Annotated, Any, Final, Literal

from flask_babel import lazy_gettext as _l
from pydantic import Field, StrictBool

from admin.api import paging, saving
from admin.api.paging import By
from admin.api.shapes import Answer, Body, ListQuery, Moment, Page, Whole, YesNo
from admin.api.spec import operation, pages
from admin.permissions import Act
from models.tables import CallCenter, CallCenterAgent, CallCenterGroup, CallCenterNumber

StrategyName = Literal["all", "round_robin_memory", "longest_idle", "fewest_calls", "priority", "random"]
UnitName = Literal["second", "minute", "hour"]
PlaceName = Literal["tab", "panel"]
Ranks = Annotated[dict[Annotated[str, Field(pattern=r"^[1-9][0-9]{0,14}$")], Annotated[Whole, Field(ge=0, le=999)]],
                  Field(max_length=1000)]  # fmt: skip
_PLAIN: Final = (
    "name", "active", "color", "price", "currency", "cost_unit", "pop_up_url", "pop_up_in", "print_result",
    "survey_enabled", "strategy", "ring_seconds", "max_wait_seconds", "wrap_up_seconds", "service_level_seconds",
    "max_waiting", "queue_priority", "closed_now",
)  # fmt: skip
_ENUMS: Final = ("cost_unit", "pop_up_in", "strategy")


class CenterFields(Body):
    name: str = Field("", max_length=100)
    active: StrictBool = True
    numbers: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=200)] = Field(
        [], description="Digits, X for any one digit, a last * for any rest."
    )
    color: str = Field("", max_length=7, description="Such as #1f6feb.")
    price: str = Field("0", max_length=20, description="A decimal number as text: nothing is rounded on the way.")
    currency: str = Field("", max_length=3)
    cost_unit: UnitName = "minute"
    pop_up_url: str | None = Field(None, max_length=1000)
    pop_up_in: PlaceName = Field("tab", description="Where the desk opens it: a tab, or a panel of the call.")
    print_result: StrictBool = False
    survey_enabled: StrictBool = False
    strategy: StrategyName = "all"
    ring_seconds: Whole = Field(20, ge=1, le=7200)
    max_wait_seconds: Whole = Field(120, ge=1, le=7200)
    wrap_up_seconds: Whole = Field(0, ge=0, le=7200)
    service_level_seconds: Whole = Field(20, ge=0, le=7200)
    max_waiting: Whole = Field(0, ge=0, le=999)
    queue_priority: Whole = Field(5, ge=1, le=9)
    closed_now: StrictBool = False
    agents: Ranks = Field({}, description="All active agents who answer, by id, each with a priority (least first).")
    agent_groups: Ranks = Field({}, description="All groups that answer, by id, each with a priority.")


class NewCenter(CenterFields):
    name: str = Field(min_length=1, max_length=100)


class CenterAnswer(Answer):
    id: int
    name: str
    active: bool
    numbers: list[str]
    color: str
    price: str
    currency: str
    cost_unit: UnitName
    pop_up_url: str | None
    pop_up_in: PlaceName
    print_result: bool
    survey_enabled: bool
    strategy: StrategyName
    ring_seconds: int
    max_wait_seconds: int
    wrap_up_seconds: int
    service_level_seconds: int
    max_waiting: int
    queue_priority: int
    closed_now: bool
    agents: dict[str, int]
    agent_groups: dict[str, int]
    created_at: Moment


class CenterPage(Page):
    items: list[CenterAnswer]


class CenterQuery(ListQuery):
    sort: Literal["id", "-id", "name", "-name"] = "id"
    active: YesNo | None = None


_ORDERS: Final = {
    "id": By(CallCenter.id),
    "-id": By(CallCenter.id, True),
    "name": By(CallCenter.name_key),
    "-name": By(CallCenter.name_key, True),
}


def _shape_all(rows: list[CallCenter]) -> list[CenterAnswer]:
    keys = [row.id for row in rows]
    numbers: dict[int, list[str]] = {}
    patterns = CallCenterNumber.select(CallCenterNumber.call_center, CallCenterNumber.pattern)
    for key, pattern in patterns.where(CallCenterNumber.call_center.in_(keys)).order_by(CallCenterNumber.id).tuples():
        numbers.setdefault(key, []).append(pattern)
    ranks: dict[str, dict[int, dict[str, int]]] = {}
    for name, table, column in (
        ("agents", CallCenterAgent, CallCenterAgent.agent),
        ("agent_groups", CallCenterGroup, CallCenterGroup.group),
    ):
        found = ranks.setdefault(name, {})
        for key, member, rank in (
            table.select(table.call_center, column, table.priority).where(table.call_center.in_(keys)).tuples()
        ):
            found.setdefault(key, {})[str(member)] = rank
    return [
        CenterAnswer(
            **{name: getattr(row, name) for name in _PLAIN if name not in ("price", *_ENUMS)},
            **{name: getattr(row, name).value for name in _ENUMS},
            id=row.id,
            numbers=numbers.get(row.id, []),
            price=f"{row.price.normalize():f}",
            agents=ranks["agents"].get(row.id, {}),
            agent_groups=ranks["agent_groups"].get(row.id, {}),
            created_at=row.created_at,
        )
        for row in rows
    ]


def _shape(row: CallCenter) -> CenterAnswer:
    return _shape_all([row])[0]


def _fields(body: CenterFields) -> dict[str, Any]:
    fields = body.sent()
    for name in ("agents", "agent_groups"):
        if name in fields:
            fields[name] = {int(key): rank for key, rank in fields[name].items()}
    return fields


@pages.get("/call-centers")
@operation("call_centers", Act.READ, _l("Lista call centers"), query=CenterQuery, answer=CenterPage)
def list_call_centers(query: CenterQuery) -> Any:
    found = CallCenter.select()
    if query.active is not None:
        found = found.where(CallCenter.active == (query.active == "true"))
    rows, following = paging.page(found, CallCenter.id, _ORDERS, query)
    return CenterPage(items=_shape_all(rows), next=following)


@pages.post("/call-centers")
@operation(
    "call_centers", Act.CREATE, _l("Crea un call center"), body=NewCenter, answer=CenterAnswer, status=201, one=True
)
def create_call_center(json: NewCenter) -> Any:
    return saving.create(saving.section("call_centers"), _fields(json), {}, _shape)


@pages.get("/call-centers/<int:call_center_id>")
@operation("call_centers", Act.READ, _l("Un call center"), answer=CenterAnswer, one=True)
def get_call_center(call_center_id: int) -> Any:
    view = saving.section("call_centers")
    return saving.one(view, saving.row_of(view, call_center_id), _shape)


@pages.patch("/call-centers/<int:call_center_id>")
@operation(
    "call_centers", Act.EDIT, _l("Cambia un call center"), body=CenterFields, answer=CenterAnswer, edits=True, one=True
)
def edit_call_center(call_center_id: int, json: CenterFields) -> Any:
    return saving.edit(saving.section("call_centers"), call_center_id, _fields(json), {}, _shape)


@pages.delete("/call-centers/<int:call_center_id>")
@operation("call_centers", Act.DELETE, _l("Elimina un call center que nada usa"), status=204, edits=True)
def delete_call_center(call_center_id: int) -> Any:
    return saving.delete(saving.section("call_centers"), call_center_id)
