"""The English catalogue is whole, compiled, and its texts fit those of the code."""

from __future__ import annotations

import re

import pytest
from flask_babel import Locale

from admin import catalogue
from admin.problems import TEXTS
from admin.words import LABELS
from models.values.errors import MESSAGES

PLACES = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


def test_every_text_has_its_english() -> None:
    known = {message.id for message in catalogue.read()}
    missing = [message.id for message in catalogue.template() if message.id and message.id not in known]
    assert missing == [], "python -m admin.catalogue"
    assert catalogue.untranslated(catalogue.read()) == []


def test_nothing_is_left_of_texts_that_are_gone() -> None:
    wanted = {message.id for message in catalogue.template()}
    assert [message.id for message in catalogue.read() if message.id not in wanted] == []


def test_the_compiled_one_is_of_this_one() -> None:
    assert catalogue.MO.read_bytes() == catalogue.compiled(catalogue.read()), "python -m admin.catalogue"


def test_the_places_are_the_same() -> None:
    for message in catalogue.read():
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        for text in texts:
            assert set(PLACES.findall(text)) == set(PLACES.findall(ids[-1])), ids


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_every_problem_has_words_that_use_what_it_carries(code: str) -> None:
    carried = set(re.findall(r"\{(\w+)[!}]", MESSAGES[code].replace("{{", "").replace("}}", "")))
    said = {name for name, _other in PLACES.findall(str(TEXTS[code]._args[0])) if name}
    assert said <= carried | {"name"}


def test_every_member_of_every_enum_has_words() -> None:
    for enum, words in LABELS.items():
        assert set(words) == set(enum), enum


def test_babel_knows_the_languages() -> None:
    assert Locale.parse("es_CR").language == "es"
