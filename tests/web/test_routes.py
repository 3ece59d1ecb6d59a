"""Every route × every role: what each may, as a table. A route that is not in it fails.

s see · t take out (download) · c create · e edit · d delete; what a section has not, nobody may.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from web.browser import PASSWORD, Browser
from web.rows import everything
from web.test_web_security import path_of
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from models.values.call import Role

# Section: administrator, supervisor. An agent has none of them.
SECTIONS: dict[str, tuple[str, str]] = {
    "contacts": ("stced", "stce"),
    "calls": ("ste", "st"),
    "tickets": ("stce", "stce"),
    "voicemails": ("sted", "ste"),
    "callback_requests": ("ste", "ste"),
    "agents": ("stce", "st"),
    "agent_groups": ("stced", "st"),
    "call_centers": ("stced", "st"),
    "prompts": ("stced", "st"),
    "companies": ("stced", "st"),
    "attachments": ("stced", "st"),
    "additional_fields": ("stced", "st"),
    "dispositions": ("stced", "st"),
    "printers": ("stced", "st"),
    "print_jobs": ("ste", "se"),
    "forms": ("stced", "st"),
    "form_answers": ("ste", "st"),
    "logins": ("ste", "st"),
    "ip_rules": ("stced", ""),
    "destinations": ("stced", ""),
    "blocked_numbers": ("stced", ""),
    "sms_providers": ("stced", ""),
    "sms_templates": ("stced", "stce"),
    "sms_opt_outs": ("stce", "stce"),
    "api_tokens": ("stce", ""),
    "webhooks": ("stced", ""),
    "webhook_deliveries": ("ste", ""),
    "audit": ("ste", ""),
}
VIEWS = {
    "index_view": "s", "download": "t", "download_xlsx": "t", "create_view": "c", "edit_view": "e", "save_rows": "e",
    "move_view": "e", "deactivate_view": "e", "delete_view": "d",
}  # fmt: skip
# Every other route. A administrator, S supervisor, G agent, N nobody.
OTHERS: dict[str, str] = {
    "contacts.call_view": "AS",
    "contacts.campaign_view": "AS",
    "contacts.duplicates_view": "AS",
    "contacts.load_refused": "AS",
    "contacts.load_state": "AS",
    "contacts.load_template": "AS",
    "contacts.load_view": "AS",
    "contacts.loads_view": "AS",
    "contacts.merges_view": "AS",
    "calls.explain_view": "AS",
    "calls.recording_view": "AS",
    "calls.recording_download": "AS",
    "calls.recording_delete_view": "A",
    "voicemails.audio_view": "AS",
    "voicemails.heard_view": "AS",
    "callback_requests.done_view": "AS",
    "prompts.audio_view": "AS",
    "printers.preview_view": "AS",
    "printers.test_view": "A",
    "print_jobs.act_view": "AS",
    "print_jobs.ask_view": "AS",
    "print_jobs.last_view": "AS",
    "print_jobs.picture_view": "AS",
    "print_jobs.preview_view": "AS",
    "print_jobs.see_view": "AS",
    "print_jobs.sheet_view": "AS",
    "print_jobs.style_view": "AS",
    "form_answers.answer_view": "AS",
    "agents.invite_view": "A",
    "agents.secret_view": "A",
    "destinations.limits_view": "A",
    "destinations.release_view": "A",
    "api_tokens.revoke_view": "A",
    "sms_providers.secret_view": "A",
    "sms_opt_outs.lift_view": "AS",
    "sms.incoming": "",  # whoever signs with a provider's secret: test_sms_providers.py
    "sms.receipt": "",
    "webhooks.secret_view": "A",
    "webhooks.test_view": "A",
    "webhook_deliveries.see_view": "A",
    "webhook_deliveries.retry_view": "A",
    "api.docs": "NASG",
    "api.openapi": "NASG",
    "account_settings.index": "A",
    "home.index": "AS",
    "home.engine": "AS",
    "documents.attachment": "ASG",  # but for private ones: test_documents.py
    "documents.logo": "ASG",
    "documents.call_center_colors": "ASG",
    "desk.page": "ASG",
    "desk_prints.listing": "ASG",
    "desk_prints.decide": "ASG",  # one's own: tests/web/test_printing.py
    "desk_prints.print_call": "ASG",
    "desk_prints.sheet_page": "ASG",
    "desk_prints.sheet_style": "ASG",
    "desk.token": "ASG",
    "desk.csrf": "ASG",
    "desk.recent_calls": "ASG",
    "desk.call_targets": "ASG",
    "desk.companies": "ASG",
    "desk.call": "ASG",  # one's own: tests/web_desk
    "desk.save_call": "ASG",
    "tickets.message_view": "AS",
    "tickets.attach_view": "AS",
    "tickets.detach_view": "AS",
    "desk_tickets.listing": "ASG",  # one's own and one's groups': tests/web_desk/test_tickets.py
    "desk_tickets.waiting": "ASG",
    "desk_tickets.choices": "ASG",
    "desk_tickets.contacts": "ASG",
    "desk_tickets.of_contact": "ASG",
    "desk_tickets.one": "ASG",
    "desk_tickets.read": "ASG",
    "desk_tickets.create": "ASG",
    "desk_tickets.change": "ASG",
    "desk_tickets.take": "ASG",
    "desk_tickets.say": "ASG",
    "desk_tickets.documents": "ASG",
    "desk_tickets.bring": "ASG",
    "desk_tickets.download": "ASG",
    "desk_tickets.remove_file": "ASG",
    "desk.call_work": "ASG",
    "desk.choose_contact": "ASG",
    "desk_callbacks.due": "ASG",  # one's own and those of one's call centers: tests/web_desk/test_callbacks.py
    "desk_callbacks.listing": "ASG",
    "desk_callbacks.one": "ASG",
    "desk_callbacks.of_contact": "ASG",  # as the contact's card
    "desk_callbacks.change": "ASG",
    "desk.keep_draft": "ASG",
    "desk.discard": "ASG",
    "desk.add_file": "ASG",
    "desk.file": "ASG",
    "desk.change_file": "ASG",
    "desk.documents_offered": "ASG",  # but for private ones: tests/web_desk/test_files.py
    "messages.index_view": "AS",
    "desk_messages.listing": "ASG",  # what each may see of it: tests/web_desk/test_chat.py
    "desk_messages.with_number": "ASG",
    "desk_messages.thread": "ASG",
    "desk_messages.read": "ASG",
    "desk_messages.send": "ASG",
    "desk_messages.begin": "ASG",
    "desk_messages.again": "ASG",
    "desk_messages.opt_out": "ASG",
    "login.own_password": "ASG",
    "login.logout": "ASG",
    "login.login": "NASG",
    "login.log_in": "NASG",
    "login.invitation": "NASG",
    "login.choose_language": "NASG",
    "login.choose_appearance": "NASG",
    "static": "NASG",
    "home.static": "NASG",
    "desk.static": "NASG",
}
LETTERS = {None: "N", Role.ADMINISTRATOR: "A", Role.SUPERVISOR: "S", Role.AGENT: "G"}
# What the desk refuses for a reason of its own.
OWN_REASONS = {"no_phone", "not_yours", "not_yet"}


def who_may(endpoint: str) -> str | None:
    """The letters of those who may; None: the table does not say."""
    if endpoint in OTHERS:
        return OTHERS[endpoint]
    section, _, view = endpoint.partition(".")
    if section not in SECTIONS or view not in VIEWS:
        return None
    return "".join(letter for letter, acts in zip("AS", SECTIONS[section], strict=True) if VIEWS[view] in acts)


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    """The API's operations apart: they know tokens and no roles of a session (test_api.py)."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("api.") and rule.endpoint not in OTHERS:
            continue
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule


