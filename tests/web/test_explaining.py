"""Explicar esta llamada: in sentences, in both languages, for whoever may see the history, whatever it holds."""

from __future__ import annotations

from flask import Flask
from peewee import Database
from web.browser import Browser

from models import cdr, stories, tables
from models.values.call import CostUnit, Direction, LegOutcome, Outcome, Role
from models.values.cdr import CallRecord, LegRecord
from models.values.story import CallEvent, ReapedThing, ReapReason, StoryCode

CALL = "centralita-1790000000.77"
AT = 1_790_000_000_000
PAGE = f"/historial-de-llamadas/{CALL}/explicar"


def told(database: Database, *, evil: str = "") -> tuple[int, int]:
    """Ana answered, Luis was paused; the id of each."""
    ana = tables.Agent.create(name="Ana <b>Mora</b>", email="ana.mora@example.com", endpoint="8339001").id
    luis = tables.Agent.create(name="Luis", email="luis@example.com", endpoint="8339002").id
    record = CallRecord(
        CALL, Direction.INBOUND, "40004000", "+50688887777", AT, call_center_name="Soporte", agent_id=ana,
        outcome=Outcome.ANSWERED, answered_at=AT + 5_000, ended_at=AT + 66_000, wait_ms=5_000, talk_ms=61_000, cause=16,
        reason="caller_hung_up", rate_price=cdr.from_millionths(35_500_000), rate_currency="CRC",
        rate_unit=CostUnit.MINUTE, cost=cdr.from_millionths(71_000_000),
    )  # fmt: skip
    legs = [
        LegRecord(CALL, 1, ana, "8339001", f"{CALL}.agent.1", AT, LegOutcome.ANSWERED, answered_at=AT + 5_000,
                  ended_at=AT + 66_000),
    ]  # fmt: skip
    cdr.close_calls(database, [record], legs)
    entries: list[tuple[int, StoryCode, int | None, dict[str, object]]] = [
        (0, StoryCode.ARRIVED, None, {"called": "40004000", "calling": "+50688887777", "center": f"Soporte{evil}"}),
        (0, StoryCode.SEEKING, None, {"center": "Soporte", "strategy": "round_robin_memory"}),
        (2, StoryCode.PASSED_OVER, None, {"agents": [[luis, "paused"]], "more": 3}),
        (2, StoryCode.LEG_MADE, ana, {"leg": 1}),
        (1_000, StoryCode.LEG_POP_NOT_SHOWN, ana, {"leg": 1}),
        (5_000, StoryCode.LEG_ANSWERED, ana, {"leg": 1}),
        (66_000, StoryCode.CALLER_LEFT, None, {"cause": 127}),
        (66_010, StoryCode.CLOSED, ana, {"outcome": "answered", "reason": "caller_hung_up", "cause": 16}),
    ]
    stories.write_events(
        database,
        [CallEvent(CALL, n, AT + at, code, who, detail) for n, (at, code, who, detail) in enumerate(entries, 1)],
    )
    thing = ReapedThing(AT + 90_000, f"{CALL}.agent.1", "channel", CALL, ReapReason.ITS_CALL_IS_CLOSED)
    stories.write_reaped(database, [thing])
    return ana, luis


def text(page: object) -> str:
    return " ".join(page.get_data(as_text=True).split())  # type: ignore[attr-defined]


def test_the_story_in_spanish(app: Flask, database: Database) -> None:
    told(database)
    page = Browser(app, Role.SUPERVISOR).get(PAGE)
    assert page.status_code == 200
    shown = text(page)
    for said in (
        "Entra una llamada de 8888 7777 al 4000 4000, de Soporte.",
        "Reparto: Por turno, con memoria.",
        "<b>Luis</b> en pausa",
        "y 3 más",
        "no confirmó la ficha a tiempo",
        "Contesta Ana &lt;b&gt;Mora&lt;/b&gt;.",
        "Quien llamaba colgó [Q.850 127: sin causa indicada].",
        "Terminó: contestada, colgó quien llamaba.",
        "+5 s",
        "su llamada ya estaba cerrada",
    ):
        assert said in shown, said
    assert "1:01 de conversación: 2 × ₡35,50 por minuto (lo empezado cuenta entero) = ₡71,00" in shown


def test_the_story_in_english(app: Flask, database: Database) -> None:
    told(database)
    shown = text(Browser(app, Role.ADMINISTRATOR, language="en").get(PAGE))
    for said in ("Explain this call", "A call from", "Distribution: ", "<b>Luis</b> paused", "and 3 more", "answers."):
        assert said in shown, said
    for word in ("Entra una", "Contesta ", "Terminó", "de conversación"):
        assert word not in shown, word


def test_nothing_of_a_story_is_markup(app: Flask, database: Database) -> None:
    told(database, evil="<script>alert(1)</script>")
    shown = text(Browser(app, Role.ADMINISTRATOR).get(PAGE))
    assert "<script>alert(1)" not in shown
    assert "&lt;script&gt;" in shown


def test_who_may(app: Flask, database: Database) -> None:
    told(database)
    assert Browser(app, Role.AGENT).get(PAGE).status_code == 403
    assert app.test_client().get(PAGE).status_code in (302, 401)


def test_a_call_that_is_not_there(app: Flask, database: Database) -> None:
    admin = Browser(app, Role.ADMINISTRATOR)
    for call in ("nothing", "x" * 500, "%27%20OR%201=1"):
        assert admin.get(f"/historial-de-llamadas/{call}/explicar").status_code == 404


def test_a_call_without_a_story_says_so(app: Flask, database: Database) -> None:
    cdr.open_calls(database, [CallRecord(CALL, Direction.INBOUND, "40004000", "", AT)])
    shown = text(Browser(app, Role.ADMINISTRATOR).get(PAGE))
    assert "no se guardó el relato" in shown


def test_every_call_of_the_demonstration_explains_itself(on_both: Flask) -> None:
    admin = Browser(on_both, Role.ADMINISTRATOR)
    assert "Explicar esta llamada" in text(admin.get("/historial-de-llamadas/"))
    with on_both.app_context():
        inbound = [row.id for row in tables.Call.select().where(tables.Call.direction == Direction.INBOUND).limit(12)]
    for call in inbound:
        page = admin.get(f"/historial-de-llamadas/{call}/explicar")
        assert page.status_code == 200
