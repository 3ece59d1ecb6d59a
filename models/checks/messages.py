"""Checks of SMS: providers, templates, numbers that want none, and what somebody is about to send."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from models.checks.base import Check, Checked, clean_text
from models.checks.contacts import account_region
from models.tables import SmsOptOut, SmsProvider, SmsProviderNumber, SmsTemplate
from models.values.errors import InvalidValue
from models.values.ip import Network
from models.values.phone import normalise
from models.values.sms import MOST_CHARACTERS, MOST_PARTS, segments
from models.values.sms_words import check_template
from models.values.webhook import check_url

MAX_PROVIDERS: Final = 20
MAX_NUMBERS: Final = 200


def check_sms_provider(data: Mapping[str, Any], row: SmsProvider | None, networks: Iterable[Network]) -> Checked:
    """`numbers` (texts) become pairs of what was typed and its key."""
    check = Check(SmsProvider, data, row)
    check.name()
    check.parsed("url", lambda text: check_url(text, networks), required=True)
    check.flag("active")
    check.step("numbers", lambda: _numbers(data.get("numbers") or (), row))
    if row is None and SmsProvider.select().count() >= MAX_PROVIDERS:
        check.refuse("name", InvalidValue("too_many", maximum=MAX_PROVIDERS))
    return check.result


def _numbers(typed: Iterable[str], row: SmsProvider | None) -> list[tuple[str, str]]:
    region = account_region()
    found: dict[str, str] = {}
    for one in typed:
        text = clean_text(one, 40)
        key = normalise(text, region)
        if key is None:
            raise InvalidValue("phone_invalid", value=text)
        found.setdefault(key, text)
    if not found:
        raise InvalidValue("required")
    if len(found) > MAX_NUMBERS:
        raise InvalidValue("too_many", maximum=MAX_NUMBERS)
    taken: Any = SmsProviderNumber.select().where(SmsProviderNumber.number_key.in_(list(found)))
    for other in taken:
        if row is None or other.provider_id != row.id:
            raise InvalidValue("pattern_taken", value=found[other.number_key], other=str(other.provider.name))
    return [(text, key) for key, text in found.items()]


def check_sms_template(data: Mapping[str, Any], row: SmsTemplate | None = None) -> Checked:
    check = Check(SmsTemplate, data, row)
    check.name()
    text = check.text("text", required=True, lines=True)
    if text:
        check.step("text", lambda: check_template(fits(text)))
    check.flag("active")
    return check.result


def check_sms_opt_out(data: Mapping[str, Any], row: SmsOptOut | None = None) -> Checked:
    """`number` becomes its key."""
    check = Check(SmsOptOut, data, row)
    check.text("note")
    typed = check.text("number", required=True)
    if typed:
        check.step("number", lambda: _key(typed))
    return check.result


def _key(typed: str) -> str:
    key = normalise(typed, account_region())
    if key is None:
        raise InvalidValue("phone_invalid", value=typed[:40])
    return key


def check_sms_text(typed: Any) -> str:
    """What may be sent as one message. Raises InvalidValue."""
    return fits(clean_text(typed, MOST_CHARACTERS, required=True, lines=True))


def fits(text: str) -> str:
    count = segments(text).count
    if count > MOST_PARTS:
        raise InvalidValue("too_many_parts", maximum=MOST_PARTS, count=count)
    return text
