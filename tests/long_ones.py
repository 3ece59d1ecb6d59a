"""Which tests are marked `long`: left out of `make test-everyday`, run by `make test` and by CI.

Owns: the list, with what is still checked every day in its place. Must not: skip anything.
"""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parent

LONG = (
    # Every page and card in each width, language and colour scheme. Every day: the desk's page, pops, line and calls.
    "browser/test_accessibility.py",
    "browser/test_admin_pages.py",
    "browser/test_chat.py",
    "browser/test_contact_loads.py",
    "browser/test_desk_callbacks.py",
    "browser/test_desk_contact.py",
    "browser/test_desk_forms.py",
    "browser/test_desk_notes.py",
    "browser/test_desk_rooms.py",
    "browser/test_desk_states.py",
    "browser/test_desk_support.py",
    "browser/test_desk_tickets.py",
    "browser/test_edit_rows.py",
    "browser/test_print_pages.py",
    "browser/test_real_messages.py",
    "browser/test_softphone.py",
    "browser/test_softphone_devices.py",
    "browser/test_softphone_lost.py",
    "browser/test_softphone_talk.py",
    "browser/test_tour.py",
    # Calls that last. Every day: calls, what agents dial, phones, the configuration, the contract with ARI.
    "asterisk/test_agi.py",
    "asterisk/test_database_away.py",
    "asterisk/test_fallback.py",
    "asterisk/test_messages.py",
    "asterisk/test_phone_codes.py",
    "asterisk/test_queue_callback.py",
    "asterisk/test_queue_restart.py",
    "asterisk/test_resilience.py",
    "asterisk/test_transfers.py",
    "asterisk/test_transfers_outside.py",
    "asterisk/test_two_lines.py",
    # Each section of the web pressed, filtered and sorted in every way.
    "web/test_api_fuzz.py",
    "web/test_audit.py",
    "web/test_lists.py",
    "web/test_poisoned.py",
    "web/test_secciones.py",
    # A worker killed in the middle, a printer that is slow; a month of demonstration.
    "models_db/test_demo.py",
    "models_db/test_print_worker.py",
)


def pytest_configure() -> None:
    gone = [name for name in LONG if not (TESTS / name).exists()]
    if gone:
        raise pytest.UsageError(f"tests/long_ones.py names what is not there: {', '.join(gone)}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = {TESTS / name for name in LONG}
    known: dict[Path, bool] = {}
    for item in items:
        path = item.path
        if path not in known:
            known[path] = not long.isdisjoint((path, *path.parents))
        if known[path]:
            item.add_marker(pytest.mark.long)
