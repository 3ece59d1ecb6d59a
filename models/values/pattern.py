"""Number patterns: which call center answers which dialled number.

Owns: validation, the rule of precedence, an immutable look-up table. Must not: read tables or know agents.

A pattern is digits with an optional leading +, `X` for any one digit and a last `*` for any rest. Exact beats pattern;
then the longest literal prefix, counted as in E.164 so that `8*` and `+5068*` weigh the same; then no `*`; then more
literal digits; then fewer X; then the text itself, so that the answer never depends on the order of rows.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from models.values.errors import InvalidValue
from models.values.phone import DEFAULT_REGION, canonical, dialled_forms, normalise

MAX_PATTERN: Final = 20
_IGNORED: Final = str.maketrans("", "", " \t\u00a0-./()")
_SHAPE: Final = re.compile(r"\+?[0-9X]*\*?")


def clean_pattern(text: str) -> str:
    """The pattern without separators, `x` as `X`, a leading 00 as +. Raises InvalidValue(pattern_*)."""
    shown = text.strip()
    pattern = shown.translate(_IGNORED).replace("x", "X")
    if not pattern or pattern == "+":
        raise InvalidValue("pattern_empty")
    if not _SHAPE.fullmatch(pattern):
        raise _misshapen(pattern, shown)
    if pattern.startswith("00") and len(pattern) > 7:
        pattern = "+" + pattern[2:]
    if len(pattern.strip("+*")) > MAX_PATTERN:
        raise InvalidValue("pattern_too_long", value=shown, maximum=MAX_PATTERN)
    return pattern


def _misshapen(pattern: str, shown: str) -> InvalidValue:
    """Why a pattern is not one."""
    for position, character in enumerate(pattern):
        if character == "*":
            if position != len(pattern) - 1:
                return InvalidValue("pattern_star_not_last", value=shown)
        elif character == "+":
            if position != 0:
                return InvalidValue("pattern_plus_not_first", value=shown)
        elif character not in "0123456789X":
            return InvalidValue("pattern_character", value=shown, character=character)
    raise AssertionError(f"{pattern!r} is a pattern")


@lru_cache(maxsize=65_536)
def canonical_pattern(text: str, region: str = DEFAULT_REGION) -> str:
    """What two equal claims have in common: 40004000, +50640004000 and 50640004000 give one answer.

    Raises InvalidValue(pattern_*). A pattern that ends in * keeps its own text: its length is not known.
    """
    pattern = clean_pattern(text)
    if pattern.endswith("*"):
        return pattern
    text = canonical(pattern, region)
    if not text.startswith("+") and "X" not in text and len(text) >= 9:
        # A trunk prefix, or another country's number without its +: only the numbering plan knows.
        return normalise(text, region) or text
    return text


@dataclass(frozen=True, slots=True)
class NumberClaim:
    """A call center's claim to a pattern, as an administrator typed it."""

    pattern: str
    call_center_id: int
    call_center_name: str = ""


@dataclass(frozen=True, slots=True)
class _Pattern:
    text: str
    prefix: str
    tail: str  # what follows the prefix, without the *
    star: bool
    call_center_id: int

    def matches(self, number: str) -> bool:
        rest = number[len(self.prefix) :]
        if len(rest) < len(self.tail) or (not self.star and len(rest) != len(self.tail)):
            return False
        return all(want in ("X", have) for want, have in zip(self.tail, rest, strict=False)) and "+" not in rest

    def rank(self, lead: int) -> tuple[int, bool, int, int, str]:
        literals = sum(character.isdigit() for character in self.prefix + self.tail)
        prefix_digits = len(self.prefix.lstrip("+")) + lead
        return (-prefix_digits, self.star, -(literals + lead), self.tail.count("X"), self.text)


def _compile(text: str, call_center_id: int) -> _Pattern:
    star = text.endswith("*")
    body = text.removesuffix("*")
    at = body.find("X")
    prefix = body if at < 0 else body[:at]
    return _Pattern(text, prefix, body[len(prefix) :], star, call_center_id)


@dataclass(frozen=True, slots=True)
class NumberTable:
    """Who answers which number: immutable, built once per snapshot, asked on every INVITE."""

    region: str = DEFAULT_REGION
    _exact: Mapping[str, int] = field(default_factory=dict)
    # literal prefix -> its patterns; `_lengths` says which prefix lengths exist, longest first.
    _by_prefix: Mapping[str, tuple[_Pattern, ...]] = field(default_factory=dict)
    _lengths: tuple[int, ...] = ()

    @classmethod
    def of(cls, claims: Iterable[NumberClaim], region: str = DEFAULT_REGION) -> "NumberTable":
        """Builds the table. Raises InvalidValue for the first malformed pattern or doubled claim."""
        table, problems = cls.read(claims, region)
        for problem in problems:
            raise problem
        return table

    @classmethod
    def read(
        cls, claims: Iterable[NumberClaim], region: str = DEFAULT_REGION
    ) -> tuple["NumberTable", list[InvalidValue]]:
        """The table of the good claims, and the problems of the others: malformed, or doubled (the first one stays),
        the latter naming the call center that has it."""
        problems: list[InvalidValue] = []
        seen: dict[str, NumberClaim] = {}
        for claim in claims:
            try:
                text = canonical_pattern(claim.pattern, region)
            except InvalidValue as problem:
                problems.append(problem)
                continue
            other = seen.setdefault(text, claim)
            if other is not claim:
                problems.append(_doubled(claim, other))
        exact: dict[str, int] = {}
        by_prefix: dict[str, list[_Pattern]] = {}
        for text, claim in seen.items():
            if text.endswith("*") or "X" in text:
                compiled = _compile(text, claim.call_center_id)
                by_prefix.setdefault(compiled.prefix, []).append(compiled)
            else:
                exact[text] = claim.call_center_id
        table = cls(
            region,
            MappingProxyType(exact),
            MappingProxyType({prefix: tuple(patterns) for prefix, patterns in by_prefix.items()}),
            tuple(sorted({len(prefix) for prefix in by_prefix}, reverse=True)),
        )
        return table, problems

    def __len__(self) -> int:
        return len(self._exact) + sum(len(patterns) for patterns in self._by_prefix.values())

    def lookup(self, called: str) -> int | None:
        """The id of the call center that answers `called`, in whatever form the trunk dialled it."""
        forms = dialled_forms(called, self.region)
        for form in forms:
            found = self._exact.get(form.text)
            if found is not None:
                return found
        best: tuple[int, bool, int, int, str] | None = None
        answer: int | None = None
        for form in forms:
            for length in self._lengths:
                if length > len(form.text):
                    continue
                for pattern in self._by_prefix.get(form.text[:length], ()):
                    if pattern.matches(form.text):
                        rank = pattern.rank(form.lead)
                        if best is None or rank < best:
                            best, answer = rank, pattern.call_center_id
        return answer


def _doubled(claim: NumberClaim, other: NumberClaim) -> InvalidValue:
    if other.call_center_id == claim.call_center_id:
        return InvalidValue("pattern_repeated", value=claim.pattern, other=other.pattern)
    return InvalidValue("pattern_taken", value=claim.pattern, other=other.call_center_name or str(other.call_center_id))


def problems_of(claims: Iterable[NumberClaim], region: str = DEFAULT_REGION) -> list[InvalidValue]:
    """Every malformed pattern and every doubled claim, the latter naming the call center that has it."""
    return NumberTable.read(claims, region)[1]