def is_refused(answer: TestResponse) -> bool:
    if answer.status_code in (401, 403):
        return not (answer.is_json and (answer.get_json() or {}).get("error") in OWN_REASONS)
    return answer.status_code == 302 and answer.headers["Location"].startswith(("/login", "/desk"))


def test_the_table_has_every_route(looking: Flask) -> None:
    missing = sorted({rule.endpoint for _method, rule in routes(looking) if who_may(rule.endpoint) is None})
    assert not missing, f"say in this table who may: {missing}"
    known = {rule.endpoint for _method, rule in routes(looking)}
    assert set(OTHERS) <= known
    assert {f"{section}.{view}" for section in SECTIONS for view in VIEWS} - known == {"agents.deactivate_view"}


@pytest.mark.parametrize("role", list(LETTERS), ids=["nobody", *Role])
def test_who_may_what(app: Flask, role: Role | None) -> None:
    """Asked on the server, with a valid token; whoever may not changes nothing."""
    letter = LETTERS[role]
    before = everything()
    token = None if role is None else Browser(app, role).token()
    assert token is None or token
    asked = {True: 0, False: 0}
    for method, rule in sorted(routes(app), key=lambda one: one[1].endpoint):
        may = letter in (who_may(rule.endpoint) or "")
        if may and ("N" in OTHERS.get(rule.endpoint, "") or (method == "POST" and rule.endpoint == "login.logout")):
            continue  # tests/web/test_login.py
        if may and method == "POST" and rule.endpoint.startswith("agents."):
            continue  # they would put out who asks: tests/web/test_save_people.py
        browser = Browser(app, role)
        sent = {"current": PASSWORD, "name": "x", "address": "10.0.0.1", "mask": "255.0.0.0"}
        answer = browser.get(path_of(rule)) if method == "GET" else browser.post(path_of(rule), sent)
        assert answer.status_code < 500
        assert is_refused(answer) is not may, (method, rule.endpoint, answer.status_code)
        asked[may] += 1
    if role in (None, Role.AGENT):
        assert everything() == before
        assert asked[False] > 220
    else:
        assert asked[True] > 90
