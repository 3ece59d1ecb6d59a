"""Prices and the cost of a call, in decimal arithmetic.

Owns: the rate and its one rounding. Must not: format for a screen or know who pays.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from fractions import Fraction
from typing import Final

from models.values.call import CostUnit
from models.values.errors import InvalidValue

# ISO 4217 active codes, and the minor units of those that have not 2.
_CODES: Final = frozenset(
    """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD
    HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON
    RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX
    USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
    """.split()  # noqa: SIM905
)
_MINOR_UNITS: Final = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),  # noqa: SIM905
    **dict.fromkeys("CLF UYW".split(), 4),  # noqa: SIM905
}
CURRENCIES: Final[tuple[str, ...]] = tuple(sorted(_CODES))
MILLION: Final = 1_000_000
MAX_PRICE: Final = Decimal(1_000_000_000)
PRICE_DECIMALS: Final = 6


def check_currency(code: str) -> str:
    """The code in capitals. Raises InvalidValue(currency_unknown)."""
    upper = code.strip().upper()
    if upper not in _CODES:
        raise InvalidValue("currency_unknown", value=code)
    return upper


def minor_units(currency: str) -> int:
    """Decimals of a currency (ISO 4217): CRC 2, CLP 0, KWD 3."""
    return _MINOR_UNITS.get(currency, 2)


def parse_amount(text: str | Decimal | int) -> Decimal:
    """A price of at most six decimals, `.` or a single `,` as decimal mark. Raises InvalidValue(money_*)."""
    shown = str(text).strip()
    plain = shown.replace(",", ".") if shown.count(",") == 1 and "." not in shown else shown
    try:
        if not plain.isascii() or "_" in plain:
            raise InvalidOperation
        amount = Decimal(plain)
    except InvalidOperation:
        raise InvalidValue("money_invalid", value=shown) from None
    if not amount.is_finite():
        raise InvalidValue("money_invalid", value=shown)
    if amount < 0:
        raise InvalidValue("money_negative")
    if amount > MAX_PRICE:
        raise InvalidValue("money_too_large", maximum=str(MAX_PRICE))
    if amount != amount.quantize(Decimal(1).scaleb(-PRICE_DECIMALS)):
        raise InvalidValue("money_decimals", maximum=PRICE_DECIMALS)
    return abs(amount)  # no negative zero


def to_millionths(amount: Decimal) -> int:
    """As stored. Raises InvalidValue(money_decimals) rather than round money away."""
    scaled = amount * MILLION
    if scaled != scaled.to_integral_value():
        raise InvalidValue("money_decimals", maximum=PRICE_DECIMALS)
    return int(scaled)


def from_millionths(stored: int) -> Decimal:
    return Decimal(stored).scaleb(-6).normalize() + Decimal(0)


@dataclass(frozen=True, slots=True)
class Rate:
    """A price per started unit of talk time. Copied to each call, so that later changes rewrite nothing."""

    price: Decimal
    currency: str
    unit: CostUnit


FREE: Final = Rate(Decimal(0), "CRC", CostUnit.MINUTE)


def cost(rate: Rate, talk_seconds: int | float | Decimal | Fraction) -> Decimal:
    """Started units of talk time x price, rounded once, half up, to the currency's decimals. No talk costs nothing."""
    if talk_seconds <= 0:
        units = 0
    else:
        milliseconds = Fraction(talk_seconds) * 1000
        units = -(-milliseconds // rate.unit.milliseconds)
    with localcontext(prec=40):
        exact = rate.price * units
        return exact.quantize(Decimal(1).scaleb(-minor_units(rate.currency)), rounding=ROUND_HALF_UP)
