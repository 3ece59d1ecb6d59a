"""Every end has a reason, and every reason has words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from admin.words import REASONS
from models.values.reasons import CallReason, LegReason

CORE = Path(__file__).resolve().parents[2] / "ari_app" / "core"


@pytest.mark.parametrize("reason", [*CallReason, *(reason for reason in LegReason if reason)])
def test_every_reason_has_words(reason: CallReason | LegReason) -> None:
    assert str(REASONS[reason])


def test_every_reason_is_given_by_some_branch_of_the_engine() -> None:
    text = "".join(path.read_text() for path in [*CORE.glob("*.py"), CORE.parent / "runner.py"])
    used = set(re.findall(r"(?:Call|Leg)Reason\.([A-Z_]+)", text))
    assert used == {reason.name for reason in [*CallReason, *LegReason]}


def test_no_branch_gives_a_reason_of_its_own_making() -> None:
    for path in CORE.glob("*.py"):
        assert not re.search(r'reason=f?"', path.read_text()), path.name
