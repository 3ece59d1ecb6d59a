"""Money, masks, colours, URLs, errors and the snapshot's look-ups."""

from __future__ import annotations

import ipaddress
import pickle
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values import errors
from models.values.call import CostUnit
from models.values.color import contrast, parse_color, readable_ink
from models.values.errors import MESSAGES, InvalidValue
from models.values.ip import IpMask, IpRules
from models.values.money import CURRENCIES, Rate, cost, from_millionths, minor_units, parse_amount, to_millionths
from models.values.pattern import NumberClaim, NumberTable
from models.values.routing import Account, AgentRoute, CallCenterRoute, RoutingSnapshot
from models.values.url import check_template, fill

D = Decimal


def code_of(function: object, *arguments: object) -> str:
    with pytest.raises(InvalidValue) as refused:
        function(*arguments)  # type: ignore[operator]
    return refused.value.code


class TestMoney:
    @pytest.mark.parametrize(
        ("price", "currency", "unit", "seconds", "charged"),
        [
            ("35", "CRC", "minute", 0, "0.00"),
            ("35", "CRC", "minute", -3, "0.00"),
            ("35", "CRC", "minute", D("0.001"), "35.00"),
            ("35", "CRC", "minute", 60, "35.00"),
            ("35", "CRC", "minute", D("60.001"), "70.00"),
            ("0.005", "CRC", "second", 1, "0.01"),
            ("0.004", "CRC", "second", 1, "0.00"),
            ("0.005", "CRC", "second", 3, "0.02"),
            ("12.5", "CLP", "hour", 3600, "13"),
            ("1.2345", "KWD", "hour", 1, "1.235"),
            ("0.1", "USD", "second", 3, "0.30"),
        ],
    )
    def test_started_units_times_price_rounded_once(
        self, price: str, currency: str, unit: str, seconds: Decimal, charged: str
    ) -> None:
        result = cost(Rate(D(price), currency, CostUnit(unit)), seconds)
        assert (result, str(result)) == (D(charged), charged)

    @given(
        st.decimals(0, 10_000, places=6),
        st.integers(0, 10**9),
        st.sampled_from(list(CostUnit)),
        st.sampled_from(["CRC", "CLP", "KWD", "CLF"]),
    )
    def test_cost_is_exact_to_half_a_minor_unit(self, price: Decimal, ms: int, unit: CostUnit, currency: str) -> None:
        charged = Fraction(cost(Rate(price, currency, unit), Fraction(ms, 1000)))
        units = ms // unit.milliseconds + (ms % unit.milliseconds > 0)
        exact = Fraction(price) * units
        assert abs(charged - exact) <= Fraction(1, 2 * 10 ** minor_units(currency))
        assert (charged * 10 ** minor_units(currency)).denominator == 1

    @given(st.integers(0, 10**15))
    def test_stored_money_comes_back(self, stored: int) -> None:
        assert to_millionths(from_millionths(stored)) == stored

    def test_nothing_is_rounded_away_when_stored(self) -> None:
        assert code_of(to_millionths, D("0.0000001")) == "money_decimals"

    @pytest.mark.parametrize(
        ("typed", "code"),
        [("", "money_invalid"), ("x", "money_invalid"), ("1,000.5", "money_invalid"), ("NaN", "money_invalid"),
         ("Infinity", "money_invalid"), ("-0.01", "money_negative"), ("1e10", "money_too_large"),
         ("0.0000001", "money_decimals"), ("1_000", "money_invalid"), ("١", "money_invalid")],
    )  # fmt: skip
    def test_refused_amounts(self, typed: str, code: str) -> None:
        assert code_of(parse_amount, typed) == code

    def test_amounts(self) -> None:
        assert [parse_amount(text) for text in ("12,5", " 12.50 ", "-0", "0")] == [D("12.5"), D("12.5"), D(0), D(0)]

    def test_currencies(self) -> None:
        assert len(CURRENCIES) > 150
        assert [minor_units(code) for code in ("CRC", "USD", "CLP", "JPY", "KWD", "CLF")] == [2, 2, 0, 0, 3, 4]


