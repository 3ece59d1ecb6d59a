"""SMS: how a text is counted and cut (3GPP TS 23.038), which state follows which, the words, the templates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.errors import InvalidValue
from models.values.sms import BASIC, EXTENSION, FORWARD, Encoding, MessageState, segments
from models.values.sms_words import Wish, check_template, fill, wish_of


def test_the_alphabet_has_its_places() -> None:
    """128 places of which one is the escape; TS 23.038 section 6.2.1."""
    assert len(BASIC) == 127
    assert len(EXTENSION) == 10
    assert not BASIC & EXTENSION


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count", "left"),
    [
        ("", "gsm7", 0, 0, 160),
        ("Hola", "gsm7", 4, 1, 156),
        ("¿Te llamo, señor Muñoz?", "gsm7", 23, 1, 137),
        ("é" * 160, "gsm7", 160, 1, 0),
        ("a" * 161, "gsm7", 161, 2, 145),
        ("a" * 306, "gsm7", 306, 2, 0),
        ("a" * 307, "gsm7", 307, 3, 152),
        ("€" * 80, "gsm7", 160, 1, 0),
        ("€" * 81, "gsm7", 162, 2, 143),  # 76 of them in the first part: an escape is not parted from its character
        ("ó", "ucs2", 1, 1, 69),
        ("ó" * 70, "ucs2", 70, 1, 0),
        ("ó" * 71, "ucs2", 71, 2, 63),
        ("ó" * 134, "ucs2", 134, 2, 0),
        ("😀" * 35, "ucs2", 70, 1, 0),
        ("😀" * 36, "ucs2", 72, 2, 61),  # 33 in the first part: a surrogate pair is not parted
        ("[x]", "gsm7", 5, 1, 155),
        ("`", "ucs2", 1, 1, 69),
    ],
)
def test_counting(text: str, encoding: str, units: int, count: int, left: int) -> None:
    told = segments(text)
    assert (told.encoding, told.units, told.count, told.left) == (encoding, units, count, left)


def test_which_characters_make_it_ucs2() -> None:
    assert segments("Mañana a las 3, ¿está bien? Sí, está").odd == "áí"
    assert segments("Mañana a las 3, ¿te parece?").odd == ""


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("€[]{}^~|\\😀aó"), max_size=800))
def test_no_part_is_too_long_and_none_could_take_more(text: str) -> None:
    told = segments(text)
    assert "".join(told.parts) == text

    def size(part: str) -> int:
        if told.encoding is Encoding.UCS2:
            return len(part.encode("utf-16-le")) // 2
        return len(part) + sum(one in EXTENSION for one in part)

    room = (160 if told.encoding is Encoding.GSM7 else 70) if told.count < 2 else (153 if not told.odd else 67)
    assert all(0 < size(part) <= room for part in told.parts)
    for part, following in zip(told.parts, told.parts[1:], strict=False):
        assert size(part + following[0]) > room
    assert told.units == sum(map(size, told.parts))
    if told.parts:
        assert told.left == room - size(told.parts[-1])


def test_states_move_forward_alone() -> None:
    order = [
        MessageState.QUEUED, MessageState.SENDING, MessageState.UNSURE, MessageState.SENT, MessageState.FAILED,
        MessageState.DELIVERED,
    ]  # fmt: skip
    for state, before in FORWARD.items():
        assert all(order.index(one) < order.index(state) for one in before)
    assert MessageState.RECEIVED not in FORWARD
    # Nothing that may have gone out is taken to be sent once more.
    assert FORWARD[MessageState.SENDING] == {MessageState.QUEUED}


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("BAJA", Wish.OUT), (" baja. ", Wish.OUT), ("¡Alto!", Wish.OUT), ("Stop", Wish.OUT), ("cancelar", Wish.OUT),
        ("BÁJA", Wish.OUT), ("alta", Wish.IN), ("START", Wish.IN), ("de baja", None), ("baja por favor", None),
        ("alto ahí", None), ("", None), ("bajad" + "a" * 100, None), ("Alta\r\n", Wish.IN),
    ],
)  # fmt: skip
def test_words_are_whole_messages(text: str, wish: Wish | None) -> None:
    found = wish_of(text)
    assert (found[0] if found else None) is wish


def test_templates() -> None:
    assert check_template("Hola {contact}, le escribe {agent}") == "Hola {contact}, le escribe {agent}"
    for wrong, code in (("{nombre}", "template_variable"), ("{contact", "url_braces"), ("}{", "url_braces")):
        with pytest.raises(InvalidValue) as refused:
            check_template(wrong)
        assert refused.value.code == code
    assert fill("Hola {contact}, soy {agent}", {"contact": "Ana", "agent": "Luis"}) == "Hola Ana, soy Luis"
    assert fill("Hola {contact} gracias", {}) == "Hola gracias"
    # What stands in a value is never a variable.
    assert fill("{contact} {agent}", {"contact": "{agent}", "agent": "Luis"}) == "{agent} Luis"
