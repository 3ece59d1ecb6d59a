"""No branch of the core lacks a reason: whatever a story may say has words, and every code is told by something."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel
from simulation.run import simulate
from simulation.world import Tally

from admin import explaining, story_words, words
from ari_app.core import call as phases
from ari_app.core import commands as c
from ari_app.core import events as e
from ari_app.core import story
from models.tables import CallEvent
from models.values.call import LegKind, LegOutcome, Outcome, Strategy
from models.values.story import ReapReason, SkipReason, StoryCode

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "ari_app" / "core"
FAMILIES = (e.MediaNews, e.TalkRequest, e.QueueNews, e.OutboundNews)
WORDS = {
    "code": set(StoryCode),
    "skipped": set(story_words.SKIPS),
    "timer": set(story_words.TIMERS),
    "phase": set(story_words.PHASES),
    "what": {*story_words.HAPPENINGS, *story_words.ORDERS},
    "reason": set(words.REASONS),
    "outcome": {*(one.value for one in Outcome), *(one.value for one in LegOutcome)},
    "kind": set(story_words.STRETCHES),
    "strategy": {one.value for one in Strategy},
}


@pytest.fixture(scope="module")
def tally() -> Tally:
    tally, failures = simulate(range(1_000), 5_000)
    assert not failures, failures
    return tally


@pytest.fixture
def spanish() -> Iterator[Flask]:
    app = Flask(__name__)
    Babel(app, default_locale="es")
    with app.test_request_context():
        yield app


def test_whatever_was_told_of_thousands_of_calls_has_words(tally: Tally) -> None:
    missing = {(kind, word) for kind, word in tally.told if word not in WORDS[kind]}
    assert not missing, f"tell it in admin/story_words.py or admin/words.py: {missing}"
    # It would prove nothing if little had been told.
    told = {word for kind, word in tally.told if kind == "code"}
    assert told >= set(StoryCode) - {
        StoryCode.FROM_LOG,
        StoryCode.DEFECT,
        StoryCode.CUT_SHORT,
        StoryCode.CENTER_CHANGED,
    }
    assert len({word for kind, word in tally.told if kind == "reason"}) > 15
    assert {word for kind, word in tally.told if kind == "skipped"} >= {"paused", "on_another_call", "not_logged_in"}


@pytest.mark.parametrize("code", list(StoryCode))
def test_every_code_has_a_sentence(spanish: Flask, code: StoryCode) -> None:
    entry = CallEvent(code=code.value, agent_id=7, detail={"what": "Play", "timer": "ring", "phase": "Waiting"})
    said = explaining.sentence(entry, explaining.Names({7: "Ana"}))
    assert said.strip()
    assert not said.startswith(code.value), "a code is no sentence"


def test_what_another_version_told_is_shown_as_it_is(spanish: Flask) -> None:
    entry = CallEvent(code="teleported", detail={"to": "Mars"})
    assert "teleported" in explaining.sentence(entry, explaining.Names())


def test_every_code_is_told_by_some_branch() -> None:
    text = (CORE / "story.py").read_text()
    assert set(re.findall(r"StoryCode\.([A-Z_]+)", text)) >= {code.name for code in StoryCode}


def test_every_reason_for_passing_an_agent_over_has_words_and_is_given() -> None:
    assert set(story_words.SKIPS) == set(SkipReason)
    assert set(story_words.REAPED) == set(ReapReason)
    text = (CORE / "roster.py").read_text()
    given = set(re.findall(r"SkipReason\.([A-Z_]+)", text))
    by_state = {"PAUSED", "WRAP_UP", "OFFLINE", "RINGING", "TALKING"}  # a seat's state is its own reason
    assert given | by_state == {one.name for one in SkipReason}


def test_every_kind_of_leg_has_words() -> None:
    assert set(story_words.STRETCHES) == set(LegKind)


def _subclasses(of: type) -> Iterator[type]:
    for one in of.__subclasses__():
        yield one
        yield from _subclasses(one)


def test_every_event_is_told_in_words_or_told_by_what_it_changed() -> None:
    single = set(e.Event.__args__) - set(FAMILIES)
    events = {one.__name__ for one in single} | {sub.__name__ for family in FAMILIES for sub in _subclasses(family)}
    missing = events - {one.__name__ for one in story._SAID_OTHERWISE} - set(story_words.HAPPENINGS)
    assert not missing, f"say in story_words.HAPPENINGS what happened, or tell it otherwise in core/story.py: {missing}"


def test_every_command_has_words() -> None:
    kinds = set(c.SwitchCommand.__args__) | (set(c.Command.__args__) - story._UNHEARD)
    missing = {one.__name__ for one in kinds} - set(story_words.ORDERS)
    assert not missing, f"say in story_words.ORDERS what was ordered: {missing}"


def test_every_phase_has_words() -> None:
    assert {one.__name__ for one in phases.Call.__args__} <= set(story_words.PHASES)


def _timer_names() -> Iterator[str]:
    """The name, up to its first dot, of each timer that a module of the core sets."""
    for path in CORE.glob("*.py"):
        module = importlib.import_module(f"ari_app.core.{path.stem}")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "SetTimer":
                yield _value(module, node.args[0])


def _value(module: object, node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value).partition(".")[0]
    if isinstance(node, ast.Call):  # ring_timer(facts): its f-string begins with the name
        named: object = module
        for part in ast.unparse(node.func).split("."):
            named = getattr(named, part)
        source = Path(named.__code__.co_filename).read_text()  # type: ignore[attr-defined]
        found = re.search(rf"def {named.__name__}\(.*?return f?\"([a-z_]+)", source, re.S)  # type: ignore[attr-defined]
        assert found, f"what does {ast.unparse(node)} name its timer?"
        return found[1]
    value: object = module
    for part in ast.unparse(node).split("."):
        value = getattr(value, part)
    return str(value).partition(".")[0]


def test_every_timer_has_words() -> None:
    names = set(_timer_names())
    assert len(names) >= 7
    assert names <= set(story_words.TIMERS), "say in story_words.TIMERS what it means when it runs out"
