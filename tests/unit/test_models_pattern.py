"""Which call center answers which number."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.errors import InvalidValue
from models.values.pattern import NumberClaim, NumberTable, canonical_pattern, clean_pattern, problems_of


def table(*patterns: str, region: str = "CR") -> NumberTable:
    """The call center's id is the pattern's place, from 1."""
    return NumberTable.of([NumberClaim(text, at, f"cc{at}") for at, text in enumerate(patterns, 1)], region)


@pytest.mark.parametrize(
    "pattern", ["40004000", "+50640004000", "50640004000", "4000 4000", "+506 4000-4000", "0050640004000"]
)
@pytest.mark.parametrize("called", ["40004000", "+50640004000", "50640004000", "0050640004000"])
def test_each_form_of_a_pattern_matches_each_form_of_the_number(pattern: str, called: str) -> None:
    assert table(pattern).lookup(called) == 1


@pytest.mark.parametrize("pattern", ["4000XXXX", "+5064000xxxx", "5064000XXXX", "4000*", "+5064000*"])
@pytest.mark.parametrize("called", ["40001234", "+50640001234", "50640001234"])
def test_so_do_wildcards(pattern: str, called: str) -> None:
    assert table(pattern).lookup(called) == 1
    assert table(pattern).lookup("41001234") is None


@pytest.mark.parametrize(
    ("patterns", "called", "winner"),
    [
        (["8*", "88881234"], "88881234", 2),
        (["8*", "88881234"], "+50688881234", 2),
        (["8*", "88881234"], "88881235", 1),
        (["8*", "888*", "88*"], "88881234", 2),
        (["8XXXXXXX", "88*"], "88881234", 2),
        (["88*", "88XXXXXX"], "88881234", 2),
        (["88XXXX34", "88XXXXX4"], "88881234", 1),
        (["+506*", "8*"], "88881234", 2),
        (["+506*", "8*"], "22223333", 1),
        (["*", "8*"], "1155", 1),
        (["*", "+506*"], "+34912345678", 1),
        (["40XX0*", "40*"], "40120123", 1),
        (["11XX", "1155"], "1155", 2),
        (["11XX", "1155"], "1156", 1),
        (["+34*", "*"], "+34 912 345 678", 1),
        (["+34912345678"], "34912345678", 1),
        (["34912345678"], "+34912345678", 1),
    ],
)
def test_precedence(patterns: list[str], called: str, winner: int) -> None:
    assert table(*patterns).lookup(called) == winner
    shuffled = list(enumerate(patterns, 1))
    for seed in range(5):
        random.Random(seed).shuffle(shuffled)
        claims = [NumberClaim(text, at) for at, text in shuffled]
        assert NumberTable.of(claims).lookup(called) == winner


@pytest.mark.parametrize("called", ["", "hello", "anonymous", "+", "4000400", "400040000", "*98"])
def test_what_nobody_claims(called: str) -> None:
    assert table("40004000", "4000XXXX").lookup(called) is None


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("", "pattern_empty"),
        (" - ", "pattern_empty"),
        ("+", "pattern_empty"),
        ("40a0", "pattern_character"),
        ("4000#", "pattern_character"),
        ("٤٠٠٠", "pattern_character"),
        ("4*0", "pattern_star_not_last"),
        ("4**", "pattern_star_not_last"),
        ("40+00", "pattern_plus_not_first"),
        ("1" * 21, "pattern_too_long"),
    ],
)
def test_malformed(pattern: str, code: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        clean_pattern(pattern)
    assert refused.value.code == code


def test_two_equal_claims_name_the_other_call_center() -> None:
    claims = [NumberClaim("40004000", 1, "Soporte"), NumberClaim("+506 4000 4000", 2, "Ventas")]
    (problem,) = problems_of(claims)
    assert (problem.code, problem.params) == ("pattern_taken", {"value": "+506 4000 4000", "other": "Soporte"})
    assert "already answered by 'Soporte'" in problem.message
    with pytest.raises(InvalidValue, match="Soporte"):
        NumberTable.of(claims)


def test_a_call_center_that_repeats_itself() -> None:
    (problem,) = problems_of([NumberClaim("4000XXXX", 1), NumberClaim("5064000XXXX", 1)])
    assert problem.code == "pattern_repeated"


def test_an_empty_table_answers_nobody() -> None:
    assert NumberTable().lookup("40004000") is None
    assert len(NumberTable()) == 0


PATTERN = st.from_regex(r"[0-9X]{0,9}\*?", fullmatch=True).filter(lambda text: text != "")
CALLED = st.from_regex(r"[0-9]{1,9}", fullmatch=True)


def naive(patterns: list[str], called: str) -> int | None:
    """The rule read aloud, with no numbering plan: exact, longest literal prefix, no star, literals, fewer X, text."""
    matching = [
        (text, at)
        for at, text in enumerate(patterns, 1)
        if re.fullmatch(text.replace("X", "[0-9]").replace("*", "[0-9]*"), called)
    ]
    if not matching:
        return None

    def rank(pair: tuple[str, int]) -> tuple[object, ...]:
        text = pair[0]
        literals = sum(character.isdigit() for character in text)
        prefix = len(re.match("[0-9]*", text)[0])  # type: ignore[index]
        return ("X" in text or "*" in text, -prefix, "*" in text, -literals, text.count("X"), text)

    return min(matching, key=rank)[1]


@given(st.lists(PATTERN, max_size=12, unique=True), CALLED)
def test_the_table_is_the_rule_read_aloud(patterns: list[str], called: str) -> None:
    # "ZZ" has no numbering plan: what is typed is what is meant.
    kept = [text for text in patterns if not problems_of([NumberClaim(text, 1)], "ZZ") and not text.startswith("00")]
    if called.startswith("00"):
        called = "1" + called
    assert table(*kept, region="ZZ").lookup(called) == naive(kept, called)


@given(PATTERN)
def test_canonical_is_its_own_canonical(pattern: str) -> None:
    once = canonical_pattern(pattern)
    assert canonical_pattern(once) == once


def test_a_thousand_numbers_are_asked_quickly() -> None:
    claims = [NumberClaim(f"4{number:07d}", number) for number in range(2_000)]
    claims += [NumberClaim(f"2{number:03d}XXXX", 5_000 + number) for number in range(1_000)]
    big = NumberTable.of(claims)
    assert len(big) == 3_000
    assert big.lookup("+50640001999") == 1_999
    assert big.lookup("29991234") == 5_999
    # Not a clock: what one look-up may touch is a handful of patterns, however many there are.
    assert max(len(patterns) for patterns in big._by_prefix.values()) == 1
    assert len(big._lengths) <= 2