class TestIp:
    @pytest.mark.parametrize(
        ("address", "mask", "network"),
        [
            ("10.1.2.3", "255.255.255.255", "10.1.2.3/32"),
            ("10.1.2.3", "", "10.1.2.3/32"),
            ("10.1.2.3", "255.255.255.0", "10.1.2.0/24"),
            ("10.1.2.3", "/8", "10.0.0.0/8"),
            ("10.1.2.3/16", "", "10.1.0.0/16"),
            ("10.1.2.3", "0.0.0.0", "0.0.0.0/0"),
            ("2001:db8::1", "64", "2001:db8::/64"),
            ("2001:db8::1", "ffff:ffff::", "2001:db8::/32"),
            ("[2001:db8::1]", "", "2001:db8::1/128"),
            ("fe80::1%eth0", "", "fe80::1/128"),
            ("::ffff:10.1.2.3", "", "10.1.2.3/32"),
            ("::ffff:10.1.2.3", "255.255.255.0", "10.1.2.0/24"),
            ("::ffff:10.1.2.3", "120", "10.1.2.0/24"),
        ],
    )
    def test_networks(self, address: str, mask: str, network: str) -> None:
        assert str(IpMask.parse(address, mask)) == network

    @pytest.mark.parametrize(
        ("address", "mask", "code"),
        [
            ("10.1.2.3", "255.0.255.0", "ip_mask_holes"),
            ("10.1.2.3", "0.0.0.255", "ip_mask_holes"),
            ("10.1.2.3", "33", "ip_mask_family"),
            ("10.1.2.3", "ffff::", "ip_mask_family"),
            ("2001:db8::1", "255.255.255.0", "ip_mask_family"),
            ("2001:db8::1", "ffff:0:ffff::", "ip_mask_holes"),
            ("10.1.2.3", "x", "ip_mask_invalid"),
            ("10.1.2.3", "-1", "ip_mask_invalid"),
            ("10.1.2.3/", "", "ip_mask_invalid"),
            ("10.1.2", "24", "ip_address_invalid"),
            ("010.1.2.3", "", "ip_address_invalid"),
            ("", "", "ip_address_invalid"),
            ("host.example", "", "ip_address_invalid"),
        ],
    )
    def test_refused(self, address: str, mask: str, code: str) -> None:
        assert code_of(IpMask.parse, address, mask) == code

    @given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
    def test_a_mask_is_taken_just_when_its_ones_come_first(self, address: int, bits: int) -> None:
        text = f"{bits:032b}"
        mask = str(ipaddress.IPv4Address(bits))
        if "01" in text:
            assert code_of(IpMask.parse, "10.0.0.1", mask) == "ip_mask_holes"
        else:
            parsed = IpMask.parse(str(ipaddress.IPv4Address(address)), mask)
            assert parsed.network.prefixlen == text.count("1")
            assert parsed.allows(ipaddress.IPv4Address(address))

    @given(st.ip_addresses(), st.integers(0, 32))
    def test_a_network_holds_what_it_was_made_of(self, address: ipaddress.IPv4Address, length: int) -> None:
        rules = IpRules((IpMask.parse(str(address), str(length)),))
        assert rules.allows(str(address))
        again = IpMask.parse(rules.masks[0].address, rules.masks[0].mask)
        assert again == rules.masks[0]

    def test_no_rows_and_mask_zero_are_everybody(self) -> None:
        for rules in (IpRules(), IpRules((IpMask.parse("10.0.0.1", "0.0.0.0"),))):
            assert rules.is_open
            assert all(rules.allows(who) for who in ("1.2.3.4", "2001:db8::1", None, "nonsense"))
            assert rules.for_asterisk() == ("0.0.0.0/0", "::/0")

    def test_a_list_lets_in_what_it_names_and_fails_closed(self) -> None:
        rules = IpRules((IpMask.parse("10.0.0.0", "8"), IpMask.parse("2001:db8::", "32")))
        assert all(rules.allows(who) for who in ("10.1.1.1", "::ffff:10.1.1.1", "2001:db8::5", "[2001:db8::5%eth0]"))
        assert not any(
            rules.allows(who) for who in ("11.1.1.1", "2001:db9::5", "", None, "10.1.1", "10.1.1.1, 11.1.1.1")
        )
        assert rules.for_asterisk() == ("10.0.0.0/8", "2001:db8::/32")


class TestColor:
    def test_read(self) -> None:
        assert [parse_color(text) for text in ("#1F6FEB", " #abc ")] == ["#1f6feb", "#aabbcc"]

    @pytest.mark.parametrize("typed", ["", "red", "#12", "#1234567", "1f6feb", "#1f6feg", "#1f6feb;}", "#１２３４５６"])
    def test_refused(self, typed: str) -> None:
        assert code_of(parse_color, typed) == "color_invalid"

    def test_contrast_is_wcags(self) -> None:
        assert contrast("#ffffff", "#000000") == pytest.approx(21)
        assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)
        assert (readable_ink("#ffff00"), readable_ink("#0000ff")) == ("#000000", "#ffffff")

    @given(st.integers(0, 2**24 - 1))
    def test_ink_reads_on_every_colour(self, color: int) -> None:
        assert contrast(f"#{color:06x}", readable_ink(f"#{color:06x}")) >= 4.5


