"""Our `replace` beside that of dataclasses: the same values, the same refusals."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest

from models.values.replacing import replace


@dataclass(frozen=True, slots=True)
class Base:
    one: int
    two: str = "b"


@dataclass(frozen=True, slots=True)
class Derived(Base):
    three: tuple[int, ...] = ()


@dataclass(frozen=True)
class WithoutSlots:
    one: int


@dataclass(frozen=True, slots=True)
class Checked:
    one: int

    def __post_init__(self) -> None:
        if self.one < 0:
            raise ValueError("negative")


@dataclass(frozen=True, slots=True)
class Counting:
    one: int
    made: list[int] = field(default_factory=list, init=False)


@pytest.mark.parametrize(
    ("value", "changes"),
    [
        (Base(1), {}),
        (Base(1), {"two": "c"}),
        (Derived(1, "x", (1,)), {"one": 5, "three": (2, 3)}),
        (WithoutSlots(1), {"one": 2}),
        (Checked(1), {"one": 2}),
        (Counting(1), {"one": 2}),
    ],
)
def test_it_is_what_dataclasses_makes(value: Any, changes: dict[str, Any]) -> None:
    before = repr(value)
    made = replace(value, **changes)
    assert made == dataclasses.replace(value, **changes)
    assert type(made) is type(value)
    assert made is not value
    assert repr(value) == before
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.one = 9


@pytest.mark.parametrize("value", [Base(1), Derived(1), WithoutSlots(1), Checked(1)])
def test_an_unknown_field_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        replace(value, four=4)


def test_a_class_with_checks_of_its_own_is_checked() -> None:
    with pytest.raises(ValueError, match="negative"):
        replace(Checked(1), one=-1)
