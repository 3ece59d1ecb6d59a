"""Tickets at the desk: who sees which, what is changed and what is not, files; on both databases."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from admin.documents import MAX_ATTACHMENT
from models import files
from models.tables import (
    Agent,
    AgentGroup,
    AgentGroupMember,
    Attachment,
    AuditEntry,
    Contact,
    IpRule,
    Ticket,
    TicketAttachment,
    TicketFile,
    TicketMessage,
    TicketPriority,
    TicketState,
    database,
    epoch_ms,
    now,
)
from models.values.call import Outcome, Role

LogIn = Callable[..., Any]
SCRIPT = b"<!doctype html><script>alert(1)</script>"


@pytest.fixture
def workshop(agent: Any) -> AgentGroup:
    """A group of Ana and Beto; Caro is in none."""
    group = AgentGroup.create(name="Taller")
    for name in ("Ana", "Beto"):
        AgentGroupMember.create(group=group, agent=agent(name))
    return group


def subjects(browser: Any, **asked: str) -> list[str]:
    answer = browser.get("/desk/tickets", query_string=asked)
    assert answer.status_code == 200
    return [row["subject"] for row in answer.json["tickets"]]


def waiting(browser: Any) -> int:
    return int(browser.get("/desk/tickets").json["waiting"])


def opened(browser: Any, ticket: Ticket) -> dict[str, Any]:
    answer = browser.get(f"/desk/tickets/{ticket.id}")
    assert answer.status_code == 200
    return dict(answer.json["ticket"])


def upload(browser: Any, ticket: Ticket, content: bytes, name: str = "foto.png") -> TestResponse:
    return browser.post(f"/desk/tickets/{ticket.id}/files", data={"file": (io.BytesIO(content), name)})


# ---------------------------------------------------------------- who sees which
def test_an_agent_sees_their_own_their_groups_and_those_they_wrote(
    log_in: LogIn, agent: Any, workshop: AgentGroup
) -> None:
    other = AgentGroup.create(name="Ventas")
    rows = {
        "de Ana": Ticket.create(subject="de Ana", agent=agent("Ana")),
        "del taller": Ticket.create(subject="del taller", group=workshop),
        "del taller, de Beto": Ticket.create(subject="del taller, de Beto", group=workshop, agent=agent("Beto")),
        "de Caro": Ticket.create(subject="de Caro", agent=agent("Caro")),
        "de Caro, por Ana": Ticket.create(subject="de Caro, por Ana", agent=agent("Caro"), author=agent("Ana")),
        "de ventas": Ticket.create(subject="de ventas", group=other),
        "de nadie": Ticket.create(subject="de nadie"),
    }
    ana, caro = log_in("Ana"), log_in("Caro")
    seen = {"de Ana", "del taller", "del taller, de Beto", "de Caro, por Ana"}
    assert set(subjects(ana)) == seen
    assert set(subjects(ana, scope="mine")) == {"de Ana"}
    assert set(subjects(ana, scope="groups")) == {"del taller", "del taller, de Beto"}
    assert set(subjects(caro)) == {"de Caro", "de Caro, por Ana"}
    for name, row in rows.items():
        expected = 200 if name in seen else 404
        assert ana.get(f"/desk/tickets/{row.id}").status_code == expected
    before = list(Ticket.select().order_by(Ticket.id).dicts())
    hidden = rows["de ventas"].id
    for path, body in (
        ("", {"seen": "x", "subject": "y"}), ("/take", {}), ("/messages", {"text": "y"}), ("/read", {"at": 1}),
        ("/documents", {"add": 1}),
    ):  # fmt: skip
        assert ana.post(f"/desk/tickets/{hidden}{path}", json=body).status_code == 404
    assert upload(ana, rows["de ventas"], b"x").status_code == 404
    assert ana.get(f"/desk/tickets/{2**70}").status_code == 404
    assert list(Ticket.select().order_by(Ticket.id).dicts()) == before
    assert not TicketMessage.select().exists()


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_supervisors_and_administrators_see_all(log_in: LogIn, role: Role) -> None:
    Ticket.create(subject="de nadie")
    Agent.update(role=role).where(Agent.name == "Ana").execute()
    assert subjects(log_in("Ana")) == ["de nadie"]


def test_nothing_from_an_address_that_is_not_allowed(log_in: LogIn, agent: Any) -> None:
    row = Ticket.create(subject="de Ana", agent=agent("Ana"))
    IpRule.create(address="10.0.0.0", mask="255.0.0.0", network="10.0.0.0/8")
    allowed = log_in("Ana", REMOTE_ADDR="10.1.2.3")
    assert allowed.get(f"/desk/tickets/{row.id}").status_code == 200
    allowed.client.environ_base["REMOTE_ADDR"] = "203.0.113.9"
    assert allowed.get(f"/desk/tickets/{row.id}").status_code == 403
    assert allowed.get("/desk/tickets").status_code == 401, "the session ended with it"


# ---------------------------------------------------------------- the list
def test_what_is_due_first_is_first_then_the_priority(log_in: LogIn, agent: Any) -> None:
    me, at = agent("Ana"), now()
    for subject, due, priority in (
        ("sin fecha, baja", None, TicketPriority.LOW),
        ("sin fecha, urgente", None, TicketPriority.URGENT),
        ("mañana", at + timedelta(days=1), TicketPriority.LOW),
        ("ayer", at - timedelta(days=1), TicketPriority.NORMAL),
        ("ayer, urgente", at - timedelta(days=1), TicketPriority.URGENT),
    ):
        Ticket.create(subject=subject, agent=me, due_at=due, priority=priority)
    Ticket.create(subject="resuelto", agent=me, due_at=at - timedelta(days=2), state=TicketState.SOLVED)
    ana = log_in("Ana")
    assert subjects(ana) == ["ayer, urgente", "ayer", "mañana", "sin fecha, urgente", "sin fecha, baja"]
    assert subjects(ana, sort="priority")[:2] == ["ayer, urgente", "sin fecha, urgente"]
    assert subjects(ana, sort="change")[0] == "ayer, urgente"
    assert subjects(ana, state="solved") == ["resuelto"]
    assert len(subjects(ana, state="all")) == 6
    assert subjects(ana, priority="urgent") == ["ayer, urgente", "sin fecha, urgente"]
    marked = {row["subject"]: row["overdue"] for row in ana.get("/desk/tickets?state=all").json["tickets"]}
    assert [subject for subject, overdue in marked.items() if overdue] == ["ayer, urgente", "ayer"]


def test_words_are_found_without_case_and_accents_also_the_contacts(log_in: LogIn, agent: Any) -> None:
    contact = Contact.create(name="Íñigo Núñez", phone="88881234", phone_key="+50688881234")
    Ticket.create(subject="Módem DAÑADO", text="Cambiar el cable", agent=agent("Ana"))
    Ticket.create(subject="Otra cosa", agent=agent("Ana"), contact=contact)
    ana = log_in("Ana")
    assert subjects(ana, q="danado modem") == ["Módem DAÑADO"]
    assert subjects(ana, q="CABLE") == ["Módem DAÑADO"]
    assert subjects(ana, q="nunez inigo") == ["Otra cosa"]
    assert subjects(ana, q="nada así") == []
    assert subjects(ana, q="%' OR 1=1 --\x00", sort="; DROP", state="x", scope="y", page="-1") == []


def test_pages(log_in: LogIn, agent: Any) -> None:
    for number in range(27):
        Ticket.create(subject=f"n {number:02d}", agent=agent("Ana"))
    ana = log_in("Ana")
    first, last = (ana.get(f"/desk/tickets?page={page}").json for page in (1, 99))
    assert (len(first["tickets"]), first["total"], first["page"], first["pages"]) == (25, 27, 1, 2)
    assert ([row["subject"] for row in last["tickets"]], last["page"]) == (["n 25", "n 26"], 2)


def test_the_badge_counts_mine_and_what_is_new_to_me(log_in: LogIn, agent: Any, workshop: AgentGroup) -> None:
    ana, beto = log_in("Ana"), log_in("Beto")
    row = Ticket.create(subject="del taller", group=workshop, author=agent("Caro"))
    Ticket.create(subject="resuelto", group=workshop, state=TicketState.SOLVED)
    assert (waiting(ana), waiting(beto)) == (1, 1)
    at = epoch_ms(Ticket.get_by_id(row.id).updated_at)
    assert ana.post(f"/desk/tickets/{row.id}/read", json={"at": at}).json["waiting"] == 0
    assert (waiting(ana), waiting(beto)) == (0, 1)
    assert [one["unread"] for one in ana.get("/desk/tickets").json["tickets"]] == [False]
    # Read as it was: what comes after is new again, and nobody has to read their own words.
    assert beto.post(f"/desk/tickets/{row.id}/messages", json={"text": "Voy yo."}).status_code == 201
    assert (waiting(ana), waiting(beto)) == (1, 0)
    ana.post(f"/desk/tickets/{row.id}/read", json={"at": at})
    assert waiting(ana) == 1, "an old page has not seen the new message"
    beto.post(f"/desk/tickets/{row.id}/take", json={})
    assert (waiting(ana), waiting(beto)) == (0, 1), "a colleague has it"


# ---------------------------------------------------------------- create and change
def test_a_ticket_of_a_call_with_its_contact(log_in: LogIn, agent: Any, record: Any, workshop: AgentGroup) -> None:
    contact = Contact.create(name="Beatriz", phone="88881234", phone_key="+50688881234")
    record("c-1", "Ana", contact_id=contact.id)
    ana, due = log_in("Ana"), now() + timedelta(hours=3)
    fields = {
        "subject": "  Módem dañado ", "text": "Uno\r\ndos", "priority": "high", "contact": str(contact.id),
        "call": "c-1",
        "group": str(workshop.id), "due_at": str(epoch_ms(due)),
    }  # fmt: skip
    answer = ana.post("/desk/tickets", json=fields)
    assert answer.status_code == 201
    told = answer.json["ticket"]
    assert (told["contact"]["name"], told["call"]["call_id"], told["call"]["mine"]) == ("Beatriz", "c-1", True)
    row = Ticket.get_by_id(told["id"])
    assert (row.subject, row.text, row.priority, row.author.name) == ("Módem dañado", "Uno\ndos", "high", "Ana")
    assert (row.group_id, row.call_id, row.due_at, row.agent_id) == (workshop.id, "c-1", due, None)
    entry = AuditEntry.select().where(AuditEntry.section == "tickets").get()
    assert (entry.act, entry.who, entry.row_key) == ("create", "Ana", str(row.id))
    pressing = ana.get(f"/desk/tickets/of-contact/{contact.id}").json
    assert ([one["id"] for one in pressing["tickets"]], pressing["count"], pressing["others"]) == ([row.id], 1, 0)
    hidden = log_in("Caro").get(f"/desk/tickets/of-contact/{contact.id}").json
    assert (hidden["tickets"], hidden["count"], hidden["others"]) == ([], 1, 1)


def test_a_call_must_be_there_and_ones_own(log_in: LogIn, record: Any) -> None:
    record("de-beto", "Beto")
    record("en-curso", None, outcome=Outcome.IN_PROGRESS)
    ana = log_in("Ana")
    for call, status in (("no-hay", 409), ("de-beto", 403), ("en-curso", 201)):
        assert ana.post("/desk/tickets", json={"subject": "x", "call": call}).status_code == status
    assert Ticket.select().count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"subject": "  "}, "subject"),
        ({"subject": "x" * 201}, "subject"),
        ({"subject": "x", "text": "x" * 20_001}, "text"),
        ({"subject": "a\x00b"}, "subject"),
        ({"subject": "x", "state": "gone"}, "state"),
        ({"subject": "x", "priority": "1"}, "priority"),
        ({"subject": "x", "agent": "999"}, "agent"),
        ({"subject": "x", "group": "no"}, "group"),
        ({"subject": "x", "contact": "999999999999999999999"}, "contact"),
        ({"subject": "x", "due_at": "mañana"}, "due_at"),
        ({"subject": "x", "due_at": "99999999999999"}, "due_at"),
    ],
)
def test_bad_input_is_told_beside_its_field_and_nothing_is_saved(
    log_in: LogIn, fields: dict[str, str], field: str
) -> None:
    answer = log_in("Ana").post("/desk/tickets", json=fields)
    assert answer.status_code == 422
    assert set(answer.json["errors"]) == {field}
    assert not Ticket.select().exists()


def test_asked_twice_it_is_one_ticket(log_in: LogIn) -> None:
    """The answer was lost, or somebody clicked twice; what they typed since is theirs to save."""
    ana, key = log_in("Ana"), "9b2f6c1e-0001"
    first = ana.post("/desk/tickets", json={"subject": "Módem", "key": key})
    again = ana.post("/desk/tickets", json={"subject": "Módem y cable", "key": key})
    assert (first.status_code, again.status_code, again.json["again"]) == (201, 200, True)
    assert again.json["ticket"]["id"] == first.json["ticket"]["id"]
    assert [row.subject for row in Ticket.select()] == ["Módem"]
    assert AuditEntry.select().where(AuditEntry.section == "tickets").count() == 1
    # Another key is another ticket, and so is another person's same key; without one each request is its own.
    for browser, body in ((ana, {"key": "9b2f6c1e-0002"}), (log_in("Beto"), {"key": key}), (ana, {}), (ana, {})):
        assert browser.post("/desk/tickets", json={"subject": "Otro", **body}).status_code == 201
    assert Ticket.select().count() == 5


def test_asked_twice_it_is_one_message(log_in: LogIn, agent: Any) -> None:
    ana = log_in("Ana")
    row, other = (Ticket.create(subject=name, agent=agent("Ana")) for name in ("uno", "dos"))
    said = {"text": "Voy mañana.", "key": "9b2f6c1e-0003"}
    answers = [ana.post(f"/desk/tickets/{row.id}/messages", json=said) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert [len(answer.json["ticket"]["thread"]) for answer in answers] == [1, 1]
    assert AuditEntry.select().where(AuditEntry.act == "message").count() == 1
    assert ana.post(f"/desk/tickets/{other.id}/messages", json={**said, "key": "9b2f6c1e-0004"}).status_code == 201


@pytest.mark.parametrize("what", ["ticket", "message"])
def test_asked_twice_at_the_same_moment(log_in: LogIn, agent: Any, what: str) -> None:
    row = Ticket.create(subject="x", agent=agent("Ana"))
    path, body = {
        "ticket": ("/desk/tickets", {"subject": "Módem"}),
        "message": (f"/desk/tickets/{row.id}/messages", {"text": "Voy"}),
    }[what]
    browsers = [log_in("Ana") for _ in range(4)]
    tokens = [browser.get("/desk/csrf").json["csrf"] for browser in browsers]
    together, told = threading.Barrier(len(browsers)), []

    def ask(place: int) -> None:
        together.wait()
        answer = browsers[place].post(path, json={**body, "key": "9b2f6c1e-0005"}, csrf=tokens[place])
        told.append(answer.status_code)
        database.close()

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(browsers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [200, 200, 200, 201]
    assert Ticket.select().where(Ticket.subject == "Módem").count() == (what == "ticket")
    assert TicketMessage.select().count() == (what == "message")


@pytest.mark.parametrize("key", ["", "x", "á" * 20, "x" * 65, "'; drop", None])
def test_what_is_no_key_is_none(log_in: LogIn, key: Any) -> None:
    ana = log_in("Ana")
    status = 400 if key is None else 201  # the fields of the page are texts
    assert ana.post("/desk/tickets", json={"subject": "x", "key": key}).status_code == status
    assert not Ticket.select().where(Ticket.key.is_null(False)).exists()


@pytest.mark.parametrize("body", [[], "x", {"subject": 1}, {"author": "1"}, {"subject": "x", "seen": "y"}])
def test_what_the_page_does_not_send_is_refused(log_in: LogIn, body: Any) -> None:
    ana = log_in("Ana")
    assert ana.post("/desk/tickets", json=body).status_code == 400
    assert ana.post("/desk/tickets", json={"subject": "x"}, csrf="").status_code == 400
    assert ana.post("/desk/tickets", data="{").status_code == 415
    assert not Ticket.select().exists()


def test_two_people_at_one_ticket_nothing_is_overwritten(log_in: LogIn, agent: Any, workshop: AgentGroup) -> None:
    row = Ticket.create(subject="Módem", text="viejo", group=workshop)
    ana, beto = log_in("Ana"), log_in("Beto")
    path, seen = f"/desk/tickets/{row.id}", opened(ana, row)["seen"]
    assert beto.post(path, json={"seen": seen, "priority": "urgent"}).status_code == 200
    answer = ana.post(path, json={"seen": seen, "text": "nuevo"})
    assert (answer.status_code, answer.json["error"]) == (409, "changed")
    assert answer.json["ticket"]["fields"]["priority"] == "urgent"
    assert Ticket.get_by_id(row.id).text == "viejo"
    again = ana.post(path, json={"seen": answer.json["ticket"]["seen"], "text": "nuevo"})
    assert again.status_code == 200
    saved = Ticket.get_by_id(row.id)
    assert (saved.text, saved.priority) == ("nuevo", "urgent")
    # What is said meanwhile is no change of the ticket.
    beto.post(f"{path}/messages", json={"text": "hola"})
    solved = ana.post(path, json={"seen": again.json["ticket"]["seen"], "state": "solved"})
    assert solved.status_code == 200
    assert Ticket.get_by_id(row.id).solved_at is not None


def test_who_gives_a_ticket_away_sees_it_no_more(log_in: LogIn, agent: Any) -> None:
    row = Ticket.create(subject="Módem", agent=agent("Ana"))
    ana = log_in("Ana")
    answer = ana.post(
        f"/desk/tickets/{row.id}", json={"seen": opened(ana, row)["seen"], "agent": str(agent("Caro").id)}
    )
    assert (answer.status_code, answer.json) == (200, {"ticket": None, "waiting": 0})
    assert opened(log_in("Caro"), row)["agent"]["name"] == "Caro"


def test_of_two_who_take_a_ticket_one_has_it(log_in: LogIn, agent: Any, workshop: AgentGroup) -> None:
    row = Ticket.create(subject="Módem", group=workshop)
    browsers = {"Ana": log_in("Ana"), "Beto": log_in("Beto")}
    tokens = {name: one.get("/desk/csrf").json["csrf"] for name, one in browsers.items()}
    gate, answers = threading.Barrier(2), {}

    def take(name: str) -> None:
        gate.wait(10)
        answers[name] = browsers[name].post(f"/desk/tickets/{row.id}/take", json={}, csrf=tokens[name])

    threads = [threading.Thread(target=take, args=(name,)) for name in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    by_status = {answer.status_code: name for name, answer in answers.items()}
    assert set(by_status) == {200, 409}
    winner, late = by_status[200], by_status[409]
    assert answers[late].json == {"error": "taken", "by": winner}
    assert Ticket.get_by_id(row.id).agent.name == winner
    assert browsers[winner].post(f"/desk/tickets/{row.id}/take", json={}).status_code == 200, "again is no harm"
    assert [entry.act for entry in AuditEntry.select().where(AuditEntry.section == "tickets")] == ["take"]
    database.obj.close()


# ---------------------------------------------------------------- the thread
def test_the_thread_is_in_order_with_authors_and_what_is_for_whom(
    log_in: LogIn, agent: Any, workshop: AgentGroup
) -> None:
    row = Ticket.create(subject="Módem", group=workshop)
    ana, beto = log_in("Ana"), log_in("Beto")
    ana.post(f"/desk/tickets/{row.id}/messages", json={"text": " Llamé.\r\nNo está. "})
    beto.post(f"/desk/tickets/{row.id}/messages", json={"text": "<img src=x onerror=alert(1)>", "internal": False})
    thread = opened(ana, row)["thread"]
    assert [(one["author"], one["mine"], one["text"], one["internal"]) for one in thread] == [
        ("Ana", True, "Llamé.\nNo está.", True),
        ("Beto", False, "<img src=x onerror=alert(1)>", False),
    ]
    for body, status in (({"text": " "}, 422), ({"text": "x" * 20_001}, 422), ({"text": "x", "internal": 1}, 400)):
        assert ana.post(f"/desk/tickets/{row.id}/messages", json=body).status_code == status
    assert TicketMessage.select().count() == 2


def test_a_long_thread_comes_in_parts(log_in: LogIn, agent: Any) -> None:
    row = Ticket.create(subject="Módem", agent=agent("Ana"))
    for number in range(103):
        TicketMessage.create(ticket=row, text=str(number))
    ana = log_in("Ana")
    told = opened(ana, row)
    assert ([one["text"] for one in told["thread"]][::99], told["earlier"]) == (["3", "102"], 3)
    whole = ana.get(f"/desk/tickets/{row.id}?thread=all").json["ticket"]
    assert (len(whole["thread"]), whole["earlier"]) == (103, 0)


# ---------------------------------------------------------------- documents and files
def test_documents_that_the_agent_may_see_and_no_others(log_in: LogIn, agent: Any, tmp_path: Any) -> None:
    row = Ticket.create(subject="Módem", agent=agent("Ana"))
    prices, secret = (
        Attachment.create(filename=name, mime="text/plain", size=1, sha256="0" * 64, private=private)
        for name, private in (("precios.txt", False), ("secreto.txt", True))
    )
    TicketAttachment.create(ticket=row, attachment=secret)
    ana = log_in("Ana")
    assert [one["filename"] for one in ana.get("/desk/tickets/choices").json["documents"]] == ["precios.txt"]
    assert opened(ana, row)["documents"] == []
    path = f"/desk/tickets/{row.id}/documents"
    assert ana.post(path, json={"add": secret.id}).status_code == 422
    answer = ana.post(path, json={"add": prices.id})
    assert [one["url"] for one in answer.json["ticket"]["documents"]] == [f"/adjuntos/{prices.id}/descargar"]
    ana.post(path, json={"add": prices.id})
    ana.post(path, json={"remove": secret.id})
    kept = {link.attachment_id for link in TicketAttachment.select()}
    assert kept == {prices.id, secret.id}, "twice is once, and what they do not see they do not take away"
    assert ana.post(path, json={"remove": prices.id}).json["ticket"]["documents"] == []
    assert ana.post(path, json={"add": "1"}).status_code == 400


def test_a_file_from_the_disk_stays_with_its_ticket_and_never_runs(
    log_in: LogIn, agent: Any, workshop: AgentGroup, tmp_path: Any
) -> None:
    row = Ticket.create(subject="Módem", group=workshop)
    ana, beto, caro = log_in("Ana"), log_in("Beto"), log_in("Caro")
    told = upload(ana, row, SCRIPT, "/tmp/fotos/niña.png").json["ticket"]["files"]
    assert [(one["filename"], one["author"], one["may_remove"]) for one in told] == [("niña.png", "Ana", True)]
    kept = TicketFile.get()
    assert (kept.mime, kept.size) == ("text/html", len(SCRIPT)), "the type is what the content says"
    assert not Attachment.select().exists()
    got = beto.get(told[0]["url"])
    assert (got.status_code, got.data) == (200, SCRIPT)
    assert got.headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in got.headers["Content-Security-Policy"]
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert caro.get(told[0]["url"]).status_code == 404
    elsewhere = Ticket.create(subject="de Caro", agent=agent("Caro"))
    assert caro.get(f"/desk/tickets/{elsewhere.id}/files/{kept.id}").status_code == 404

    assert beto.post(f"{told[0]['url']}/remove", json={}).status_code == 403
    path = files.path_of(tmp_path, str(kept.sha256))
    other = TicketFile.create(ticket=elsewhere, filename="igual.html", mime="text/html", size=1, sha256=kept.sha256)
    assert ana.post(f"{told[0]['url']}/remove", json={}).json["ticket"]["files"] == []
    assert path.is_file(), "another row has the same bytes"
    assert caro.post(f"/desk/tickets/{elsewhere.id}/files/{other.id}/remove", json={}).status_code == 403
    Agent.update(role=Role.SUPERVISOR).where(Agent.name == "Caro").execute()
    assert caro.post(f"/desk/tickets/{elsewhere.id}/files/{other.id}/remove", json={}).status_code == 200
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [(b"", "a.txt", "vacío"), (b"x" * (MAX_ATTACHMENT + 1), "a.txt", "15 MB"), (b"x", "n" * 201, "200")],
    ids=["empty", "too large", "a long name"],
)
def test_a_file_that_is_not_taken_is_told_why(log_in: LogIn, agent: Any, content: bytes, name: str, said: str) -> None:
    row = Ticket.create(subject="Módem", agent=agent("Ana"))
    answer = upload(log_in("Ana"), row, content, name)
    assert answer.status_code == 422
    assert said in answer.json["errors"]["files"]
    assert not TicketFile.select().exists()


def test_contacts_for_the_field_of_a_new_ticket(log_in: LogIn) -> None:
    for name in ("Íñigo Núñez", "Iñaki Soto"):
        Contact.create(name=name, phone="88881234")
    ana = log_in("Ana")
    assert [one["name"] for one in ana.get("/desk/tickets/contacts?q=inigo").json["contacts"]] == ["Íñigo Núñez"]
    assert len(ana.get("/desk/tickets/contacts?q=8888").json["contacts"]) == 2
    assert ana.get("/desk/tickets/contacts?q=i").json["contacts"] == []
