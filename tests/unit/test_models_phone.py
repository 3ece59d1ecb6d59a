"""Phone numbers: one key for each way to write a number."""

from __future__ import annotations

import random

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values import phone
from models.values.phone import canonical, clean, dialled_forms, display, normalise, region_of


@pytest.mark.parametrize(
    "typed",
    ["40004000", "4000-4000", "4000 4000", "4000/4000", "(4000) 4000", "+50640004000", "+506 4000-4000",
     "0050640004000",     "00 506 4000 4000", "50640004000", "tel:+506-4000-4000", "sip:40004000@10.0.0.1:5060",
     "４０００４０００", "\u202a+506 4000 4000\u202c"],
)  # fmt: skip
def test_one_number_has_one_key(typed: str) -> None:
    assert normalise(typed, "CR") == "+50640004000"


@pytest.mark.parametrize(
    ("typed", "region", "key"),
    [
        ("1155", "CR", "1155"),
        ("8330", "CR", "8330"),
        ("0012", "CR", "0012"),
        ("911", "CR", "911"),
        ("8330101", "CR", "8330101"),
        ("*98", "CR", "*98"),
        ("020 7946 0000", "GB", "+442079460000"),
        ("912 345 678", "ES", "+34912345678"),
        ("+34 912 345 678", "CR", "+34912345678"),
        ("34912345678", "CR", "+34912345678"),
        ("0034912345678", "CR", "+34912345678"),
        ("011 506 4000 4000", "US", "+50640004000"),
        ("2222 3333 ext. 12", "CR", "+50622223333"),
        ("+50612", "CR", "+50612"),
        ("40004000", "ZZ", "40004000"),
    ],
)
def test_keys(typed: str, region: str, key: str) -> None:
    assert normalise(typed, region) == key


@pytest.mark.parametrize(
    "typed",
    [None, "", "   ", "anonymous", "Anonymous", "ANÓNIMO", "unavailable", "Unknown", "restricted", "private", "+", "-",
     "María", "sip:anonymous@anonymous.invalid", "1" * 33, "9" * 500, "#", "**"],
)  # fmt: skip
def test_nobody(typed: str | None) -> None:
    assert normalise(typed, "CR") is None


def test_two_extensions_with_the_same_end_are_two() -> None:
    assert normalise("1000") != normalise("01000")


@given(st.text(max_size=40), st.sampled_from(["CR", "US", "ES", "GB", "MX", "AR", "ZZ"]))
def test_anything_has_a_key_that_is_its_own_key(typed: str, region: str) -> None:
    key = normalise(typed, region)
    assert key is None or (0 < len(key) <= 40 and set(key) <= set("+0123456789*#"))
    assert normalise(key, region) == key


@given(st.from_regex(r"\+?[0-9 ()./-]{1,20}", fullmatch=True), st.sampled_from(["CR", "US", "ES", "GB", "MX"]))
def test_separators_never_matter(typed: str, region: str) -> None:
    assert normalise(typed, region) == normalise(clean(typed), region)


@given(st.integers(10_000_000, 99_999_999))
def test_a_valid_national_number_has_the_key_of_its_forms(number: int) -> None:
    key = normalise(str(number), "CR")
    assert key is not None
    if key.startswith("+506"):
        assert {normalise(form.text, "CR") for form in dialled_forms(str(number), "CR")} == {key}


@pytest.mark.parametrize("called", ["40004000", "+50640004000", "50640004000", "0050640004000"])
def test_every_form_of_a_dialled_number(called: str) -> None:
    assert {form.text for form in dialled_forms(called, "CR")} == {"40004000", "50640004000", "+50640004000"}
    assert {form.text: form.lead for form in dialled_forms(called, "CR")}["40004000"] == 3


def test_what_is_no_number_has_no_forms() -> None:
    assert dialled_forms("", "CR") == ()
    assert dialled_forms("hello", "CR") == ()
    assert [form.text for form in dialled_forms("1155", "CR")] == ["1155"]


def test_canonical_tells_equal_claims_by_length() -> None:
    assert canonical("4000XXXX") == canonical("5064000XXXX") == canonical("+5064000XXXX") == "+5064000XXXX"
    assert canonical("1155") == "1155"


@pytest.mark.parametrize(
    ("number", "region", "shown"),
    [
        ("+50640004000", "CR", "4000 4000"),
        ("+50640004000", "US", "+506 4000 4000"),
        ("1155", "CR", "1155"),
        ("x", "CR", "x"),
    ],
)
def test_shown_as_people_write_it(number: str, region: str, shown: str) -> None:
    assert display(number, region) == shown


def test_an_unknown_region_has_no_plan() -> None:
    assert region_of("ZZ").country_code == ""


def test_the_fast_reading_says_what_the_plan_says() -> None:
    chance = random.Random(14)
    read = 0
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            digits = phonenumbers.national_significant_number(example) if example else "12345678"
            for _ in range(6):
                fast = phone._national_e164(digits, region)
                assert fast is None or fast == phone._e164(digits, region), (digits, region)
                read += fast is not None
                at = chance.randrange(len(digits))
                digits = digits[:at] + str(chance.randrange(10)) + digits[at + 1 :]
    assert read > 3000


@pytest.mark.parametrize("region", ["CR", "MX", "ES", "CO", "US", "PA", "GT", "PE", "CL"])
def test_the_fast_reading_reads_what_people_have(region: str) -> None:
    for kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE):
        example = str(phonenumbers.example_number_for_type(region, kind).national_number)
        assert phone._national_e164(example, region) == phone._e164(example, region) is not None
