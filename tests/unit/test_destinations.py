"""What is dialled, and where it may go."""

from __future__ import annotations

import pytest

from models.values.destination import DefaultRule, DestinationRule, DestinationRules, read_destination
from models.values.trunk import NumberForm, TrunkPlan


@pytest.mark.parametrize(
    ("dialled", "region", "key", "country"),
    [
        ("8888-7777", "CR", "+50688887777", "CR"),
        ("0015105550123", "CR", "+15105550123", "US"),
        ("+44 20 7946 0000", "CR", "+442079460000", "GB"),
        ("1193", "CR", "1193", "CR"),
        ("99999999999", "CR", "99999999999", ""),
    ],
)
def test_a_number_is_read(dialled: str, region: str, key: str, country: str) -> None:
    destination = read_destination(dialled, region)
    assert destination is not None
    assert (destination.key, destination.country, destination.emergency) == (key, country, False)


@pytest.mark.parametrize(("number", "region"), [("911", "CR"), ("112", "ES"), ("911", "MX"), ("9-1-1", "US")])
def test_emergency_numbers_pass_every_rule(number: str, region: str) -> None:
    rules, problems = DestinationRules.of([DestinationRule(1, "9*", False), DestinationRule(2, "1*", False)],
                                          DefaultRule.NOTHING, region)  # fmt: skip
    assert problems == []
    destination = read_destination(number, region)
    assert destination is not None
    assert destination.emergency
    assert rules.allows(1, destination)


@pytest.mark.parametrize("text", ["", "hola", "*70", "#", "anonymous"])
def test_what_is_no_number(text: str) -> None:
    assert read_destination(text, "CR") is None


PREMIUM, ABROAD, HOME, SATELLITE = "9001234567", "+442079460000", "88887777", "+8816123456789"


@pytest.mark.parametrize(
    ("default", "allowed"),
    [
        (DefaultRule.EVERYTHING, {PREMIUM, ABROAD, HOME, SATELLITE}),
        (DefaultRule.ABROAD, {ABROAD, HOME}),
        (DefaultRule.NATIONAL, {HOME}),
        (DefaultRule.NOTHING, set()),
    ],
)
def test_the_default(default: DefaultRule, allowed: set[str]) -> None:
    rules, _ = DestinationRules.of([], default, "CR")
    told = {number: read_destination(number, "CR") for number in (PREMIUM, ABROAD, HOME, SATELLITE)}
    assert {number for number, to in told.items() if to is not None and rules.allows(1, to)} == allowed


def test_an_agents_rule_comes_before_the_accounts_and_the_better_pattern_before_the_other() -> None:
    rules, problems = DestinationRules.of(
        [
            DestinationRule(1, "8*", False),
            DestinationRule(2, "88887777", True),
            DestinationRule(3, "+44*", True, agent=7),
            DestinationRule(4, "88887777", False, agent=8),
        ],
        DefaultRule.NATIONAL,
        "CR",
    )
    assert problems == []

    def allows(agent: int, number: str) -> bool:
        destination = read_destination(number, "CR")
        assert destination is not None
        return rules.allows(agent, destination)

    assert not allows(1, "88886666")
    assert allows(1, "88887777")
    assert not allows(8, "+506 8888 7777")
    assert allows(7, ABROAD)
    assert not allows(1, ABROAD)
    assert allows(1, "22223333")


@pytest.mark.parametrize(
    ("plan", "home", "abroad"),
    [
        (TrunkPlan(), "+50688887777@trunk", "+442079460000@trunk"),
        (TrunkPlan(form=NumberForm.PLAIN, prefix="9"), "950688887777@trunk", "9442079460000@trunk"),
        (TrunkPlan(form=NumberForm.NATIONAL), "88887777@trunk", "00442079460000@trunk"),
    ],
)
def test_the_trunk_gets_the_form_it_wants(plan: TrunkPlan, home: str, abroad: str) -> None:
    for number, wanted in ((HOME, home), (ABROAD, abroad), ("911", f"{plan.prefix}911@trunk")):
        destination = read_destination(number, "CR")
        assert destination is not None
        assert plan.outside(destination, "CR").endpoint == wanted


def test_whose_number_is_shown() -> None:
    destination = read_destination(HOME, "CR")
    assert destination is not None
    plan = TrunkPlan(caller_id="22220000")
    assert plan.outside(destination, "CR").caller_id == "22220000"
    assert plan.outside(destination, "CR", "40001000").caller_id == "40001000"


@pytest.mark.parametrize("number", ["+442", "+4", "+44"])
def test_a_countrys_code_and_next_to_nothing_is_no_number(number: str) -> None:
    assert read_destination(number, "CR") is None