class TestUrl:
    def test_values_are_encoded(self) -> None:
        template = "https://crm.example/{Cédula}?tel={caller}&id={contact_id}#{agent}"
        assert check_template(template, ["Cédula"]) == template
        filled = fill(template, {"caller": "+506 &x=1", "Cédula": "../a/ñ", "contact_id": "7"})
        assert filled == "https://crm.example/..%2Fa%2F%C3%B1?tel=%2B506%20%26x%3D1&id=7#"

    @pytest.mark.parametrize(
        ("template", "code"),
        [
            ("javascript:alert(1)", "url_scheme"),
            ("JAVASCRIPT:alert(1)", "url_scheme"),
            ("data:text/html,x", "url_scheme"),
            ("ftp://a/", "url_scheme"),
            ("{caller}://a/", "url_scheme"),
            ("java\tscript:alert(1)", "url_character"),
            ("https://a b/", "url_character"),
            ('https://a/"onclick', "url_character"),
            ("https://user:pass@a/", "url_credentials"),
            ("https://user@a/", "url_credentials"),
            ("https://{caller}/", "url_host"),
            ("https://a{caller}.example", "url_host"),
            ("https:///x", "url_host"),
            ("https:a", "url_host"),
            ("https://a:0/", "url_host"),
            ("https://a:99999/", "url_invalid"),
            ("nothing", "url_invalid"),
            ("//a/b", "url_invalid"),
            ("https://a/{nobody}", "url_placeholder_unknown"),
            ("https://a/{}", "url_placeholder_unknown"),
            ("https://a/{caller", "url_braces"),
            ("https://a/caller}", "url_braces"),
            ("https://a/{{caller}}", "url_braces"),
            ("https://a\\@b/", "url_character"),
            ("https://a/" + "x" * 1000, "too_long"),
        ],
    )
    def test_refused(self, template: str, code: str) -> None:
        assert code_of(check_template, template) == code

    @given(st.dictionaries(st.sampled_from(["caller", "called", "call_id", "contact_id", "agent"]), st.text()))
    def test_no_value_leaves_its_place(self, values: dict[str, str]) -> None:
        from urllib.parse import unquote, urlsplit

        kept = {name: value.encode("utf-8", "ignore").decode() for name, value in values.items()}
        filled = urlsplit(fill("https://crm.example:8443/a/{caller}/{called}?c={call_id}&d={contact_id}#{agent}", kept))
        assert (filled.scheme, filled.netloc) == ("https", "crm.example:8443")
        assert filled.path.count("/") == 3
        assert [unquote(part) for part in filled.path.split("/")[2:]] == [
            kept.get("caller", ""),
            kept.get("called", ""),
        ]
        assert filled.query.count("&") == 1
        assert filled.query.count("=") == 2


class TestErrors:
    def test_every_message_can_be_made(self) -> None:
        from string import Formatter

        for code, message in MESSAGES.items():
            names = {name for _, name, _, _ in Formatter().parse(message) if name}
            text = InvalidValue(code, **dict.fromkeys(names, "x")).message
            assert text
            assert text.endswith(".")

    def test_it_is_a_value(self) -> None:
        one = InvalidValue("too_long", maximum=3, length=5)
        assert one == InvalidValue("too_long", maximum=3, length=5) != InvalidValue("too_long", maximum=4, length=5)
        assert pickle.loads(pickle.dumps(one)) == one
        assert isinstance(one, ValueError)
        assert "at most 3" in str(one).lower()

    def test_every_code_that_is_raised_is_known(self) -> None:
        import re
        from pathlib import Path

        models = Path(errors.__file__).parents[1]
        raised = {
            code
            for folder in (models, models.parent / "admin")
            for path in folder.rglob("*.py")
            for code in re.findall(r'(?:InvalidValue\(|BadFile\(|give_up\(load, )\s*"(\w+)"', path.read_text("utf-8"))
        }
        assert raised == set(MESSAGES)


class TestSnapshot:
    RATE = Rate(D(1), "CRC", CostUnit.MINUTE)

    def test_look_ups(self) -> None:
        one = CallCenterRoute(1, "Uno", "#000000", self.RATE, agents=(7, 8))
        two = CallCenterRoute(2, "Dos", "#000000", self.RATE, agents=(8,))
        agents = {7: AgentRoute(7, "A", "8330101"), 8: AgentRoute(8, "B", "8330102", active=False)}
        numbers = NumberTable.of([NumberClaim("40004000", 1), NumberClaim("8*", 2), NumberClaim("9*", 3)])
        snapshot = RoutingSnapshot(3, Account("x"), {1: one, 2: two}, agents, numbers)
        assert snapshot.resolve("50640004000") is one
        assert snapshot.resolve("88887777") is two
        assert snapshot.resolve("99990000") is None  # a claim of a call center that is not in it
        assert snapshot.resolve("") is None
        assert snapshot.call_centers_of(8) == (one, two)
        assert snapshot.call_centers_of(99) == ()
        assert snapshot.agent_at("8330101") is agents[7]
        assert snapshot.agent_at("8330102") is None

    def test_it_cannot_be_changed(self) -> None:
        snapshot = RoutingSnapshot(1, Account("x"))
        with pytest.raises(AttributeError):
            snapshot.generation = 2  # type: ignore[misc]
        with pytest.raises(TypeError):
            NumberTable.of([NumberClaim("1155", 1)])._exact["1155"] = 2  # type: ignore[index]
